"""How a server starts, is told things and ends: options, statuses, signals, configuration."""
import json
import signal
import socket
import time

import pytest


@pytest.fixture
def check(bastide):
    """check(*arguments) runs bastide serve --check."""
    return lambda *arguments, **others: bastide("serve", "--check", *arguments, **others)


@pytest.mark.parametrize("arguments, said", [
    (("--port", "70000"), "--port"), (("--port", "http"), "--port"), (("--parallel", "0"), "--parallel"),
    (("--queue", "-1"), "--queue"), (("--context", "1"), "--context"), (("--threads", "0"), "--threads"),
    (("--keep-alive", "soon"), "--keep-alive"), (("--drain", "30 s"), "--drain"),
    (("--memory-budget", "8 apples"), "--memory-budget"), (("--cache-size", "big"), "--cache-size"),
    (("--log-format", "xml"), "--log-format"), (("--tls", "manual"), "--tls"), (("--tls-cert", "x.pem"), "--tls-key"),
    (("--tls", "auto", "--tls-cert", "x", "--tls-key", "y"), "--tls auto"),
])
def test_an_option_that_makes_no_sense_is_wrong_use_and_named(bastide, arguments, said):
    done = bastide("serve", *arguments)
    assert done.returncode == 2 and said in done.stderr.decode(), done.stderr


def test_a_port_that_is_taken_is_status_3(bastide, smollm2):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = bastide("serve", smollm2, "--port", port)
    assert done.returncode == 3 and str(port) in done.stderr.decode()
    assert b"end:" not in done.stderr, "what never began can't end"


def test_a_model_that_is_not_there_is_status_3(bastide):
    done = bastide("serve", "./no-such.gguf", "--port", "0")
    assert done.returncode == 3 and b"no-such.gguf" in done.stderr and done.stdout == b""


def test_options_may_stand_in_a_file_and_the_line_wins(bastide, serve, smollm2, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.yaml").write_text(f"# ours\nmodels: ['{smollm2}']\nlog-format: json\nno-page: true\ndrain: 1s\n")
    server = serve(home=home)
    assert server.get("/v1/models").json["data"][0]["id"].startswith("smollm2")
    server.wait_log('"event":"request"')
    server.stop()
    server = serve("--log-format", "text", home=home)
    server.get("/health")
    server.wait_log(" GET /health 200")


@pytest.mark.parametrize("text, said", [
    ("prot: 1\n", "port"), ("port: [1, 2]\nport2: x\n", "port2"), ("no-page: maybe\n", "true or false"),
    ("port: {a: 1}\n", "port"), ("models: smollm2\n", "list"), ("- 1\n", "port: 8484"), ("a: [\n", "line"),
    ("parallel: 0\n", "--parallel"),
])
def test_a_file_of_options_that_makes_no_sense_is_wrong_use_and_named(bastide, tmp_path, text, said):
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    (home / "config.yaml").write_text(text)
    done = bastide("serve", "--port", "0", env={"BASTIDE_HOME": str(home)})
    assert done.returncode == 2 and said in done.stderr.decode(), done.stderr


def test_it_says_one_line_when_ready_and_logs_each_request(serve, smollm2):
    server = serve(smollm2)
    request_id = server.get("/no/such%0athing%1b").headers["x-request-id"]
    server.wait_log(request_id)
    line = next(line for line in server.log.splitlines() if request_id in line)
    assert " GET /no/such%0Athing%1B 404 " in line
    assert server.stop() == 0
    assert server._said.get(timeout=10) == ""


def test_the_log_as_json_has_what_a_line_has_and_no_prompts(serve, smollm2):
    server = serve(smollm2, "--log-format", "json")
    answer = server.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "Xylophone?"}],
                                                  "max_tokens": 4})
    server.wait_log(answer.headers["x-request-id"])
    lines = [json.loads(line) for line in server.log.splitlines()]
    entry = next(line for line in lines if line.get("id") == answer.headers["x-request-id"])
    usage = answer.json["usage"]
    assert entry["api"] == "openai" and entry["method"] == "POST" and entry["path"] == "/v1/chat/completions"
    assert entry["status"] == 200 and entry["seconds"] > 0 and entry["time"].endswith("Z")
    assert (entry["prompt_tokens"], entry["answer_tokens"]) == (usage["prompt_tokens"], usage["completion_tokens"])
    assert "ylophone" not in server.log


def begin_long_answer(server, tokens=100000):
    stream = server.stream("/v1/chat/completions", {"messages": [{"role": "user", "content": "Tell a long story."}],
                                                    "max_tokens": tokens, "stream": True, "ignore_eos": True})
    assert stream.status == 200
    next(stream.events())
    return stream


def test_told_to_end_it_lets_running_answers_end_and_takes_no_new_ones(serve, smollm2):
    server = serve(smollm2, "--drain", "30s")
    stream = begin_long_answer(server, 60)
    server.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + 10
    while (answer := server.get("/health")).status == 200:
        assert time.monotonic() < deadline
    assert answer.status == 503 and answer.json["error"]["type"] == "unavailable_error"
    assert server.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}]}).status == 503
    events = list(stream.events())
    assert events[-1] == "[DONE]"
    assert server.process.wait(10) == 0


def test_an_answer_that_does_not_end_in_time_is_broken_off(serve, smollm2):
    server = serve(smollm2, "--drain", "1s")
    stream = begin_long_answer(server)
    began = time.monotonic()
    assert server.stop(timeout=10) == 0
    assert time.monotonic() - began > 0.9
    stream.close()


def test_the_second_signal_ends_it_at_once(serve, smollm2):
    server = serve(smollm2, "--drain", "60s")
    stream = begin_long_answer(server)
    server.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + 10
    while server.get("/health").status == 200:
        assert time.monotonic() < deadline
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(5) == 130
    stream.close()


def test_hangup_rereads_and_drops_no_connection(serve, smollm2):
    server = serve(smollm2)
    stream = begin_long_answer(server, 100)
    server.process.send_signal(signal.SIGHUP)
    server.wait_log("reload")
    assert list(stream.events())[-1] == "[DONE]"
    assert server.get("/health").status == 200


def test_check_finds_nothing_wrong_where_nothing_is(check, smollm2):
    done = check(smollm2, "--port", "0")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_check_names_each_thing_that_is_wrong(check, smollm2, tmp_path):
    (tmp_path / "file").write_text("")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = check("./no-such.gguf", "--port", port, "--slot-dir", "file", "--allow-host", "http://x/")
    assert done.returncode == 1
    said = done.stdout.decode().splitlines()
    assert len(said) == 4
    for name in ("no-such.gguf", str(port), "--slot-dir", "--allow-host"):
        assert any(name in line for line in said), name


def test_another_address_without_a_key_is_wrong_use(bastide, smollm2):
    done = bastide("serve", smollm2, "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2 and b"key" in done.stderr


def test_a_key_that_is_added_holds_after_a_hangup(serve, smollm2, bastide):
    server = serve(smollm2)
    assert server.get("/v1/models").status == 200
    made = json.loads(bastide("key", "add", "anna", "--scopes", "chat", "--json", check=True,
                              env={"BASTIDE_HOME": str(server.home)}).stdout)
    server.process.send_signal(signal.SIGHUP)
    server.wait_log("reload")
    assert server.get("/v1/models").status == 401
    server.key = made["key"]
    assert server.get("/v1/models").status == 200
    server.wait_log("key=anna")
    assert made["key"] not in server.log


def test_a_configuration_that_makes_no_sense_is_told_at_a_hangup_and_the_old_one_holds(serve, smollm2):
    server = serve(smollm2)
    (server.home / "config.yaml").write_text("allow-host: [box.example]\n")
    assert server.get("/health", {"Host": "box.example"}).status == 421
    server.process.send_signal(signal.SIGHUP)
    server.wait_log("reload")
    assert server.get("/health", {"Host": "box.example"}).status == 200
    (server.home / "config.yaml").write_text("allow-host: ['http://']\n")
    server.process.send_signal(signal.SIGHUP)
    server.wait_log("--allow-host")
    assert server.get("/health", {"Host": "box.example"}).status == 200


@pytest.mark.parametrize("form", ["text", "json"])
def test_prompts_go_into_the_log_if_asked_and_forge_no_line(serve, smollm2, form):
    server = serve(smollm2, "--log-prompts", "--log-format", form)
    answer = server.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "Xylo\nphone\x1b[2J"}],
                                                  "max_tokens": 1})
    server.wait_log("Xylo")
    line = next(line for line in server.log.splitlines() if "Xylo" in line)
    assert answer.headers["x-request-id"] in line and "Xylo\\nphone\\u001B[2J" in line and "prompt" in line
