"""Answers that come while they are made: their heads, their signs of life, clients that leave or do not read."""
import os
import socket
import time

import pytest

PATIENCE = float(os.environ.get("BASTIDE_PATIENCE", "1"))


@pytest.fixture(scope="module")
def server(serve, smollm2):
    return serve(smollm2, "--parallel", "2")


def wishes(tokens, **others):
    return {"messages": [{"role": "user", "content": "Tell me a long story."}], "max_tokens": tokens,
            "ignore_eos": True, "stream": True} | others


def wait_idle(server, seconds):
    deadline = time.monotonic() + seconds
    while server.metric("bastide_requests_running") + server.metric("bastide_queue_length") > 0:
        assert time.monotonic() < deadline, "it goes on for nobody"
        time.sleep(0.02)


def test_a_stream_is_not_to_be_kept_or_held_back_on_its_way(server):
    with server.stream("/v1/chat/completions", wishes(2)) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store" and stream.headers["x-accel-buffering"] == "no"
        assert stream.headers["transfer-encoding"] == "chunked"
        assert list(stream.events())[-1] == "[DONE]"


@pytest.mark.parametrize("stream", [True, False])
def test_work_for_a_client_that_left_ends(server, stream):
    connection = server.connect()
    body = str(wishes(5000, stream=stream)).replace("'", '"').replace("True", "true").replace("False", "false").encode()
    connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" %
                       (len(body), body))
    deadline = time.monotonic() + 30
    while server.metric("bastide_requests_running") == 0:
        assert time.monotonic() < deadline
    connection.close()
    wait_idle(server, 5)


def test_a_stream_that_broke_off_does_not_look_whole(serve, smollm2):
    server = serve(smollm2, "--drain", "0s", "--no-page")
    stream = server.stream("/v1/chat/completions", wishes(5000))
    next(stream.events())
    server.stop()
    rest = stream.response.read1(1 << 20) if not stream.response.closed else b""
    assert b"[DONE]" not in rest


@pytest.mark.slow
def test_a_stream_that_waits_gives_signs_of_life(server):
    busy = [server.stream("/v1/chat/completions", wishes(8000)) for _ in range(2)]
    began = time.monotonic()
    with server.stream("/v1/chat/completions", wishes(1)) as waiting:
        comment = next(line for line in waiting.lines() if line and not line.startswith("data: {"))
        assert comment == ":" and 14 < time.monotonic() - began < 17 * PATIENCE
    for stream in busy:
        stream.close()
    wait_idle(server, 5)


@pytest.mark.slow
def test_a_client_that_reads_nothing_holds_no_place_for_ever(server):
    body = (b'{"messages":[{"role":"user","content":"Story"}],"max_tokens":7000,"ignore_eos":true,"stream":true,'
            b'"n":4,"logprobs":true,"top_logprobs":20}')
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", server.port))
        s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" %
                  (len(body), body))
        deadline = time.monotonic() + 30
        while server.metric("bastide_requests_running") == 0:
            assert time.monotonic() < deadline
        wait_idle(server, 90)
    assert "200" in next(line for line in server.log.splitlines()[::-1] if "/v1/chat/completions" in line)
