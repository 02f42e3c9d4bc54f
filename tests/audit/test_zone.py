"""Zone files: who takes a zone's mail, answers for its names, issues its certificates."""
import pytest

from .conftest import places, providers

ZONE = """\
$ORIGIN bakery.fr.
$TTL 3600
@ IN SOA ns1.bakery.fr. hostmaster.bakery.fr. ( 2026010101 ; serial
      7200 3600
      1209600 3600 )
  IN NS dns1.unknown-dns.net. ; NS other.commented.net.
  IN MX 10 mail.bakery.fr.
www IN CNAME shop.unknown-host.com.
; old IN CNAME shop.commented.com.
"""


def test_hosts_of_records_are_found_with_their_lines(audit):
    findings = audit({"db.bakery.fr": ZONE})
    assert places(findings, "unknown-dns.net") == {("db.bakery.fr", 6)}
    assert places(findings, "unknown-host.com") == {("db.bakery.fr", 8)}
    assert all(finding["evidence"] == "configured" for finding in findings)


def test_the_zone_itself_and_comments_are_nobody(audit):
    assert providers(audit({"db.bakery.fr": ZONE})) == {"unknown-dns.net", "unknown-host.com"}


def mailboxes(findings):
    return {finding["provider_id"] for finding in findings if finding["category"] == "mailbox"}


@pytest.mark.parametrize("records, expected", [
    ("@ IN MX 1 aspmx.l.google.com.", {"google"}),
    ("bakery.fr. 300 IN MX 10 bakery-fr.mail.protection.outlook.com.", {"microsoft"}),
    # A gateway: what else the zone shows decides.
    ('@ MX 10 mxa-001.gslb.pphosted.com.\n@ TXT "v=spf1 include:spf.protection.outlook.com -all"', {"microsoft"}),
    ("@ MX 10 mxa-001.gslb.pphosted.com.\nautodiscover CNAME autodiscover.outlook.com.", {"microsoft"}),
    # An unknown host: the same.
    ('@ MX 10 mail\n@ TXT "v=spf1 include:_spf.google.com ~all"', {"google"}),
    ("@ MX 10 mail\n@ TXT \"v=spf1 ip4:203.0.113.7 -all\"", set()),
    # What signs says more than who may send, and that more than who proved to own the name.
    ('@ MX 10 mail\n@ TXT "v=spf1 include:_spf.google.com ~all"\n'
     "selector1._domainkey CNAME selector1-bakery-fr._domainkey.bakery.onmicrosoft.com.", {"microsoft"}),
    ('@ MX 10 mail\n@ TXT "MS=ms12345678"\n@ TXT "v=spf1 include:_spf.google.com ~all"', {"google"}),
    # Who may send is not the mailbox, and no mailbox where no mail is taken.
    ('@ MX 1 aspmx.l.google.com.\n@ TXT "v=spf1 include:spf.protection.outlook.com -all"', {"google"}),
    ('@ MX 10 mail\n@ TXT "v=spf1 include:sendgrid.net -all"', set()),
    ('@ MX 0 .\n@ TXT "v=spf1 include:_spf.google.com -all"', set()),
    ('@ TXT "v=spf1 include:_spf.google.com -all"', set()),
    # Texts in pieces, times and classes in either order.
    ('@ MX 10 mail\n@ 3600 IN TXT ( "v=spf1 include:_spf"\n ".google.com ~all" )', {"google"}),
    ("@ IN 300 MX 1 ASPMX.L.GOOGLE.COM.", {"google"}),
    ("bakery.fr MX 1 aspmx.l.google.com", {"google"}),
])
def test_the_mailbox_is_whose_the_mail_is(audit, records, expected):
    assert mailboxes(audit({"bakery.fr.zone": records + "\n"})) == expected


def test_a_senders_zone_is_a_sender(audit):
    findings = audit({"bakery.fr.zone": '@ MX 10 mail\n@ TXT "v=spf1 include:sendgrid.net -all"\n'})
    assert {(finding["provider_id"], finding["category"]) for finding in findings} == {("sendgrid", "mail-sending")}


@pytest.mark.parametrize("name", ["bakery.fr", "dns/bakery.fr", "db.bakery.fr", "bakery.fr.txt", "zones/bakery.sh"])
def test_a_zone_is_known_by_its_content_whatever_its_files_name(audit, name):
    assert mailboxes(audit({name: "@ IN MX 1 aspmx.l.google.com.\n"})) == {"google"}


def test_a_text_that_is_no_zone_is_not_read_as_one(audit):
    assert not audit({"notes.txt": "Send MX 10 to mail.unknown-host.com\nand NS too\n",
                      "robots.txt": "User-agent: *\n"})
