"""llama-server's own API, as editors and scripts use it."""
import json

import pytest

GREEDY = {"temperature": 0, "n_predict": 12}


@pytest.fixture(scope="module")
def server(serve, smollm2, tmp_path_factory):
    return serve(smollm2, "--context", "1024", "--parallel", "4", "--slot-dir", tmp_path_factory.mktemp("slots"))


@pytest.fixture
def complete(server):
    return lambda **fields: server.post("/completion", {"prompt": "The capital of France is"} | GREEDY | fields)


def test_a_stream_is_the_whole_answer_and_its_tokens(server, complete):
    whole = complete(return_tokens=True).json
    with server.stream("/completion", {"prompt": "The capital of France is", "stream": True} | GREEDY) as stream:
        events = list(stream.events())
    assert "".join(event["content"] for event in events) == whole["content"]
    assert [id for event in events for id in event["tokens"]] == whole["tokens"]
    assert [event["stop"] for event in events] == [False] * (len(events) - 1) + [True]
    assert server.post("/detokenize", {"tokens": whole["tokens"]}).json["content"] == whole["content"]


def test_text_tokens_and_both_mixed_are_the_same_prompt(server, complete):
    text = "The capital of France is"
    ids = server.post("/tokenize", {"content": text}).json["tokens"]
    answers = complete(prompt=[text, ids, [*ids[:-1], " is"], {"prompt_string": text}]).json
    assert [answer["index"] for answer in answers] == [0, 1, 2, 3]
    assert len({answer["content"] for answer in answers}) == 1


def test_a_stop_word_is_told(complete):
    word = complete().json["content"].split()[1]
    told = complete(stop=[word, ""]).json
    assert told["stop_type"] == "word" and told["stopping_word"] == word and word not in told["content"]


def test_the_context_ends_an_answer_and_says_so(complete):
    told = complete(prompt="word " * 1000, n_predict=-1, ignore_eos=True, response_fields=["truncated", "stop_type"])
    assert told.json == {"truncated": True, "stop_type": "limit"}


def test_a_prompt_that_is_too_long_has_both_numbers(complete):
    error = complete(prompt="word " * 2000, stream=True).json["error"]
    assert error["type"] == "exceed_context_size_error" and error["n_ctx"] == 1024 < error["n_prompt_tokens"]


def test_a_grammar_and_a_schema_are_kept(complete):
    assert complete(grammar='root ::= "yes" | "no"').json["content"] in ("yes", "no")
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"],
              "additionalProperties": False}
    assert isinstance(json.loads(complete(json_schema=schema, n_predict=60).json["content"])["a"], bool)


def test_a_line_that_is_indented_less_ends_the_answer(complete):
    told = complete(n_indent=4, grammar='root ::= "x\\n    y\\n  z"', n_predict=40).json
    assert told["content"] == "x\n    y\n" and told["stop_type"] == "limit"


def test_a_banned_text_never_comes(complete):
    first = complete(n_predict=1).json["content"]
    assert complete(n_predict=1, logit_bias=[[first, False]]).json["content"] != first
    assert complete(n_predict=1, logit_bias={first: -1000}).json["content"] != first


@pytest.mark.parametrize("fields, words", [
    ({"prompt": []}, "prompt"), ({"prompt": [99999999]}, "prompt"), ({"prompt": 3}, "prompt"),
    ({"prompt": {"prompt_string": "x", "multimodal_data": ["aGk="]}}, "multimodal_data"),
    ({"n_predict": 0}, "n_predict"), ({"n_predict": "8"}, "n_predict"), ({"n_probs": 21}, "n_probs"),
    ({"samplers": ["top_p", "top_k"]}, "samplers"), ({"samplers": ["magic"]}, "magic"), ({"mirostat": 2}, "mirostat"),
    ({"dry_multiplier": 0.5}, "dry_multiplier"), ({"post_sampling_probs": True}, "post_sampling_probs"),
    ({"logit_bias": [[1]]}, "logit_bias"), ({"logit_bias": 3}, "logit_bias"), ({"stop": [3]}, "stop"),
    ({"response_fields": "content"}, "response_fields"), ({"lora": [{"id": 0}]}, "lora"), ({"n_cmpl": 17}, "n_cmpl"),
    ({"id_slot": 99}, "slot"), ({"grammar": "root ::= ("}, "grammar"), ({"temperature": -1}, "temperature")])
def test_what_is_wrong_is_named(complete, fields, words):
    answer = complete(**fields)
    assert answer.status == 400 and words in answer.json["error"]["message"]
    assert answer.json["error"]["code"] == 400 and answer.json["error"]["type"] == "invalid_request_error"


def test_pieces_that_are_no_text_are_bytes(server):
    rows = server.post("/tokenize", {"content": "é 媽", "with_pieces": True}).json["tokens"]
    whole = b"".join(bytes(row["piece"]) if isinstance(row["piece"], list) else row["piece"].encode() for row in rows)
    assert whole.decode() == "é 媽"


def test_the_template_is_applied_with_and_without_an_answer_begun(server):
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    with_answer = server.post("/apply-template", body).json["prompt"]
    without = server.post("/apply-template", body | {"add_generation_prompt": False}).json["prompt"]
    assert with_answer == without + "<|im_start|>assistant\n"
    counted = server.post("/chat/completions/input_tokens", body).json["input_tokens"]
    assert counted == len(server.post("/tokenize", {"content": with_answer}).json["tokens"])


def test_properties_and_slots_tell_of_the_server(server):
    props = server.get("/props").json
    assert props["total_slots"] == 4 and props["default_generation_settings"]["n_ctx"] == 1024
    slots = server.get("/slots").json
    assert [slot["id"] for slot in slots] == [0, 1, 2, 3] and not any(slot["is_processing"] for slot in slots)
    assert server.get("/lora-adapters").json == [] and server.post("/props").status == 501


def test_a_slot_is_saved_restored_and_forgotten(server, complete):
    assert complete(id_slot=2).status == 200
    saved = server.post("/slots/2?action=save", {"filename": "a.bin"}).json
    restored = server.post("/slots/1?action=restore", {"filename": "a.bin"}).json
    assert saved["n_saved"] == restored["n_restored"] > 5 and saved["n_written"] == restored["n_read"]
    assert server.post("/slots/2?action=erase", "").json["id_slot"] == 2


@pytest.mark.parametrize("path, body", [
    ("/slots/2?action=save", {"filename": "../x"}), ("/slots/2?action=save", {"filename": "a/b"}),
    ("/slots/2?action=save", {"filename": ""}), ("/slots/2?action=save", {}), ("/slots/2?action=sing", {}),
    ("/slots/2", {}), ("/slots/3?action=restore", {"filename": "none.bin"})])
def test_a_slot_leads_nowhere_else(server, path, body):
    assert server.post(path, body).status in (400, 404)


@pytest.mark.parametrize("path", ["/slots/99?action=erase", "/slots/x?action=erase", "/slots/-1?action=erase"])
def test_there_is_no_such_slot(server, path):
    assert server.post(path, {}).status in (400, 404)


def test_vectors_are_told_in_its_own_shape_and_norm(server):
    rows = server.post("/embedding", {"content": ["a cat", "a dog"]}).json
    assert [row["index"] for row in rows] == [0, 1]
    assert abs(sum(x * x for x in rows[0]["embedding"][0]) - 1) < 1e-4
    taxicab = server.post("/embedding", {"content": "a cat", "embd_normalize": 1}).json[0]["embedding"][0]
    assert abs(sum(abs(x) for x in taxicab) - 1) < 1e-4
