"""What programs that cannot be installed here send first, by their sources: each is answered as it needs to be."""
import json

import pytest

TOOL = {"name": "shell", "description": "Runs a command.", "strict": False, "parameters": {
    "type": "object", "properties": {"command": {"type": "array", "items": {"type": "string"}}, "workdir": {
        "type": "string"}}, "required": ["command"], "additionalProperties": False}}


@pytest.fixture(scope="module")
def server(serve, smollm2):
    return serve(smollm2, "--context", "2048")


def test_codex(server):
    """codex-rs/core/src/client.rs: a stream of Responses, kept by nobody; without its last event it is cut to Codex."""
    body = {"model": "smollm2-135m-instruct-q4_1", "instructions": "You are a coding agent.", "input": [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "<permissions/>"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say hello."}]}],
        "tools": [{"type": "function"} | TOOL], "tool_choice": "auto", "parallel_tool_calls": False,
        "reasoning": {"effort": "medium", "summary": "auto"}, "store": False, "stream": True,
        "include": ["reasoning.encrypted_content"], "prompt_cache_key": "0198c2f0", "max_output_tokens": 40}
    with server.stream("/v1/responses", body, {"Accept": "text/event-stream", "originator": "codex_cli_rs"}) as stream:
        assert stream.status == 200
        events = list(stream.events())
    assert events[0]["type"] == "response.created"
    assert events[-1]["type"] in ("response.completed", "response.incomplete")
    assert events[-1]["response"]["usage"]["output_tokens_details"]["reasoning_tokens"] == 0


def test_a_second_turn_of_codex(server):
    """It sends the whole history again: the call, its result, and reasoning of another server that none can read."""
    body = {"instructions": "You are a coding agent.", "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "List the files."}]},
        {"type": "reasoning", "summary": [], "encrypted_content": "gAAAAABo"},
        {"type": "function_call", "name": "shell", "arguments": "{\"command\":[\"ls\"]}", "call_id": "call_1"},
        {"type": "function_call_output", "call_id": "call_1", "output": "{\"output\":\"README.md\"}"}],
        "tools": [{"type": "function"} | TOOL], "store": False, "stream": True, "max_output_tokens": 12}
    with server.stream("/v1/responses", body) as stream:
        assert stream.status == 200 and list(stream.events())[-1]["type"].startswith("response.")


def test_open_webui(server):
    """backend/open_webui/routers/openai.py: /models, then chats with its own fields beside."""
    assert server.get("/v1/models", {"Authorization": "Bearer none"}).json["data"]
    body = {"stream": True, "model": server.get("/v1/models").json["data"][0]["id"], "max_tokens": 8,
            "messages": [{"role": "user", "content": "Hi"}], "stream_options": {"include_usage": True},
            "metadata": {"chat_id": "1"}, "chat_id": "1", "session_id": "2"}
    with server.stream("/v1/chat/completions", body) as stream:
        *_, usage, done = stream.events()
    assert done == "[DONE]" and usage["usage"]["completion_tokens"] > 0


def test_llamaindex(server):
    """llama-index-llms-openai asks for completions of a prompt unless it is told that the model chats."""
    body = {"model": "smollm2-135m-instruct-q4_1", "prompt": "user: Hi\nassistant: ", "max_tokens": 8,
            "temperature": 0.1, "stream": False}
    assert server.post("/v1/completions", body).json["choices"][0]["text"]


def test_n8n_and_the_ai_sdk(server):
    """Both of n8n's nodes, and Vercel's SDK, which refers to kept items by their ids."""
    hello = {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    first = server.post("/v1/responses", {"input": [hello], "max_output_tokens": 8}).json
    second = server.post("/v1/responses", {"input": [
        hello,
        {"type": "item_reference", "id": first["output"][0]["id"]},
        {"role": "user", "content": [{"type": "input_text", "text": "Again"}]}], "max_output_tokens": 8})
    assert second.status == 200, second.text
    lost = server.post("/v1/responses", {"input": [{"type": "item_reference", "id": "msg_no_such"}]})
    assert lost.status == 404


@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded", "text/plain"])
def test_curl_without_a_content_type(server, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    body = json.dumps({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2})
    assert server.post("/v1/chat/completions", body.encode(), headers).status == 200
