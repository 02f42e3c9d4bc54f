"""The openai package, as its users use it: only the base URL is changed."""
import asyncio
import json
import time

import pytest

openai = pytest.importorskip("openai", reason="openai is not installed")

MESSAGES = [{"role": "user", "content": "What is the weather in Paris?"}]


# ---- chat


def test_models(client, model):
    assert client.models.retrieve(model).id == model
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")


def test_a_chat(chat):
    answered = chat()
    choice = answered.choices[0]
    assert choice.message.role == "assistant" and choice.message.content and choice.finish_reason in ("stop", "length")
    assert answered.usage.total_tokens == answered.usage.prompt_tokens + answered.usage.completion_tokens
    assert answered._request_id.startswith("req_")


def test_a_streamed_chat_is_the_same(chat):
    whole = chat().choices[0].message.content
    chunks = list(chat(stream=True, stream_options={"include_usage": True}))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole
    assert chunks[-1].usage.completion_tokens > 0 and chunks[-2].choices[0].finish_reason


def test_several_answers(chat):
    answered = chat(n=3, temperature=1, seed=1)
    assert [c.index for c in answered.choices] == [0, 1, 2]
    assert len({c.message.content for c in answered.choices}) > 1


def test_a_seed_repeats_an_answer(chat):
    one, two, three = (chat(temperature=1, seed=seed).choices[0].message.content for seed in (5, 5, 6))
    assert one == two != three


def test_stop_texts(chat):
    whole = chat().choices[0].message.content
    stop = whole[6:10]
    stopped = chat(stop=[stop, "no such text"]).choices[0]
    assert stopped.message.content == whole[:whole.index(stop)] and stopped.finish_reason == "stop"


def test_likelihoods(chat):
    answered = chat(logprobs=True, top_logprobs=3).choices[0]
    tokens = answered.logprobs.content
    assert "".join(t.token for t in tokens) == answered.message.content
    assert all(len(t.top_logprobs) == 3 and t.logprob <= 0 for t in tokens)


# ---- completions and embeddings


def test_completions(client, model):
    done = client.completions.create(model=model, prompt="The sky is", max_tokens=6, temperature=0, logprobs=2)
    choice = done.choices[0]
    assert "".join(choice.logprobs.tokens) == choice.text and len(choice.logprobs.top_logprobs[0]) == 2
    streamed = client.completions.create(model=model, prompt="The sky is", max_tokens=6, temperature=0, stream=True)
    assert "".join(c.choices[0].text for c in streamed) == choice.text


def test_embeddings_in_both_encodings(client, model):
    plain = client.embeddings.create(model=model, input=["one", "two"], encoding_format="float").data
    packed = client.embeddings.create(model=model, input=["one", "two"]).data
    for a, b in zip(plain, packed):
        assert a.embedding == pytest.approx(b.embedding, abs=1e-7)
        assert sum(x * x for x in a.embedding) == pytest.approx(1, abs=1e-5)


# ---- responses


def test_responses_go_on_from_each_other(client, model):
    first = client.responses.create(model=model, input="Say hello.", temperature=0, max_output_tokens=12)
    assert first.output_text and first.id.startswith("resp_")
    second = client.responses.create(model=model, input="Again.", previous_response_id=first.id, max_output_tokens=12)
    assert second.usage.input_tokens > first.usage.input_tokens + 10
    assert client.responses.retrieve(first.id).output_text == first.output_text
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model=model, input="Again.", previous_response_id=first.id)


# ---- many at once, and clients that go


def test_sixteen_at_once(server, model):
    async def ask_all():
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            return await asyncio.gather(*[client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": f"Count to {i}"}], max_tokens=8, temperature=0)
                for i in range(16)])

    answers = asyncio.run(ask_all())
    assert len(answers) == 16 and all(a.choices[0].message.content for a in answers)


def test_an_async_stream(server, model):
    async def read():
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none") as client:
            stream = await client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=8, stream=True)
            return [chunk async for chunk in stream]

    assert asyncio.run(read())[-1].choices[0].finish_reason


def test_who_goes_away_leaves_no_work_behind(server, chat):
    before = server.metric("bastide_generated_tokens_total")
    stream = chat(max_tokens=1500, stream=True, logit_bias={"2": -100})
    for _ in range(4):
        next(stream)
    assert server.metric("bastide_requests_running") == 1
    stream.close()
    deadline = time.monotonic() + 2
    while server.metric("bastide_requests_running") > 0:
        assert time.monotonic() < deadline, "the answer goes on without a reader"
    made = server.metric("bastide_generated_tokens_total")
    assert made == server.metric("bastide_generated_tokens_total") and made - before < 500


# ---- errors


@pytest.mark.parametrize("fields, kind, param", [
    ({"model": "gpt-4o"}, openai.NotFoundError, None),
    ({"temperature": 3}, openai.BadRequestError, "temperature"),
    ({"max_tokens": 0}, openai.BadRequestError, "max_tokens"),
    ({"messages": []}, openai.BadRequestError, "messages"),
    ({"tools": [{"type": "web_search"}]}, openai.BadRequestError, "tools[0].type"),
    ({"extra_body": {"store": True}}, openai.BadRequestError, "store"),
])
def test_errors_are_of_their_type_and_name_the_field(chat, fields, kind, param):
    with pytest.raises(kind) as caught:
        chat(**fields)
    assert caught.value.param == param and caught.value.type == "invalid_request_error"


def test_a_prompt_too_long_is_told_with_numbers(chat):
    with pytest.raises(openai.BadRequestError) as caught:
        chat(messages=[{"role": "user", "content": "word " * 4000}])
    assert caught.value.code == "context_length_exceeded" and caught.value.type == "exceed_context_size_error"
    assert caught.value.body["n_prompt_tokens"] > caught.value.body["n_ctx"] == 2048


def test_keys_are_asked_for(serve, smollm2, bastide, environment):
    made = json.loads(bastide("key", "add", "ann", "--scopes", "chat", "--json", check=True).stdout)
    server = serve(smollm2, home=environment["BASTIDE_HOME"])
    for key, kind in (("bst_wrong", openai.AuthenticationError), (made["key"], None)):
        client = openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0)
        if kind is None:
            assert client.models.list().data
            continue
        with pytest.raises(kind) as caught:
            client.models.list()
        assert caught.value.status_code == 401 and caught.value.code == "invalid_api_key"
