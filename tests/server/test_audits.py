"""Folders that a server audits for its page: read behind the sandbox, again when they change, for administrators."""
import json
import time

import pytest

API = "/api/bastide/v1/audits"
ZONE = "$ORIGIN shop.example.\n@ IN MX 10 aspmx.l.google.com.\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("shop")
    (made / "zone.db").write_text(ZONE)
    return made


@pytest.fixture(scope="module")
def server(serve, smollm2, folder):
    return serve(smollm2, "--audit", folder)


def wait_for(server, good, timeout=30):
    """The first folder, as soon as it is as wanted."""
    deadline = time.monotonic() + timeout
    while True:
        first = server.get(API).json["folders"][0]
        if good(first):
            return first
        assert time.monotonic() < deadline, first
        time.sleep(0.1)


def result(server):
    wait_for(server, lambda one: one["state"] == "done")
    return server.get(f"{API}/0").json


def keep(server, doing, kind, entry):
    return server.post(f"{API}/0/kept", {"do": doing, "kind": kind, "entry": entry})


def test_the_folder_is_read_behind_the_sandbox(server, folder):
    assert "files are fenced" in server.log or "Landlock" in server.log
    whole = result(server)
    assert whole["report"]["schema"] == "bastide-audit-1" and whole["report"]["summary"]["title"] == folder.name
    assert [one["provider_id"] for one in whole["report"]["findings"]] == ["google"]


def test_a_change_is_noticed_while_somebody_looks(server, folder):
    version = wait_for(server, lambda one: one["state"] == "done")["version"]
    (folder / "more.zone").write_text("$ORIGIN b.example.\n@ IN MX 10 mx1.mail.ovh.net.\n")
    wait_for(server, lambda one: one["version"] > version and one["state"] == "done")
    assert {one["file"] for one in result(server)["report"]["findings"]} == {"zone.db", "more.zone"}


def test_it_is_read_again_when_asked(server):
    version = wait_for(server, lambda one: one["state"] == "done")["version"]
    assert server.post(f"{API}/0").status == 202
    wait_for(server, lambda one: one["version"] > version)


def test_a_waiver_counts_at_once_and_after_a_new_start(serve, smollm2, folder, tmp_path):
    server = serve(smollm2, "--audit", folder, home=tmp_path)
    result(server)
    entry = {"provider": "google", "reason": "moving", "expires": "2099-12-31"}
    assert keep(server, "add", "waivers", entry).status == 204
    assert keep(server, "add", "notes", {"service": "x", "note": "ask Nadia"}).status == 204
    assert result(server)["report"]["summary"]["waived"] == 1
    server.stop()
    file, = (tmp_path / "audits").iterdir()
    assert json.loads(file.read_text())["waivers"] == [entry] and file.stat().st_mode & 0o777 == 0o600
    server = serve(smollm2, "--audit", folder, home=tmp_path)
    whole = result(server)
    assert whole["report"]["summary"]["waived"] == 1 and whole["kept"]["notes"][0]["note"] == "ask Nadia"
    assert keep(server, "remove", "waivers", entry).status == 204
    assert keep(server, "remove", "waivers", entry).status == 404
    assert result(server)["report"]["summary"]["waived"] == 0


@pytest.mark.parametrize("body, message", [
    ({}, "do"), ({"do": "add", "kind": "x", "entry": {}}, "kind"), ({"do": "add", "kind": "waivers"}, "entry"),
    ({"do": "add", "kind": "waivers", "entry": {"provider": "a", "expires": "2099-01-01"}}, "a reason is wanted"),
    ({"do": "add", "kind": "waivers", "entry": {"provider": "a", "reason": "b", "expires": "x"}}, "a day such as"),
    ({"do": "add", "kind": "notes", "entry": {"service": "a", "note": 3}}, "a text of at most"),
    ({"do": "add", "kind": "notes", "entry": {"service": "a", "note": "b" * 1001}}, "a text of at most"),
    ({"do": "add", "kind": "notes", "entry": {"service": "a", "note": "b", "more": "c"}}, "no such key"),
])
def test_what_is_no_waiver_is_refused(server, body, message):
    before = result(server)["kept"]
    answer = server.post(f"{API}/0/kept", body)
    assert answer.status == 400 and message in answer.json["error"]["message"]
    assert result(server)["kept"] == before


@pytest.mark.parametrize("path", ["1", "x", "0/else", "00000000000000000000000", "0x", "-1"])
def test_what_is_not_there_is_404(server, path):
    assert server.get(f"{API}/{path}").status == 404 and server.post(f"{API}/{path}").status == 404


def test_the_page_of_the_room_is_there(server):
    assert "text/html" in server.get("/dependencies").headers["content-type"]


def test_without_folders_there_are_none(serve, smollm2):
    server = serve(smollm2)
    assert server.get(API).json == {"folders": []} and server.get(f"{API}/0").status == 404


def test_a_folder_that_is_none_is_refused(serve, smollm2, tmp_path):
    server = serve(smollm2, "--audit", tmp_path / "none", ready=False)
    server.process.wait(60)
    assert server.stop() == 3 and "none" in server.log


def test_keys_need_the_right_to_administer(serve, smollm2, folder, bastide, tmp_path):
    home = tmp_path / "home"
    keys = {scope: json.loads(bastide("key", "add", scope, "--scopes", scope, "--json", check=True).stdout)["key"]
            for scope in ("chat", "admin")}
    server = serve(smollm2, "--audit", folder, home=home)
    assert server.get(API).status == 401
    server.key = keys["chat"]
    assert server.get(API).status == 403 and server.get(f"{API}/0").status == 403
    server.key = keys["admin"]
    assert result(server)["report"]["findings"]
