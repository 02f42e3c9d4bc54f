"""What clients send that mean harm, or know no better: each gets an answer or the door, and the next is served."""
import http.client
import json
import re
import select
import socket
import time

import pytest

PATIENCE_SECONDS = 14  # the server gives a request 10


@pytest.fixture(scope="module")
def server(serve, smollm2):
    return serve(smollm2)


@pytest.fixture(autouse=True)
def serves_on(server):
    yield
    assert server.get("/health").status == 200


def status(received):
    found = re.match(rb"HTTP/1\.1 (\d\d\d) ", received)
    return int(found.group(1)) if found else None


def request(line="POST /health HTTP/1.1", *headers, body=b""):
    return b"\r\n".join([line.encode("latin-1"), b"Host: localhost", *(header.encode("latin-1") for header in headers),
                         b"", body])


@pytest.mark.parametrize("headers, body", [
    (("Content-Length: 5", "Content-Length: 5"), b"hello"),
    (("Content-Length: 0", "Content-Length: 44"), b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (("Content-Length: 5", "Transfer-Encoding: chunked"), b"0\r\n\r\n"),
    (("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), b"0\r\n\r\n"),
    (("Transfer-Encoding: gzip, chunked",), b"0\r\n\r\n"),
    (("Transfer-Encoding: identity",), b"hello"),
    (("Content-Length : 5",), b"hello"),
    (("Content-Length: -5",), b"hello"),
    (("Content-Length: +5",), b"hello"),
    (("Content-Length: 5,5",), b"hello"),
    (("Content-Length: 0x5",), b"hello"),
    (("Host: evil.example",), b""),
    (("Transfer-Encoding: chunked",), b"zz\r\nhello\r\n0\r\n\r\n"),
    (("Transfer-Encoding: chunked",), b"5\r\nhelloworld\r\n0\r\n\r\n"),
    (("Transfer-Encoding: chunked",), b"-5\r\nhello\r\n0\r\n\r\n"),
    (("no colon here",), b""),
])
def test_a_request_whose_end_is_a_matter_of_opinion_is_refused_and_ends_the_connection(server, headers, body):
    received = server.raw(request("POST /tokenize HTTP/1.1", *headers, body=body), timeout=5)
    answers = set(re.findall(rb"HTTP/1.1 (\d+)", received))
    assert answers in ({b"400"}, {b"421"}), "what came after it was taken for a request"
    assert received.count(b"x-request-id") <= 1


@pytest.mark.parametrize("line", ["GET /health%00 HTTP/1.1", "GET /health\0 HTTP/1.1", "GET /he\0alth HTTP/1.1",
                                  "GET /%zz HTTP/1.1", "GET /% HTTP/1.1", "GET /%c3%28 HTTP/1.1", "GET /\xff HTTP/1.1",
                                  "GET /health extra HTTP/1.1", "GET health HTTP/1.1", "GET * HTTP/1.1",
                                  "GET http://localhost/health HTTP/1.1"])
def test_a_path_that_is_no_path_is_refused(server, line):
    received = server.raw(request(line, "Connection: close"), timeout=5)
    assert status(received) in (400, 404)


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n\r\n", b"\0" * 100, b"GET\r\n\r\n", b"GET /health\r\n\r\n",
                                  b"GET /health HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                                  b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_what_is_no_request_gets_no_service(server, data):
    with server.connect() as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        received = b""
        try:
            while piece := s.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
    assert status(received) in (None, 400, 505)


@pytest.mark.parametrize("kilobytes", [33, 64, 120])
def test_large_headers_are_refused_in_our_own_words(server, kilobytes):
    received = server.raw(request("GET /health HTTP/1.1", "X-Large: " + "x" * (kilobytes << 10), "Connection: close"))
    assert status(received) == 431 and b"x-request-id: req_" in received


def test_many_small_headers_are_refused(server):
    received = server.raw(request("GET /health HTTP/1.1", *(f"X-{i}: {i}" for i in range(3000)), "Connection: close"))
    assert status(received) == 431


def test_a_very_long_path_is_refused(server):
    assert status(server.raw(request("GET /" + "a" * 40000 + " HTTP/1.1", "Connection: close"))) == 431


def test_endless_headers_are_cut_off(server):
    with server.connect() as s:
        s.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
        try:
            for _ in range(100):
                s.sendall(b"X-More: " + b"y" * 65536 + b"\r\n")
            received = s.recv(65536)
        except (BrokenPipeError, ConnectionResetError):
            received = b""
        assert status(received) in (None, 431)


def test_headers_just_below_the_limit_pass(server):
    assert server.get("/health", {"X-Large": "x" * (31 << 10)}).status == 200


def test_a_body_above_the_limit_is_refused_before_it_comes(server):
    with server.connect() as s:
        s.sendall(request("POST /tokenize HTTP/1.1", f"Content-Length: {(32 << 20) + 1}"))
        assert status(s.recv(65536)) == 413


def test_a_client_that_sends_a_large_body_all_the_same_reads_the_refusal(server):
    with server.connect() as s:
        s.sendall(request("POST /tokenize HTTP/1.1", f"Content-Length: {33 << 20}"))
        for _ in range(33):
            s.sendall(b"x" * (1 << 20))
        assert status(s.recv(65536)) == 413


def test_a_body_in_pieces_is_refused_when_it_grows_too_large(server):
    with server.connect() as s:
        s.sendall(request("POST /tokenize HTTP/1.1", "Transfer-Encoding: chunked"))
        received = b""
        try:
            for _ in range(40):
                s.sendall(b"100000\r\n" + b"x" * (1 << 20) + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        received = s.recv(65536)
        assert status(received) == 413 and b"x-request-id: req_" in received


def test_the_largest_body_is_read(server):
    content = "a" * ((32 << 20) - len('{"content":""}'))
    answer = server.post("/tokenize", '{"content":"' + content + '"]')
    assert answer.status == 400, "it reached its route, which says that this is no JSON"


def test_a_body_in_pieces_with_trailers_is_read(server):
    body = b'{"content": "Hello"}'
    pieces = b"".join(b"%x;note=1\r\n%s\r\n" % (1, body[i:i + 1]) for i in range(len(body)))
    received = server.raw(request("POST /tokenize HTTP/1.1", "Transfer-Encoding: chunked", "Connection: close",
                                  body=pieces + b"0\r\nX-Trailer: 1\r\n\r\n"))
    assert status(received) == 200 and b'"tokens"' in received


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(server):
    body = b'{"content": "Hello"}'
    with server.connect() as s:
        s.sendall(request("POST /tokenize HTTP/1.1", f"Content-Length: {len(body)}", "Expect: 100-continue"))
        assert s.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        s.sendall(body)
        assert status(s.recv(65536)) == 200


@pytest.mark.parametrize("headers, expected", [
    (("POST /no/such HTTP/1.1", "Content-Length: 5"), 404),
    (("DELETE /tokenize HTTP/1.1", "Content-Length: 5"), 405),
    (("POST /tokenize HTTP/1.1", f"Content-Length: {33 << 20}"), 413),
    (("POST /tokenize HTTP/1.1", "Content-Length: 5", "Content-Encoding: zstd"), 415),
    (("POST /tokenize HTTP/1.1", "Content-Length: 5", "Origin: http://localhost", "Content-Type: text/plain"), 415),
])
def test_a_client_that_asks_before_it_sends_is_refused_at_once(server, headers, expected):
    with server.connect() as s:
        s.sendall(request(*headers, "Expect: 100-continue"))
        assert status(s.recv(65536)) in ((expected, 403) if expected == 415 else (expected,))


def test_a_form_from_no_page_is_read_as_what_it_is(server):
    answer = server.post("/tokenize", b'{"content": "Hello"}', {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 200


def test_a_cut_request_gets_no_answer_and_no_work(server):
    before = server.metric("bastide_requests_total")
    for cut in (b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{\"content\"", b"GET /hea"):
        with server.connect() as s:
            s.sendall(cut)
            s.shutdown(socket.SHUT_WR)
            assert s.recv(65536) == b""
    assert server.metric("bastide_requests_total") <= before + 2  # those that asked


def test_headers_that_do_not_come_end_the_connection_however_lively_they_do_not(server):
    """Slow-loris: a byte now and then. The deadline is for the whole request, so all of these end together."""
    beginnings = [b"", b"\r\n", b"GET /health HT", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow"]
    bodies = [request("POST /tokenize HTTP/1.1", "Content-Length: 1000"),
              request("POST /tokenize HTTP/1.1", "Transfer-Encoding: chunked") + b"ffff\r\n"]
    began = time.monotonic()
    stalled = [server.connect(PATIENCE_SECONDS) for _ in bodies]
    for s, sent in zip(stalled, bodies):
        s.sendall(sent)
    open_ones = [server.connect(PATIENCE_SECONDS) for _ in beginnings]
    for s, sent in zip(open_ones, beginnings):
        s.sendall(sent)
    while open_ones:
        assert time.monotonic() - began < PATIENCE_SECONDS
        for s in select.select(open_ones, [], [], 0.5)[0]:
            assert s.recv(65536) == b""
            assert time.monotonic() - began > 8
            s.close()
            open_ones.remove(s)
        for s in open_ones[1:] + stalled:
            try:
                s.sendall(b"y")
            except (BrokenPipeError, ConnectionResetError):
                pass
    for s in stalled:
        with s:
            received = s.recv(65536)
            assert status(received) == 408 and b"x-request-id: req_" in received and b"10 seconds" in received


def test_two_requests_at_once_are_answered_in_order(server):
    received = server.raw(request("GET /health HTTP/1.1") + request("GET /nothing HTTP/1.1", "Connection: close"))
    assert re.findall(rb"HTTP/1\.1 (\d+)", received) == [b"200", b"404"]


def test_a_connection_serves_many_requests(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for _ in range(50):
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b'{"status":"ok"}'
    connection.close()


def test_a_hundred_requests_in_one_piece_are_all_answered(server):
    received = server.raw(request("GET /health HTTP/1.1") * 99 + request("GET /health HTTP/1.1", "Connection: close"))
    assert received.count(b"HTTP/1.1 200") == 100


def test_silent_connections_beyond_the_bound_are_closed_and_room_comes_back(server):
    held = []
    try:
        refused = 0
        for _ in range(1400):
            s = server.connect()
            s.setblocking(False)
            held.append(s)
        deadline = time.monotonic() + 10
        while not refused and time.monotonic() < deadline:
            for s in held:
                try:
                    refused += s.recv(1) == b""
                except BlockingIOError:
                    pass
                except ConnectionResetError:
                    refused += 1
        assert refused
    finally:
        for s in held:
            s.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if server.get("/health").status == 200:
                return
        except (ConnectionResetError, http.client.RemoteDisconnected):
            pass
    pytest.fail("no room came back")


def test_many_pipelined_requests_with_bodies_are_answered_in_order(server):
    bodies = [b'{"content": "%s"}' % (b"word " * i) for i in range(20)]
    sent = b"".join(request("POST /tokenize HTTP/1.1", f"Content-Length: {len(body)}", body=body) for body in bodies)
    received = server.raw(sent + request("GET /health HTTP/1.1", "Connection: close"))
    counts = [len(json.loads(found)) for found in re.findall(rb'"tokens":(\[[^]]*\])', received)]
    assert len(counts) == 20 and counts == sorted(counts)


def test_http_1_0_gets_a_whole_answer_and_the_end(server):
    received = server.raw(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n", timeout=5)
    assert received.startswith(b"HTTP/1.") and received.endswith(b'{"status":"ok"}')
