"""`bastide model pull https://...`: over lines that break, from servers that err or lie."""
import hashlib
import json
import signal
import subprocess
import time

import pytest

from model_world import Server, certificate, file_route, gguf

FILE = gguf(elements=200_000)  # 800 kB
HASH = hashlib.sha256(FILE).hexdigest()


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server(pem):
    server = Server(pem)
    yield server
    server.close()


@pytest.fixture
def trusting(pem):
    return {"CURL_CA_BUNDLE": None, "SSL_CERT_DIR": None, "SSL_CERT_FILE": str(pem), "no_proxy": "*"}


@pytest.fixture
def pull(bastide, server, trusting):
    def run(path="/model.gguf", *options, **others):
        return bastide("model", "pull", server.url(path), *options, env=trusting, **others)
    return run


def content(bastide):
    models = json.loads(bastide("model", "list", "--json", check=True).stdout)["models"]
    return [open(model["path"], "rb").read() for model in models]


def refused(done, *words):
    said = done.stderr.decode()
    assert done.returncode == 3, said
    for word in words:
        assert word in said
    assert len(said.splitlines()) == 1, said


def asked(server):
    """What the requests' Range headers were."""
    return [headers.get("Range") for _, headers in server.seen]


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


# ---- what works ---------------------------------------------------------------------------------------------------


def test_a_file_comes_whole_with_one_request(pull, server, bastide):
    server.routes["/model.gguf"] = file_route(FILE)
    assert pull("/model.gguf", "--sha256", HASH).returncode == 0
    assert content(bastide) == [FILE] and asked(server) == [None]


def test_a_redirect_to_https_is_followed(pull, server, bastide):
    server.routes["/model.gguf"] = lambda handler: handler.head(302, Location=server.url("/there"), Content_Length=0)
    server.routes["/there"] = file_route(FILE)
    assert pull().returncode == 0
    assert content(bastide) == [FILE]


def test_a_connection_that_breaks_goes_on_where_it_stopped(pull, server, bastide):
    server.routes["/model.gguf"] = file_route(FILE, cut=[300_000, 100_000])
    assert pull().returncode == 0
    assert content(bastide) == [FILE]
    first, second, third = asked(server)
    assert first is None and second == "bytes=300000-" and third == "bytes=400000-"
    assert all(headers["If-Range"] == '"one"' for _, headers in server.seen[1:])


def test_a_pull_that_was_killed_goes_on_where_it_stopped(binary, environment, trusting, pull, server, bastide,
                                                         tmp_path):
    hold = []

    def half(handler):
        handler.head(200, Content_Length=len(FILE), ETag='"one"')
        handler.wfile.write(FILE[:400_000])
        wait_until(lambda: hold)

    server.routes["/model.gguf"] = half
    part = tmp_path / "home/models/.pull/model/part"
    running = subprocess.Popen([binary, "model", "pull", server.url("/model.gguf")], env={
        name: value for name, value in (environment | trusting).items() if value})
    wait_until(lambda: part.exists() and part.stat().st_size > 300_000)
    running.send_signal(signal.SIGKILL)
    running.wait(timeout=20)
    hold.append(True)
    assert content(bastide) == []
    have = part.stat().st_size
    server.routes["/model.gguf"] = file_route(FILE)
    assert pull("/model.gguf", "--sha256", HASH).returncode == 0
    assert asked(server)[-1] == f"bytes={have}-"
    assert content(bastide) == [FILE]


def leave_a_part(pull, server):
    """A pull that gave up: the server breaks off after 300,000 bytes and then has no such file any more."""
    first = file_route(FILE, cut=[300_000])

    def answer(handler):
        server.routes["/model.gguf"] = lambda again: again.head(404, Content_Length=0)
        first(handler)

    server.routes["/model.gguf"] = answer
    refused(pull(), "404")
    server.seen.clear()


def test_what_came_is_kept_when_the_line_stays_dead(pull, server, bastide):
    server.routes["/model.gguf"] = file_route(FILE, cut=[300_000, 0, 0, 0, 0])
    refused(pull(), "goes on from there")
    server.seen.clear()
    assert pull().returncode == 0
    assert content(bastide) == [FILE] and asked(server) == ["bytes=300000-"]


def test_a_file_that_changed_meanwhile_comes_anew(pull, server, bastide):
    leave_a_part(pull, server)
    other = gguf(elements=150_000, seed=7)
    server.routes["/model.gguf"] = file_route(other, etag='"two"')
    assert pull().returncode == 0
    assert content(bastide) == [other] and asked(server) == ["bytes=300000-"]


def test_a_server_without_ranges_sends_all_of_it_again(pull, server, bastide):
    leave_a_part(pull, server)
    server.routes["/model.gguf"] = file_route(FILE, ranges=False)
    assert pull().returncode == 0
    assert content(bastide) == [FILE]


def test_a_server_without_validator_is_asked_for_all_of_it_again(pull, server, bastide):
    server.routes["/model.gguf"] = file_route(FILE, etag=None, cut=[300_000])
    assert pull().returncode == 0
    assert content(bastide) == [FILE] and asked(server) == [None, None]


def test_another_address_does_not_go_on_from_the_part_of_the_first(pull, server, bastide):
    leave_a_part(pull, server)
    other = gguf(elements=150_000, seed=7)
    server.routes["/other/model.gguf"] = file_route(other)
    assert pull("/other/model.gguf").returncode == 0
    assert content(bastide) == [other] and asked(server) == [None]


def test_a_part_that_is_longer_than_the_file_is_dropped(pull, server, bastide):
    leave_a_part(pull, server)
    short = gguf(elements=100)

    def answer(handler):
        if handler.headers.get("Range"):
            handler.head(416, Content_Length=0, Content_Range=f"bytes */{len(short)}")
        else:
            file_route(short)(handler)

    server.routes["/model.gguf"] = answer
    assert pull().returncode == 0
    assert content(bastide) == [short]


def test_a_part_that_was_tampered_with_is_found_by_its_hash(pull, server, bastide, tmp_path):
    leave_a_part(pull, server)
    part = tmp_path / "home/models/.pull/model/part"
    part.write_bytes(b"GGUF" + bytes(299_996))
    server.routes["/model.gguf"] = file_route(FILE)
    refused(pull("/model.gguf", "--sha256", HASH), HASH, "removed")
    assert pull("/model.gguf", "--sha256", HASH).returncode == 0
    assert content(bastide) == [FILE]


# ---- what is refused ------------------------------------------------------------------------------------------------


def test_a_certificate_that_nobody_vouches_for_is_refused(bastide, server, trusting):
    server.routes["/model.gguf"] = file_route(FILE)
    done = bastide("model", "pull", server.url("/model.gguf"), env=trusting | {"SSL_CERT_FILE": None})
    refused(done, "SSL_CERT_FILE")
    assert server.seen == []


def test_a_certificate_of_another_host_is_refused(bastide, server, trusting):
    server.routes["/model.gguf"] = file_route(FILE)
    refused(bastide("model", "pull", server.url("/model.gguf", host="127.0.0.1"), env=trusting), "127.0.0.1")
    assert server.seen == []


@pytest.mark.parametrize("target", ["http://localhost/x.gguf", "ftp://localhost/x.gguf", "file:///etc/passwd"])
def test_a_redirect_to_anything_but_https_is_refused(pull, server, bastide, target):
    server.routes["/model.gguf"] = lambda handler: handler.head(302, Location=target, Content_Length=0)
    refused(pull(), "not https")
    assert content(bastide) == []


def test_redirects_that_never_end_are_given_up(pull, server):
    server.routes["/model.gguf"] = lambda handler: handler.head(302, Location="/model.gguf", Content_Length=0)
    refused(pull(), "redirects")
    assert len(server.seen) <= 11


@pytest.mark.parametrize("status, words, requests", [
    (404, "no such file", 1), (403, "everybody", 1), (401, "everybody", 1), (500, "try again later", 5),
    (204, "204", 1), (304, "304", 1),
])
def test_a_status_that_brings_no_file_is_told(pull, server, bastide, status, words, requests):
    def answer(handler):
        handler.head(status, Content_Length=0 if status in (204, 304) else len(FILE))
        if status not in (204, 304):
            handler.wfile.write(FILE)  # an error page is no model, even if it looks like one

    server.routes["/model.gguf"] = answer
    refused(pull(), words, str(status))
    assert len(server.seen) == requests
    assert content(bastide) == []


def test_an_error_page_is_refused_at_its_first_bytes(pull, server):
    server.routes["/model.gguf"] = file_route(b"<html>" + b" " * 1000)
    refused(pull(), "does not begin with GGUF")


def test_an_endless_body_is_bounded(pull, server, bastide):
    def endless(handler):
        handler.head(200)
        handler.wfile.write(b"GGUF")
        while True:
            handler.wfile.write(bytes(65536))

    server.routes["/model.gguf"] = endless
    refused(pull("/model.gguf", "--max-size", "5M"), "too large", "--max-size")
    assert content(bastide) == []


def test_a_length_that_is_too_large_is_refused_before_it_comes(pull, server):
    sent = []

    def huge(handler):
        handler.head(200, Content_Length=10**15)
        handler.wfile.write(b"GGUF")
        for _ in range(1000):
            handler.wfile.write(bytes(65536))
            sent.append(65536)

    server.routes["/model.gguf"] = huge
    refused(pull(), "announces", "1000000000000000")
    assert sum(sent) < 20_000_000


def test_a_server_that_falls_silent_is_given_up(pull, server):
    hold = []

    def silent(handler):
        handler.head(200, Content_Length=len(FILE), ETag='"one"')
        wait_until(lambda: hold, seconds=60)

    server.routes["/model.gguf"] = silent
    started = time.monotonic()
    refused(pull("/model.gguf", "--timeout", "1"))
    hold.append(True)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("range_header", ["bytes 0-9/10", "bytes 299999-800000/800128", "nonsense", None])
def test_a_part_that_was_not_asked_for_is_refused(pull, server, bastide, range_header):
    leave_a_part(pull, server)

    def lie(handler):
        headers = {"Content_Range": range_header} if range_header else {}
        handler.head(206, Content_Length=10, ETag='"one"', **headers)
        handler.wfile.write(FILE[:10])

    server.routes["/model.gguf"] = lie
    refused(pull(), "another part")
    server.routes["/model.gguf"] = file_route(FILE)
    assert pull().returncode == 0
    assert content(bastide) == [FILE]


def test_a_part_where_all_was_asked_for_is_refused(pull, server, bastide):
    def lie(handler):
        handler.head(206, Content_Length=len(FILE), Content_Range=f"bytes 0-{len(FILE) - 1}/{len(FILE)}")
        handler.wfile.write(FILE)

    server.routes["/model.gguf"] = lie
    refused(pull(), "another part")
    assert content(bastide) == []


@pytest.mark.parametrize("raw", [
    b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nGGUF",
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nGGUF",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nGGUF",
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * 400_000 + b"\r\n\r\nGGUF",
    b"HTTP/1.1 200 OK\r\nETag: \"" + b"\xff" * 20 + b"\"\r\n\r\nGGUF",
    b"HTTP/1.1 200 OK\r\nETag: \"" + b"x" * 5000 + b"\"\r\n\r\nGGUF",
    b"HTTP/0.9 200 OK\r\n\r\nGGUF",
])
def test_an_answer_that_is_no_http_is_told_in_one_line(pull, server, bastide, raw):
    server.routes["/model.gguf"] = lambda handler: handler.wfile.write(raw)
    refused(pull(timeout=60))
    assert content(bastide) == []


def test_a_host_that_does_not_exist_is_told(bastide, trusting):
    refused(bastide("model", "pull", "https://nonesuch.invalid/x.gguf", env=trusting), "network")


def test_a_port_where_nobody_listens_is_told(bastide, trusting):
    refused(bastide("model", "pull", "https://localhost:1/x.gguf", env=trusting), "network")
