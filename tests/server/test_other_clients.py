"""The first requests of programs that can't be installed from PyPI, as their sources send them: what they look for in
the answers must be there."""
from datetime import datetime

import pytest


@pytest.fixture(scope="module")
def server(serve, smollm2):
    return serve(smollm2, "--context", "2048")


@pytest.fixture(scope="module")
def name(server):
    return server.get("/api/tags").json["models"][0]["name"]


GREET = [{"role": "user", "content": "Hello"}]
TOOL = {"type": "function", "function": {"name": "HassTurnOn", "description": "Turns on a device", "parameters": {
    "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}}}


def test_a_probe_of_the_root_is_answered_in_words(server):
    """n8n, llama.vim, Home Assistant"""
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json, text/plain, */*"}):
        answer = server.get("/", headers=headers)
        assert (answer.status, answer.text) == (200, "Ollama is running")
    for path in ("/", "/api/version", "/api/tags"):
        head = server.request("HEAD", path)
        assert (head.status, head.body) == (200, b"")


def test_open_webui_begins(server, name):
    assert server.get("/api/version").json == {"version": "0.20.0"}
    assert server.get("/api/tags").json["models"][0]["model"] == name
    server.post("/api/generate", {"model": name, "keep_alive": "5m"})
    datetime.fromisoformat(server.get("/api/ps").json["models"][0]["expires_at"].replace("Z", "+00:00"))
    body = {"model": name, "messages": GREET, "stream": True, "options": {"num_predict": 8}, "metadata": {"chat": 1}}
    with server.stream("/api/chat", body) as stream:
        assert stream.headers["content-type"].startswith("application/x-ndjson")
        lines = [line for line in stream.lines() if line]
    assert '"done":true' in lines[-1]
    titled = server.post("/v1/chat/completions", {"model": name, "messages": GREET, "max_tokens": 8, "stream": False})
    assert titled.status == 200


def test_continue_begins(server, name):
    headers = {"Authorization": "Bearer none", "Api-Key": "none"}
    shown = server.post("/api/show", {"name": name}, headers).json
    assert isinstance(shown["template"], str) and ".Suffix" not in shown["template"]
    body = {"model": name, "raw": True, "prompt": "def f():", "options": {"num_predict": 8, "stop": ["\n\n"],
            "num_ctx": 32768, "mirostat": None, "top_p": 0.9}, "keep_alive": 1800, "stream": True}
    with server.stream("/api/generate", body, headers) as stream:
        assert stream.status == 200 and '"response"' in next(iter(stream.lines()))
    assert server.post("/completion", {"prompt": "def f():", "n_predict": 4, "stream": False}, headers).json["content"]


def test_vs_code_begins(server, name):
    version = tuple(int(part) for part in server.get("/api/version").json["version"].split("."))
    assert version >= (0, 6, 4)
    shown = server.post("/api/show", {"model": name}).json
    info = shown["model_info"]
    assert info[f"{info['general.architecture']}.context_length"] and info["general.basename"]
    assert "tools" in shown["capabilities"]
    asked = {"model": name, "messages": GREET, "stream": True, "max_tokens": 8, "n": 1, "temperature": 0.1, "top_p": 1,
             "stream_options": {"include_usage": True}}
    with server.stream("/v1/chat/completions", asked) as stream:
        assert list(stream.events())[-1] == "[DONE]"


def test_zed_begins(server, name):
    model = server.get("/api/tags").json["models"][0]
    assert all(isinstance(model["details"][key], str) for key in ("parameter_size", "quantization_level", "family"))
    assert "completion" in server.post("/api/show", {"model": name}).json["capabilities"]
    body = {"model": name, "messages": GREET, "stream": True, "keep_alive": -1, "tools": [TOOL], "think": None,
            "options": {"num_ctx": 2048, "num_predict": 8, "stop": [], "temperature": 0}}
    with server.stream("/api/chat", body) as stream:
        assert all(isinstance(line, str) for line in stream.lines())
        assert stream.status == 200


def test_home_assistant_begins(server, name):
    assert server.get("/api/tags").json["models"]
    body = {"model": name, "stream": True, "keep_alive": "-1s", "options": {"num_ctx": 2048, "num_predict": 8},
            "tools": [TOOL], "think": False,
            "messages": [{"role": "system", "content": "You turn devices on."}, *GREET]}
    with server.stream("/api/chat", body) as stream:
        assert stream.status == 200 and '"done":true' in list(stream.lines())[-1]


def test_n8n_asks_for_models_and_answers(server, name):
    assert server.get("/api/tags").status == 200
    assert server.post("/v1/responses", {"model": name, "input": "Hello", "max_output_tokens": 8}).status == 200


CLAUDE_CODE = {
    "model": "", "max_tokens": 32, "stream": True, "temperature": 1,
    "metadata": {"user_id": "user_1_account__session_2"},
    "system": [{"type": "text", "text": "You are a coding agent.", "cache_control": {"type": "ephemeral"}}],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]}],
    "tools": [{"name": "Bash", "description": "Runs a command", "input_schema": {
        "type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"],
        "additionalProperties": False, "$schema": "http://json-schema.org/draft-07/schema#"}}]}


def test_claude_code_begins(server):
    headers = {"anthropic-version": "2023-06-01", "anthropic-beta": "claude-code-20250219", "x-api-key": "none",
               "x-stainless-lang": "js", "Authorization": "Bearer none"}
    counted = {key: CLAUDE_CODE[key] for key in ("model", "system", "messages", "tools")}
    assert server.post("/v1/messages/count_tokens?beta=true", counted, headers).json["input_tokens"] > 20
    with server.stream("/v1/messages?beta=true", CLAUDE_CODE, headers) as stream:
        events = list(stream.events())
    assert events[0]["type"] == "message_start" and events[-1]["type"] == "message_stop"
    assert stream.headers["request-id"].startswith("req_")


def test_llama_vim_gets_a_plain_refusal_from_a_model_that_can_not_fill_in(server):
    body = {"id_slot": 0, "input_prefix": "a", "input_suffix": "b", "input_extra": [], "prompt": "", "n_predict": 0,
            "samplers": [], "cache_prompt": True, "t_max_prompt_ms": 1, "t_max_predict_ms": 1, "response_fields": [""]}
    answer = server.post("/infill", body)
    assert answer.status == 501 and answer.json["error"]["type"] == "not_supported_error"


def test_llama_index_asks_the_legacy_way(server, name):
    answer = server.post("/v1/completions", {"model": name, "prompt": "Hello", "max_tokens": 8, "temperature": 0.1})
    assert answer.json["choices"][0]["text"] is not None and answer.json["object"] == "text_completion"
