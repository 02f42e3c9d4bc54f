"""Answers that end in the middle: the client goes, or the server does."""
import signal
import time

import pytest

LONG = {"messages": [{"role": "user", "content": "Tell a long story."}], "max_tokens": 4000, "ignore_eos": True}


@pytest.fixture
def server(serve, smollm2):
    return serve(smollm2, "--context", "4096", "--parallel", "1", "--drain", "0s")


def wait_for(server, name, value, seconds=20):
    deadline = time.monotonic() + seconds
    while server.metric(name) != value:
        assert time.monotonic() < deadline, f"{name} is {server.metric(name)}, not {value}"


def test_who_goes_while_waiting_leaves_the_queue(server):
    with server.stream("/v1/chat/completions", LONG | {"stream": True}) as first:
        next(first.events())
        waiting = [server.connect() for _ in range(2)]
        for connection, stream in zip(waiting, (b"true", b"false")):
            body = b'{"messages":[{"role":"user","content":"Hi"}],"stream":' + stream + b"}"
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                               + str(len(body)).encode() + b"\r\n\r\n" + body)
        wait_for(server, "bastide_queue_length", 2)
        for connection in waiting:
            connection.close()
        wait_for(server, "bastide_queue_length", 0)
        assert server.metric("bastide_requests_running") >= 1
    wait_for(server, "bastide_requests_running", 0)


@pytest.mark.parametrize("path, body, is_told", [
    ("/v1/chat/completions", LONG, lambda event: "error" in event and event["error"]["code"]),
    ("/v1/completions", {"prompt": "Once", "max_tokens": 4000, "ignore_eos": True}, lambda event: "error" in event),
    ("/v1/responses", {"input": "Tell a story.", "ignore_eos": True}, lambda event: event["type"] == "response.failed"),
])
def test_a_stream_that_the_server_breaks_off_says_so(server, path, body, is_told):
    with server.stream(path, body | {"stream": True}) as stream:
        events = stream.events()
        next(events)
        server.process.send_signal(signal.SIGTERM)
        *_, last = events
    assert last != "[DONE]" and is_told(last)
