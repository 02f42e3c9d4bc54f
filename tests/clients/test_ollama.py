"""The ollama package, synchronous and asynchronous, as its users use it."""
import asyncio
import hashlib
import json
from datetime import datetime, timezone

import pytest

ollama = pytest.importorskip("ollama", reason="ollama is not installed")

GREEDY = {"temperature": 0, "num_predict": 16}
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}


@pytest.fixture(scope="module")
def ollama_client(server):
    return ollama.Client(host=server.url)


@pytest.fixture(scope="module")
def name(ollama_client):
    return ollama_client.list().models[0].model


def test_the_list_has_dates_sizes_and_details(ollama_client):
    model = ollama_client.list().models[0]
    assert model.size > 1e6 and model.details.format == "gguf" and model.details.family == "llama"
    assert model.details.parameter_size.endswith("M") and model.modified_at < datetime.now(timezone.utc)


def test_show_tells_what_editors_ask_for(ollama_client, name):
    shown = ollama_client.show(name.upper() + ":latest")
    assert {"completion", "tools", "embedding"} <= set(shown.capabilities)
    assert shown.modelinfo["llama.context_length"] == 8192 and "im_start" in shown.template
    assert shown.modelinfo["general.architecture"] == "llama" and shown.modelinfo["general.basename"]


def test_chat_answers_and_counts(ollama_client, name):
    answer = ollama_client.chat(name, QUESTION, options=GREEDY)
    assert answer.message.content.strip() and answer.message.role == "assistant"
    assert answer.done and answer.done_reason in ("stop", "length")
    assert answer.prompt_eval_count > 10 and 1 <= answer.eval_count <= 16
    assert answer.total_duration >= answer.eval_duration > 0


def test_a_stream_is_the_whole_answer_in_pieces(ollama_client, name):
    whole = ollama_client.chat(name, QUESTION, options=GREEDY)
    pieces = list(ollama_client.chat(name, QUESTION, options=GREEDY, stream=True))
    assert "".join(piece.message.content for piece in pieces) == whole.message.content
    assert [piece.done for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert pieces[-1].eval_count == whole.eval_count and pieces[-1].prompt_eval_count == whole.prompt_eval_count


def test_prompt_counts_include_cached_tokens(ollama_client, name):
    first, second = (ollama_client.chat(name, QUESTION, options=GREEDY) for _ in range(2))
    assert first.prompt_eval_count == second.prompt_eval_count


def test_generate_goes_on_from_its_context(ollama_client, name):
    first = ollama_client.generate(name, "My name is Zebulon. Say hello.", options=GREEDY)
    second = ollama_client.generate(name, "What is my name?", context=first.context, options=GREEDY)
    assert second.prompt_eval_count > first.prompt_eval_count
    assert list(second.context[:len(first.context)]) == list(first.context)


def test_generate_raw_is_the_prompt_as_it_is(ollama_client, name):
    raw = ollama_client.generate(name, "The capital of France is", raw=True, options=GREEDY | {"num_predict": 4})
    told = ollama_client.generate(name, "The capital of France is", options=GREEDY | {"num_predict": 4})
    assert raw.prompt_eval_count < told.prompt_eval_count and "Paris" in raw.response


def test_system_changes_the_prompt(ollama_client, name):
    plain = ollama_client.generate(name, "Hi", options=GREEDY)
    said = ollama_client.generate(name, "Hi", system="You are a pirate. " * 10, options=GREEDY)
    assert said.prompt_eval_count > plain.prompt_eval_count + 20


def test_a_call_has_its_arguments_as_an_object(ollama_client, name):
    history = QUESTION + [
        {"role": "assistant", "content": "",
         "tool_calls": [{"function": {"name": "get_weather", "arguments": {"city": "Paris"}}}]},
        {"role": "tool", "tool_name": "get_weather", "content": "sunny"}]
    answer = ollama_client.chat(name, history, tools=[WEATHER], options=GREEDY)
    assert answer.done
    for stream in (False, True):
        asked = ollama_client.chat(name, [{"role": "user", "content": "Weather in Paris? Use get_weather."}],
                                   tools=[WEATHER], options=GREEDY | {"num_predict": 64}, stream=stream)
        calls = [call for piece in (asked if stream else [asked]) for call in piece.message.tool_calls or []]
        assert all(isinstance(call.function.arguments, dict) for call in calls)


def test_format_json_and_schema_are_kept(ollama_client, name):
    schema = {"type": "object", "properties": {"capital": {"type": "string", "maxLength": 20}},
              "required": ["capital"], "additionalProperties": False}
    answer = ollama_client.chat(name, QUESTION, format=schema, options=GREEDY | {"num_predict": 64})
    assert set(json.loads(answer.message.content)) == {"capital"}
    told = ollama_client.generate(name, "A JSON object with a colour", format="json",
                                  options={"temperature": 0, "num_predict": 200})
    assert told.done_reason == "length" or isinstance(json.loads(told.response), dict)


def test_vectors_have_length_one_and_the_dimensions_asked_for(ollama_client, name):
    both = ollama_client.embed(name, ["a cat", "a dog"])
    assert len(both.embeddings) == 2 and both.prompt_eval_count >= 4
    assert abs(sum(x * x for x in both.embeddings[0]) - 1) < 1e-4
    short = ollama_client.embed(name, "a cat", dimensions=64)
    assert len(short.embeddings[0]) == 64 and abs(sum(x * x for x in short.embeddings[0]) - 1) < 1e-4
    assert len(ollama_client.embeddings(name, "a cat").embedding) == len(both.embeddings[0])
    assert list(ollama_client.embed(name, []).embeddings) == []


def test_ps_tells_of_the_loaded_model(ollama_client, name):
    ollama_client.generate(name, keep_alive="5m")
    running = ollama_client.ps().models
    assert [model.model for model in running] == [name]
    left = (running[0].expires_at - datetime.now(timezone.utc)).total_seconds()
    assert 0 < left <= 301 and running[0].context_length == 2048


def test_without_a_prompt_the_model_is_loaded_or_unloaded(ollama_client, name):
    assert ollama_client.chat(name, []).done_reason == "load"
    assert ollama_client.generate(name, keep_alive=-1).done_reason == "load"
    assert (ollama_client.ps().models[0].expires_at - datetime.now(timezone.utc)).days > 365
    assert ollama_client.generate(name, keep_alive=0).done_reason == "unload"
    assert ollama_client.ps().models == []
    assert ollama_client.chat(name, [], keep_alive="5m").done_reason == "load"


def test_logprobs_follow_the_text(ollama_client, name):
    answer = ollama_client.chat(name, QUESTION, options=GREEDY, logprobs=True, top_logprobs=3)
    told = answer.logprobs
    assert "".join(token.token for token in told) == answer.message.content
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 3 for token in told)


@pytest.mark.parametrize("fields, words", [
    ({"options": {"temperature": "hot"}}, "options.temperature"), ({"options": {"num_predict": 0}}, "num_predict"),
    ({"options": {"top_p": 1.5}}, "options.top_p"), ({"options": {"mirostat": 2}}, "options.mirostat"),
    ({"options": {"stop": [""]}}, "options.stop"), ({"format": "yaml"}, "format"),
    ({"keep_alive": "soon"}, "keep_alive"), ({"think": "very"}, "think"), ({"think": True}, "think"),
    ({"messages": [{"role": "user", "content": "x", "images": ["aGk="]}]}, "messages[0].images"),
    ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"), ({"options": 3}, "options"),
    ({"options": {"seed": 1.5}}, "options.seed"), ({"stream": "yes"}, "stream")])
def test_what_is_wrong_is_named(server, name, fields, words):
    answer = server.post("/api/chat", {"model": name, "messages": QUESTION} | fields)
    assert answer.status == 400 and words in answer.json["error"]


def test_an_unknown_model_is_404_in_a_sentence(ollama_client):
    with pytest.raises(ollama.ResponseError) as failed:
        ollama_client.chat("no-such-model", QUESTION)
    assert failed.value.status_code == 404 and "no-such-model" in failed.value.error


def test_a_prompt_that_is_too_long_is_400_before_the_stream_begins(ollama_client, name):
    with pytest.raises(ollama.ResponseError) as failed:
        list(ollama_client.generate(name, "word " * 4000, stream=True))
    assert failed.value.status_code == 400 and "2048" in failed.value.error


def test_a_suffix_needs_a_model_for_it(ollama_client, name):
    with pytest.raises(ollama.ResponseError) as failed:
        ollama_client.generate(name, "def f():", suffix="return 1")
    assert failed.value.status_code == 501


def test_a_file_named_on_the_command_line_is_not_deleted(ollama_client, name, smollm2):
    with pytest.raises(ollama.ResponseError):
        ollama_client.delete(name)
    assert smollm2.is_file()
    with pytest.raises(ollama.ResponseError) as failed:
        ollama_client.delete("no-such-model")
    assert failed.value.status_code == 404


def test_a_model_of_the_store_is_deleted(serve, bastide, smollm2, tmp_path):
    bastide("model", "pull", f"file:{smollm2}", "--name", "alpha", check=True)
    bastide("model", "pull", f"file:{smollm2}", "--name", "beta", check=True)
    client = ollama.Client(host=serve("alpha", home=tmp_path / "home").url)
    assert {model.model for model in client.list().models} == {"alpha", "beta"}
    assert client.delete("Beta:latest").status == "success"
    assert [model.model for model in client.list().models] == ["alpha"]
    assert not (tmp_path / "home/models/beta").exists()


def test_the_asynchronous_client_streams_too(server, name):
    async def ask():
        client = ollama.AsyncClient(host=server.url)
        text = ""
        async for piece in await client.chat(name, QUESTION, options=GREEDY, stream=True):
            text += piece.message.content
        return text, (await client.list()).models
    text, models = asyncio.run(ask())
    assert text.strip() and len(models) == 1


def catalogue(home, model, sha256=None):
    """A catalogue of the user's own with one model, which is a file here."""
    home.mkdir(exist_ok=True)
    data = model.read_bytes()
    (home / "models.yaml").write_text(
        f"models:\n  - name: gamma\n    title: Gamma\n    licence: Apache-2.0\n    bytes: {len(data)}\n"
        f"    sha256: {sha256 or hashlib.sha256(data).hexdigest()}\n    source: here\n    date: 2026-11-24\n"
        f"    parts:\n      - file:{model}\n")


def test_a_pull_tells_its_progress_in_ollamas_words(serve, smollm2, tmp_path):
    catalogue(tmp_path / "home", smollm2)
    client = ollama.Client(host=serve(smollm2, home=tmp_path / "home").url)
    said = list(client.pull("Gamma:latest", stream=True))
    assert said[0].status == "pulling manifest" and said[-1].status == "success"
    bars = [line for line in said if line.digest]
    assert all(line.status == f"pulling {line.digest[7:19]}" and line.total for line in bars)
    assert {"gamma"} < {model.model for model in client.list().models}
    assert client.chat("gamma", QUESTION, options=GREEDY).done
    assert client.pull("gamma").status == "success"
    with pytest.raises(ollama.ResponseError) as failed:
        client.pull("no-such-model")
    assert failed.value.status_code == 404


def test_a_pull_that_fails_says_so_as_a_line(serve, smollm2, tmp_path):
    catalogue(tmp_path / "home", smollm2, sha256="0" * 64)
    client = ollama.Client(host=serve(smollm2, home=tmp_path / "home").url)
    with pytest.raises(ollama.ResponseError):
        list(client.pull("gamma", stream=True))
    assert "gamma" not in {model.model for model in client.list().models}


def test_no_pull_means_none(serve, smollm2):
    client = ollama.Client(host=serve(smollm2, "--no-pull").url)
    with pytest.raises(ollama.ResponseError):
        client.pull("smollm2-135m")
