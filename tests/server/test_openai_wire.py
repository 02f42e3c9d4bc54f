"""OpenAI's API, byte by byte: the order of a stream, refusals that name the field, and answers that are the same alone
and in company."""
import base64
import json
import struct
from concurrent.futures import ThreadPoolExecutor

import pytest

MESSAGES = [{"role": "user", "content": "Name three colours."}]
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}


@pytest.fixture(scope="module")
def server(serve, smollm2):
    return serve(smollm2, "--context", "1024", "--alias", "small")


def chat(server, **fields):
    return server.post("/v1/chat/completions", {"messages": MESSAGES, "temperature": 0, "max_tokens": 8} | fields)


def answer(server, **fields):
    answered = chat(server, **fields)
    assert answered.status == 200, answered.text
    return answered.json


def raw_stream(server, path, body):
    """The stream's text as it came, checked: whole events, each a comment or data with JSON, nothing empty."""
    with server.stream(path, body | {"stream": True}) as stream:
        text = stream.read().decode()
        assert stream.status == 200, text
        assert stream.headers["content-type"].startswith("text/event-stream")
    assert text.endswith("\n\n")
    for event in text[:-2].split("\n\n"):
        for line in event.split("\n"):
            name, _, value = line.partition(": ")
            assert line == ":" or (name in ("data", "event") and value), f"{line!r} in {event!r}"
    return text


def events(text):
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


# ---- models


def test_models_are_listed_for_clients_of_several_apis(server):
    listed = server.get("/v1/models").json
    assert listed["object"] == "list" and listed["has_more"] is False
    model = listed["data"][0]
    assert listed["first_id"] == model["id"] and model["object"] == "model" and model["type"] == "model"
    assert isinstance(model["created"], int) and model["owned_by"] and model["created_at"].endswith("Z")
    assert model["max_model_len"] == 1024
    assert model["meta"]["n_ctx_train"] == 8192 and model["meta"]["n_vocab"] == 49152 and model["meta"]["n_embd"] == 576
    assert server.get("/models").json == listed
    for name in (model["id"], model["id"].upper(), "small", "small:latest"):
        assert server.get(f"/v1/models/{name}").json == model
    missing = server.get("/v1/models/no-such-model")
    assert missing.status == 404 and set(missing.json["error"]) == {"message", "type", "param", "code"}


def test_the_model_that_a_request_names_is_found_or_404(server):
    assert answer(server, model="small")["model"] == answer(server)["model"]
    refused = chat(server, model="gpt-4o")
    assert refused.status == 404 and "gpt-4o" in refused.json["error"]["message"]


# ---- the order of a stream


def test_chunks_come_in_the_order_that_clients_accumulate(server):
    body = {"messages": MESSAGES, "temperature": 0, "max_tokens": 6, "n": 3, "stream_options": {"include_usage": True}}
    *chunks, usage, done = events(raw_stream(server, "/v1/chat/completions", body))
    assert done == "[DONE]"
    assert len({(c["id"], c["created"], c["object"], c["model"]) for c in chunks + [usage]}) == 1
    assert chunks[0]["object"] == "chat.completion.chunk" and chunks[0]["id"].startswith("chatcmpl-")
    assert all(c["usage"] is None for c in chunks) and usage["choices"] == []
    assert usage["usage"]["completion_tokens"] == 18
    choices = [c["choices"][0] for c in chunks]
    assert all(len(c["choices"]) == 1 for c in chunks)
    assert [c["index"] for c in choices[:3]] == [0, 1, 2]
    assert all(c["delta"] == {"role": "assistant", "content": None} for c in choices[:3])
    for index in range(3):
        mine = [c for c in choices if c["index"] == index]
        assert all(set(c["delta"]) == {"content"} and c["finish_reason"] is None for c in mine[1:-1])
        assert mine[-1]["delta"] == {} and mine[-1]["finish_reason"] == "length"
        assert "".join(c["delta"]["content"] for c in mine[1:-1])


def test_without_include_usage_no_chunk_has_it(server):
    *chunks, done = events(raw_stream(server, "/v1/chat/completions", {"messages": MESSAGES, "max_tokens": 3}))
    assert done == "[DONE]" and all("usage" not in c and c["choices"] for c in chunks)


def test_a_stream_adds_up_to_the_whole(server):
    whole = answer(server, max_tokens=24, logprobs=True, top_logprobs=2)
    chunks = events(raw_stream(server, "/v1/chat/completions", {
        "messages": MESSAGES, "temperature": 0, "max_tokens": 24, "logprobs": True, "top_logprobs": 2}))[:-1]
    choices = [c["choices"][0] for c in chunks]
    assert "".join(c["delta"].get("content") or "" for c in choices) == whole["choices"][0]["message"]["content"]
    tokens = [t for c in choices if c["logprobs"] for t in c["logprobs"]["content"]]
    assert tokens == whole["choices"][0]["logprobs"]["content"]
    assert chunks[-1]["timings"]["predicted_n"] == 24


def test_a_whole_answer_has_what_clients_read(server):
    whole = answer(server)
    choice = whole["choices"][0]
    assert whole["object"] == "chat.completion" and whole["id"].startswith("chatcmpl-")
    assert choice["message"]["role"] == "assistant" and choice["message"]["refusal"] is None
    assert choice["logprobs"] is None and choice["finish_reason"] == "length"
    usage = whole["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["completion_tokens"] == 8 and usage["completion_tokens_details"]["reasoning_tokens"] == 0
    timings = whole["timings"]
    assert timings["cache_n"] == usage["prompt_tokens_details"]["cached_tokens"]
    assert timings["cache_n"] + timings["prompt_n"] == usage["prompt_tokens"] and timings["predicted_n"] == 8


def test_every_answer_has_its_ids_and_place(server):
    headers = chat(server).headers
    assert headers["x-request-id"] == headers["request-id"] and headers["x-request-id"].startswith("req_")
    assert headers["x-queue-position"] == "0"


# ---- likelihoods, stop texts, seeds


def test_tokens_told_are_the_text_also_where_a_stop_text_cuts_it(server):
    plain = answer(server, max_tokens=30)["choices"][0]["message"]["content"]
    for stop in (plain[9:12], plain[12:14], plain[5:15]):
        choice = answer(server, max_tokens=30, stop=stop, logprobs=True)["choices"][0]
        text = choice["message"]["content"]
        assert choice["finish_reason"] == "stop" and text == plain[:plain.index(stop)]
        told = b"".join(bytes(t["bytes"]) for t in choice["logprobs"]["content"]).decode()
        assert told.startswith(text) and len(told) - len(text) < 12, "whole tokens, none after the stop text began"


def test_likelihoods_are_sorted_and_the_greedy_token_is_the_first(server):
    for token in answer(server, logprobs=True, top_logprobs=5)["choices"][0]["logprobs"]["content"]:
        tops = [t["logprob"] for t in token["top_logprobs"]]
        assert len(tops) == 5 and tops == sorted(tops, reverse=True) and tops[0] <= 0
        assert token["top_logprobs"][0]["token"] == token["token"] and token["logprob"] == tops[0]
        assert bytes(token["bytes"]).decode(errors="replace") == token["token"]


def test_the_same_seed_gives_the_same_answer(server):
    fields = {"temperature": 1.5, "max_tokens": 12, "n": 4}
    first, again, other = (answer(server, seed=seed, **fields)["choices"] for seed in (7, 7, 8))
    assert first == again and first != other
    assert len({c["message"]["content"] for c in first}) > 1


def test_a_banned_token_does_not_come(server):
    first = answer(server, max_tokens=1, logprobs=True)["choices"][0]["logprobs"]["content"][0]
    second = answer(server, max_tokens=1, logit_bias={str(first["id"]): -100}, logprobs=True)
    assert second["choices"][0]["logprobs"]["content"][0]["id"] != first["id"]


# ---- the same bytes, alone and in company


def test_a_greedy_answer_is_the_same_alone_among_fifteen_others_and_cached(server):
    body = {"messages": [{"role": "user", "content": "Write about the sea."}], "temperature": 0, "max_tokens": 40}

    def text(fields):
        answered = server.post("/v1/chat/completions", fields)
        assert answered.status == 200, answered.text
        return answered.json["choices"][0]["message"]["content"]

    alone = text(body | {"cache_prompt": False})
    others = [{"messages": [{"role": "user", "content": f"{i}: tell me about the number {i}" + " and more" * i}],
               "temperature": 1, "seed": i, "max_tokens": 40} for i in range(15)]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(text, others[:7] + [body] + others[7:]))
    assert together[7] == alone
    cached = server.post("/v1/chat/completions", body).json
    assert cached["usage"]["prompt_tokens_details"]["cached_tokens"] > 0
    assert cached["choices"][0]["message"]["content"] == alone


# ---- completions


def test_completions_have_their_own_likelihoods(server):
    done = server.post("/v1/completions", {"prompt": "The sky is", "temperature": 0, "max_tokens": 5,
                                           "logprobs": 3}).json
    choice = done["choices"][0]
    lists = choice["logprobs"]
    assert done["object"] == "text_completion" and done["id"].startswith("cmpl-")
    assert "".join(lists["tokens"]) == choice["text"]
    assert lists["text_offset"] == [len("".join(lists["tokens"][:i])) for i in range(5)]
    for token, likelihood, tops in zip(lists["tokens"], lists["token_logprobs"], lists["top_logprobs"]):
        assert len(tops) == 3 and max(tops.values()) == likelihood == tops[token]


def test_completions_of_several_prompts_come_in_their_order(server):
    fields = {"temperature": 0, "max_tokens": 4, "n": 2}
    each = [server.post("/v1/completions", {"prompt": p} | fields).json for p in ("One two", "The sky is")]
    both = server.post("/v1/completions", {"prompt": ["One two", "The sky is"]} | fields).json
    assert [c["index"] for c in both["choices"]] == [0, 1, 2, 3]
    assert [c["text"] for c in both["choices"]] == [c["text"] for e in each for c in e["choices"]]
    assert both["usage"]["completion_tokens"] == 16
    assert both["usage"]["prompt_tokens"] == sum(e["usage"]["prompt_tokens"] for e in each)
    streamed = events(raw_stream(server, "/v1/completions", {"prompt": ["One two", "The sky is"]} | fields))[:-1]
    texts = ["".join(c["choices"][0]["text"] for c in streamed if c["choices"][0]["index"] == i) for i in range(4)]
    assert texts == [c["text"] for c in both["choices"]]


def test_completions_echo_the_prompt_as_text_and_as_tokens(server):
    for prompt in ("The sky is", [504, 6376, 314]):
        plain, echoed = (server.post("/v1/completions", {"prompt": prompt, "temperature": 0, "max_tokens": 4,
                                                         "echo": echo}).json["choices"][0]["text"]
                         for echo in (False, True))
        assert echoed.endswith(plain) and len(echoed) > len(plain)


def test_the_best_of_several_is_the_likeliest(server):
    fields = {"prompt": "The sky is", "temperature": 1.5, "seed": 3, "max_tokens": 6, "logprobs": 0}
    all_of_them = server.post("/v1/completions", fields | {"n": 6}).json["choices"]
    best = server.post("/v1/completions", fields | {"n": 2, "best_of": 6}).json
    means = sorted((sum(c["logprobs"]["token_logprobs"]) / len(c["logprobs"]["token_logprobs"]) for c in all_of_them),
                   reverse=True)
    assert [pytest.approx(sum(c["logprobs"]["token_logprobs"]) / 6) for c in best["choices"]] == means[:2]
    assert best["usage"]["completion_tokens"] == 36


# ---- embeddings


def test_embeddings_are_the_same_in_both_encodings_and_have_length_one(server):
    plain = server.post("/v1/embeddings", {"input": ["a cat", "two"]}).json
    packed = server.post("/v1/embeddings", {"input": ["a cat", "two"], "encoding_format": "base64"}).json
    for a, b in zip(plain["data"], packed["data"]):
        numbers = struct.unpack("<576f", base64.b64decode(b["embedding"]))
        assert a["embedding"] == pytest.approx(numbers, abs=1e-7)
        assert sum(x * x for x in numbers) == pytest.approx(1, abs=1e-5)
    assert [d["index"] for d in plain["data"]] == [0, 1] and plain["usage"]["total_tokens"] > 2


def test_a_text_has_one_vector_however_it_comes(server):
    many = [f"text number {i}" for i in range(20)]
    together = [d["embedding"] for d in server.post("/v1/embeddings", {"input": many}).json["data"]]
    alone = [server.post("/v1/embeddings", {"input": text}).json["data"][0]["embedding"]
             for text in (many[0], many[19])]
    assert [together[0], together[19]] == alone
    ids = server.post("/v1/embeddings", {"input": [[504, 6376], [314]]}).json
    assert len(ids["data"]) == 2 and ids["usage"]["prompt_tokens"] == 3


def test_rerank_says_how_it_ranks(server):
    body = {"query": "a cat", "documents": ["a cat", {"text": "the economy of Peru"}, "a kitten"]}
    ranked = server.post("/v1/rerank", body | {"top_n": 2, "return_documents": True})
    results = ranked.json["results"]
    assert ranked.json["method"] == "cosine" and len(results) == 2
    assert results[0]["index"] == 0 and results[0]["relevance_score"] == pytest.approx(1, abs=1e-5)
    assert results[0]["document"] == {"text": "a cat"}
    bare = server.post("/rerank", {"query": "a cat", "texts": ["the sea", "a cat"], "return_text": True}).json
    assert [(r["index"], r["text"]) for r in bare] == [(1, "a cat"), (0, "the sea")]
    assert bare[0]["score"] == pytest.approx(1, abs=1e-5)


# ---- responses


def test_events_of_a_response_are_numbered_and_build_the_object(server):
    text = raw_stream(server, "/v1/responses", {"input": "Say hello", "temperature": 0, "max_output_tokens": 6})
    assert "[DONE]" not in text
    names = [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]
    got = events(text)
    assert [e["type"] for e in got] == names and [e["sequence_number"] for e in got] == list(range(len(got)))
    deltas = [e for e in got if e["type"] == "response.output_text.delta"]
    assert names == ["response.created", "response.in_progress", "response.output_item.added",
                     "response.content_part.added", *["response.output_text.delta"] * len(deltas),
                     "response.output_text.done", "response.content_part.done", "response.output_item.done",
                     "response.incomplete"]
    assert got[0]["response"]["output"] == [] and got[0]["response"]["status"] == "in_progress"
    final = got[-1]["response"]
    assert all(e["item_id"] == final["output"][0]["id"] and e["output_index"] == 0 and e["content_index"] == 0
               and e["logprobs"] == [] for e in deltas)
    assert "".join(e["delta"] for e in deltas) == final["output"][0]["content"][0]["text"] == got[-4]["text"]
    assert final["status"] == "incomplete" and final["incomplete_details"] == {"reason": "max_output_tokens"}
    assert final["usage"]["output_tokens"] == 6 and "cached_tokens" in final["usage"]["input_tokens_details"]
    assert "reasoning_tokens" in final["usage"]["output_tokens_details"]


def test_a_response_is_kept_unless_it_is_told_not_to(server):
    fields = {"input": "Say hello", "temperature": 0, "max_output_tokens": 6}
    first = server.post("/v1/responses", fields).json
    second = server.post("/v1/responses", fields | {"input": "Again", "previous_response_id": first["id"]}).json
    assert second["previous_response_id"] == first["id"]
    assert second["usage"]["input_tokens"] > first["usage"]["input_tokens"]
    by_hand = server.post("/v1/responses", fields | {"input": [
        {"role": "user", "content": "Say hello"}, *first["output"], {"role": "user", "content": "Again"}]}).json
    assert by_hand["output"][0]["content"] == second["output"][0]["content"]
    by_name = server.post("/v1/responses", fields | {"input": [
        {"role": "user", "content": "Say hello"}, {"type": "item_reference", "id": first["output"][0]["id"]},
        {"role": "user", "content": "Again"}]}).json
    assert by_name["output"][0]["content"] == second["output"][0]["content"]
    assert server.get(f"/v1/responses/{first['id']}").json == first
    assert server.request("DELETE", f"/v1/responses/{first['id']}").json["deleted"] is True
    assert server.get(f"/v1/responses/{first['id']}").status == 404
    lost = server.post("/v1/responses", fields | {"previous_response_id": first["id"]})
    assert lost.status == 404 and lost.json["error"]["param"] == "previous_response_id"
    unkept = server.post("/v1/responses", fields | {"store": False}).json
    assert unkept["store"] is False and server.get(f"/v1/responses/{unkept['id']}").status == 404


def test_a_conversation_too_long_is_shortened_only_if_asked(server):
    items = [{"role": role, "content": "word " * 120} for _ in range(6) for role in ("user", "assistant")]
    body = {"input": items + [{"role": "user", "content": "Go on."}], "max_output_tokens": 4}
    refused = server.post("/v1/responses", body)
    assert refused.status == 400 and refused.json["error"]["type"] == "exceed_context_size_error"
    assert server.post("/v1/responses", body | {"truncation": "auto"}).json["usage"]["input_tokens"] < 1024


# ---- refusals

SAMPLING = {
    "model": [1, []], "temperature": ["hot", -0.1, 2.1, True], "top_p": [-0.1, 1.1, "x"], "min_p": [2],
    "top_k": [0.5, "x"],
    "repeat_penalty": [0, "x"], "presence_penalty": [-2.1, 2.1, []], "frequency_penalty": [3, {}], "seed": ["x", 1.5],
    "stop": [1, "", [""], [1], ["a", "b", "c", "d", "e"], {}, "x" * 300],
    "logit_bias": [1, {"x": 1}, {"1": "x"}, {"1": 101}, {"99999999": 1}, [[1]]], "stream": ["yes", 1],
    "stream_options": [True, {"include_usage": 1}], "cache_prompt": ["x"], "id_slot": ["x", -2], "ignore_eos": [1],
    "mirostat": [1], "dry_multiplier": [0.5], "typical_p": [0.3], "lora": [[{"id": 0}]],
}
LENGTHS = {"max_tokens": [0, -1, 1.5, "x", True], "n_predict": [0, -2, "x"], "n": [0, 17, "x", 1.5]}
WRONG = {
    "/v1/chat/completions": ({"messages": MESSAGES}, SAMPLING | LENGTHS | {
        "messages": [None, [], "x", {}, [1], [{}], [{"role": "x", "content": "x"}], [{"role": "user"}],
                     [{"role": "user", "content": 1}],
                     [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}]],
        "max_completion_tokens": [0, -1, "x"], "logprobs": [1, "x"], "top_logprobs": [-1, 21, "x", 5],
        "tools": ["x", {}, [1], [{}], [{"type": "x"}], [{"type": "function"}], [{"type": "custom", "custom": {}}],
                  [{"type": "function", "function": {}}], [{"type": "function", "function": {"name": 1}}],
                  [{"type": "function", "function": {"name": "f", "parameters": 1}}], [TOOL] * 129],
        "tool_choice": ["x", 1, "required", {}, {"type": "x"}, {"type": "function", "function": {"name": "none"}}],
        "parallel_tool_calls": ["x"], "functions": ["x", [1], [{}]], "function_call": ["x", {"name": "f"}],
        "response_format": ["x", {}, {"type": "x"}, {"type": "json_schema"},
                            {"type": "json_schema", "json_schema": {}}],
        "reasoning_effort": ["x", 1], "chat_template_kwargs": ["x", {"enable_thinking": 1}], "reasoning": ["x"],
        "user": [1], "metadata": ["x"], "service_tier": [1], "store": [1, True], "modalities": ["x", ["audio"]],
        "audio": [{"voice": "x"}], "web_search_options": [{"a": 1}], "verbosity": ["x", "low"],
        "return_progress": ["x"],
        "timings_per_token": [1],
    }),
    "/v1/completions": ({"prompt": "x"}, SAMPLING | LENGTHS | {
        "prompt": [None, 1, {}, [], [{}], [[]], [-1], ["a", 1], [1, "a"], [99999999], ["x"] * 129],
        "echo": [1], "suffix": [1],
        "best_of": [0, 17, "x"], "logprobs": [-1, 6, True, "x"], "grammar": [1], "json_schema": ["x"],
        "response_format": ["x", {"type": "x"}],
    }),
    "/v1/embeddings": ({"input": "x"}, {
        "input": [None, 1, {}, [], "", [""], [{}], [99999999], ["a", 1], ["x"] * 2049], "model": [1],
        "encoding_format": [1, "hex"], "dimensions": [0, "x", 12], "user": [1],
    }),
    "/v1/rerank": ({"query": "x", "documents": ["y"]}, {
        "query": [None, 1, ""], "documents": [None, "x", [], [1], [{}], [""]], "top_n": [0, "x"], "model": [1],
        "return_documents": [1],
    }),
    "/v1/responses": ({"input": "x"}, {name: values for name, values in SAMPLING.items()} | {
        "input": [None, 1, {}, [1], [{}], [{"role": "x", "content": "x"}], [{"type": "x"}], [{"role": "user"}],
                  [{"type": "function_call"}], [{"type": "function_call_output"}],
                  [{"role": "user", "content": [{"type": "input_image"}]}]],
        "instructions": [1], "max_output_tokens": [0, -1, "x"], "top_logprobs": [21, -1], "previous_response_id": [1],
        "tools": ["x", [1], [{}], [{"type": "web_search"}], [{"type": "function"}], [{"type": "custom", "name": "x"}]],
        "tool_choice": ["x", "required", {"type": "web_search"}, {"type": "function", "name": "f"}],
        "text": ["x", {"format": 1}, {"format": {"type": "x"}}, {"format": {"type": "json_schema", "name": "x"}}],
        "reasoning": ["x", {"effort": "x"}], "truncation": ["x"], "include": ["x", ["x"]], "store": ["x"],
        "metadata": ["x"], "background": ["x", True], "conversation": ["x"], "prompt": [{"id": "x"}],
        "max_tool_calls": [0],
    }),
}
CASES = [(path, name, value) for path, (_, fields) in WRONG.items() for name, values in fields.items()
         for value in values]


def test_a_field_of_a_wrong_type_or_range_is_a_400_that_names_it(server):
    wrong = []
    for path, name, value in CASES:
        body = WRONG[path][0] | {name: value}
        refused = server.post(path, body)
        shown = f"{path} {name}={str(value)[:60]}: {refused.status} {refused.text[:200]}"
        if refused.status != 400:
            wrong.append(shown)
            continue
        error = refused.json["error"]
        if set(error) != {"message", "type", "param", "code"} or not (error["param"] or "").startswith(name):
            wrong.append(shown)
    assert not wrong, "\n".join(wrong)


def test_null_is_as_if_it_were_not_there(server):
    demanded = {"messages", "prompt", "input", "query", "documents"}
    for path, (body, fields) in WRONG.items():
        nulls = {name: None for name in fields if name not in demanded}
        most = {"max_output_tokens": 1} if path == "/v1/responses" else {"max_tokens": 1}
        answered = server.post(path, body | nulls | most)
        assert answered.status == 200, f"{path}: {answered.text}"


def test_unknown_fields_are_ignored_and_harmless_ones_taken(server):
    assert chat(server, no_such_field={"a": [1]}, user="me", metadata={"a": "b"}, service_tier="auto", store=False,
                mirostat=0, typical_p=1, prediction={"type": "content", "content": "x"}, modalities=["text"],
                prompt_cache_key="x", safety_identifier="x", verbosity="medium", top_k=-1, seed=-1).status == 200


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"nonsense", b'{"messages":1,"messages":2}', b'{"a":1e999}', b"\xff", b"[" * 100000,
    b'{"a":' * 1000, b'{"messages": [{"role": "user", "content": "\\ud800"}]}'])
def test_what_is_no_json_is_a_400(server, body):
    for path in WRONG:
        refused = server.post(path, body)
        assert refused.status == 400, refused.text
        assert set(refused.json["error"]) == {"message", "type", "param", "code"}


def test_a_prompt_too_long_is_a_400_with_both_numbers(server):
    long = "word " * 3000
    for path, body in (("/v1/chat/completions", {"messages": [{"role": "user", "content": long}], "stream": True}),
                       ("/v1/completions", {"prompt": long}), ("/v1/responses", {"input": long}),
                       ("/v1/embeddings", {"input": long})):
        refused = server.post(path, body)
        error = refused.json["error"]
        assert refused.status == 400 and error["type"] == "exceed_context_size_error"
        assert error["n_prompt_tokens"] >= 3000 and error["n_ctx"] == 1024 and isinstance(error["code"], str)


def test_a_suffix_is_refused_by_a_model_that_cannot_fill_in(server):
    assert server.post("/v1/completions", {"prompt": "a", "suffix": "b"}).status == 501


def test_echo_and_likelihoods_do_not_go_together(server):
    refused = server.post("/v1/completions", {"prompt": "a", "echo": True, "logprobs": 1})
    assert refused.status == 400 and refused.json["error"]["param"] == "logprobs"
