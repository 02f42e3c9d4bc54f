"""A person's exports: the accounts one has, and nothing else of what is in them."""
import json

from .conftest import places, providers

BOOKMARKS = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<DL><p>
<DT><A HREF="https://www.unknown-forum.fr/thread/1" ADD_DATE="1">A thread</A>
<DT><A HREF="https://unknown-forum.fr/thread/2">Another</A>
<DT><A HREF="http://192.168.1.1/">router</A>
<DT><A HREF="https://mail.google.com/mail/u/0">mail</A>
"""
PASSWORDS = '''name,url,username,password,note
Forum,https://www.unknown-forum.fr/login,anna@bakery.fr,hunter2hunter2,"two
lines, ""quoted"""
Router,http://192.168.1.1,admin,secretsecret,
Shop,https://unknown-shop.de,anna,topsecret123,see https://not-an-account.io
'''
MBOX = """From MAILER Thu Jan  1 00:00:00 2026
From: Shop <orders@mail.unknown-shop.de>
To: anna@bakery.fr
Subject: From: a@not-a-sender.io

From: body@not-in-the-head.io
>From quoted

From x Thu Jan  1 00:00:00 2026
from: "A, B" <again@unknown-shop.de>

text
"""


def test_bookmarks_name_a_site_once(audit):
    findings = audit({"bookmarks.html": BOOKMARKS})
    assert places(findings, "unknown-forum.fr") == {("bookmarks.html", 3)}
    assert "google" in providers(findings) and len(findings) == 2
    assert all(finding["evidence"] == "observed" for finding in findings)


def test_bookmarks_of_chromium_are_read(audit):
    tree = {"roots": {"bookmark_bar": {"children": [{"type": "url", "url": "https://unknown-forum.fr/"}]}}}
    assert providers(audit({"Bookmarks": json.dumps(tree)})) == {"unknown-forum.fr"}


def test_of_passwords_only_addresses_are_read_and_shown(audited):
    result = audited({"export.csv": PASSWORDS})
    findings = result["findings"]
    assert places(findings, "unknown-forum.fr") == {("export.csv", 2)}
    assert places(findings, "unknown-shop.de") == {("export.csv", 5)}
    assert len(findings) == 2
    text = json.dumps(result)
    for secret in ("hunter2", "secretsecret", "topsecret", "anna", "not-an-account"):
        assert secret not in text


def test_a_table_without_passwords_is_no_export(audit):
    assert not audit({"sales.csv": "url,amount\nhttps://unknown-shop.de,3\n"})


def test_senders_are_read_from_heads_alone(audited):
    result = audited({"inbox.mbox": MBOX})
    assert places(result["findings"], "unknown-shop.de") == {("inbox.mbox", 2)}
    assert len(result["findings"]) == 1
    assert "orders@" not in json.dumps(result) and "anna" not in json.dumps(result)
