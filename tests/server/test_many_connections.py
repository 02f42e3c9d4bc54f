"""A thousand clients at once: each gets an answer, 200 or 429 with Retry-After, and the server is as it was."""
import json
import os
import re
import selectors
import socket
import time

import pytest

PATIENCE = float(os.environ.get("BASTIDE_PATIENCE", "1"))
CLIENTS = 1000
BODY = json.dumps({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}).encode()
REQUEST = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
           b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY))


@pytest.fixture(scope="module")
def server(serve, smollm2):
    return serve(smollm2, "--context", "256", "--no-page")


def ask_all(server, count):
    """What each of so many clients receives; all are connected before the first one asks."""
    received = {server.connect(120): b"" for _ in range(count)}
    with selectors.DefaultSelector() as waiting:
        for s in received:
            s.setblocking(False)
            waiting.register(s, selectors.EVENT_READ)
        for s in received:
            s.send(REQUEST)
        deadline = time.monotonic() + 120 * PATIENCE
        while waiting.get_map():
            assert time.monotonic() < deadline, f"{len(waiting.get_map())} clients got no answer"
            for key, _ in waiting.select(1):
                piece = key.fileobj.recv(65536)
                received[key.fileobj] += piece
                if not piece:
                    waiting.unregister(key.fileobj)
    for s in received:
        s.close()
    return list(received.values())


def open_files(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def test_each_of_a_thousand_gets_an_answer(server):
    before = open_files(server)
    answers = ask_all(server, CLIENTS)
    statuses = [int(re.match(rb"HTTP/1\.1 (\d+) ", answer).group(1)) for answer in answers]
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 16 + 256, "those that fit the places and the queue are served"
    for status, answer in zip(statuses, answers):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert json.loads(body)["object" if status == 200 else "error"]
        if status == 429:
            assert re.search(rb"\r\nRetry-After: [1-9]\d*\r\n", head)
    deadline = time.monotonic() + 10
    while open_files(server) > before:
        assert time.monotonic() < deadline, "descriptors were not given back"


def test_clients_that_leave_all_at_once_leave_nothing_behind(server):
    sockets = [server.connect() for _ in range(200)]
    for s in sockets:
        s.send(REQUEST)
    for s in sockets:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, as of a process that died
        s.close()
    deadline = time.monotonic() + 30 * PATIENCE
    while server.metric("bastide_requests_running") + server.metric("bastide_queue_length") > 0:
        assert time.monotonic() < deadline
    assert server.post("/v1/chat/completions", BODY).status == 200
