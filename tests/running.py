"""A running server, as tests drive it: `Server` with its answers and streams; the fixture `serve` starts one.

    @pytest.fixture(scope="module")
    def server(serve, smollm2):
        return serve(smollm2)

    def test_x(server):
        answer = server.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}]})
        assert answer.status == 200 and answer.json["choices"]
"""
import http.client
import json
import os
import queue
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

PATIENCE = float(os.environ.get("BASTIDE_PATIENCE", "1"))
SANITIZERS = {"ASAN_OPTIONS": "exitcode=99:abort_on_error=0", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}


class Answer:
    """status, headers (names in lower case), body (bytes), text, json"""

    def __init__(self, response, body):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


class Stream:
    """An answer as it comes: status, headers, .lines() of text, .events() of server-sent events' data, .close()."""

    def __init__(self, connection, response):
        self.connection, self.response = connection, response
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}

    def lines(self):
        for line in self.response:
            yield line.decode().rstrip("\r\n")

    def events(self):
        """Data of each event: JSON read, "[DONE]" as it is. Comments are left out."""
        for line in self.lines():
            if line.startswith("data: "):
                data = line.removeprefix("data: ")
                yield data if data == "[DONE]" else json.loads(data)

    def read(self):
        return self.response.read()

    def close(self):
        """Hangs up, as a client that goes away."""
        self.response.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Server:
    """A server that runs: .port, .url, .home (its $BASTIDE_HOME), .key (sent with each request if set), .process."""

    def __init__(self, process, home):
        self.process, self.home, self.key = process, home, None
        self.port, self.url = None, None
        self.stopped = False
        self._log, self._said = [], queue.Queue()
        for stream, take in ((process.stdout, self._said.put), (process.stderr, self._log.append)):
            threading.Thread(target=self._read, args=(stream, take), daemon=True).start()

    def _read(self, stream, take):
        for line in stream:
            take(line.decode(errors="replace"))
        take("")

    def wait_ready(self, timeout=60):
        try:
            line = self._said.get(timeout=timeout * PATIENCE)
        except queue.Empty:
            pytest.fail(f"the server was not ready in time\n{self.log}")
        assert line.startswith("bastide: listening on "), f"the server did not start: {line!r}\n{self.log}"
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])

    @property
    def log(self):
        """What it wrote on stderr so far."""
        return "".join(self._log)

    def wait_log(self, text, timeout=10):
        """Waits until its log holds text."""
        deadline = time.monotonic() + timeout * PATIENCE
        while text not in self.log:
            assert time.monotonic() < deadline, f"never logged: {text}\n{self.log}"
            time.sleep(0.01)

    def send(self, method, path, body=None, headers=None, timeout=120):
        """(connection, response), the answer's head read. body: bytes or str as they are, else sent as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if self.key and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.key}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout * PATIENCE)
        connection.request(method, path, body.encode() if isinstance(body, str) else body, headers)
        return connection, connection.getresponse()

    def request(self, method, path, body=None, headers=None, timeout=120):
        connection, response = self.send(method, path, body, headers, timeout)
        try:
            return Answer(response, response.read())
        finally:
            connection.close()

    def get(self, path, headers=None, timeout=120):
        return self.request("GET", path, None, headers, timeout)

    def post(self, path, body=None, headers=None, timeout=120):
        return self.request("POST", path, {} if body is None else body, headers, timeout)

    def stream(self, path, body=None, headers=None, timeout=120, method="POST"):
        return Stream(*self.send(method, path, body, headers, timeout))

    def raw(self, data, timeout=20):
        """Sends bytes, returns all that comes until the server closes or nothing comes in time."""
        received = b""
        with self.connect(timeout) as s:
            s.sendall(data)
            try:
                while piece := s.recv(65536):
                    received += piece
            except (TimeoutError, ConnectionResetError):
                pass
        return received

    def connect(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout * PATIENCE)

    def metric(self, name, **labels):
        """Value of a metric, summed over the rows that have these labels."""
        total = 0.0
        for line in self.get("/metrics").text.splitlines():
            head, _, value = line.rpartition(" ")
            if head.partition("{")[0] == name and all(f'{key}="{label}"' in head for key, label in labels.items()):
                total += float(value)
        return total

    def stop(self, signal_number=signal.SIGTERM, timeout=30):
        """Ends it; returns its exit status. A crash, or a sanitizer that found something, fails the test."""
        if self.stopped:
            return self.process.returncode
        self.stopped = True
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            status = self.process.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"the server did not end\n{self.log}")
        killed = status == -signal_number == -signal.SIGKILL
        assert killed or status in (0, 1, 2, 3, 130), f"crashed: {status}\n{self.log}"
        return status
