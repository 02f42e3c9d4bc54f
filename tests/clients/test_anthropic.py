"""The anthropic package, synchronous and asynchronous, as its users use it."""
import asyncio
import json

import pytest

anthropic = pytest.importorskip("anthropic", reason="anthropic is not installed")

QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
WEATHER = {"name": "get_weather", "description": "The weather in a city",
           "input_schema": {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}},
                            "required": ["city"], "additionalProperties": False}}
GREEDY = {"temperature": 0}  # of the API, not of the package's functions any more
OTHERS = {"temperature", "top_k", "mcp_servers", "output_config"}


@pytest.fixture(scope="module")
def messages(server):
    with anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0, timeout=120) as client:
        yield client.messages


@pytest.fixture
def ask(messages):
    def create(**fields):
        body = GREEDY | {name: fields.pop(name) for name in OTHERS & set(fields)}
        return messages.create(**({"model": "smollm2-135m-instruct-q4_1", "max_tokens": 24, "messages": QUESTION,
                                   "extra_body": body} | fields))
    return create


def test_a_message_has_text_reason_and_usage(ask):
    answer = ask()
    assert answer.id.startswith("msg_") and answer.role == "assistant" and answer._request_id.startswith("req_")
    assert [block.type for block in answer.content] == ["text"] and answer.content[0].text.strip()
    assert answer.stop_reason in ("end_turn", "max_tokens") and answer.usage.output_tokens >= 1


def test_cached_tokens_are_told_apart_from_input(ask):
    first, second = (ask(system="Answer in one short sentence, please.") for _ in range(2))
    assert second.usage.cache_read_input_tokens > 0
    whole = [answer.usage.input_tokens + answer.usage.cache_read_input_tokens for answer in (first, second)]
    assert whole[0] == whole[1]


def test_events_come_in_their_order(ask):
    events = [event.type for event in ask(stream=True)]
    assert events[:2] == ["message_start", "content_block_start"]
    assert events[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(events[2:-3]) == {"content_block_delta"}


def test_the_streaming_helper_gathers_the_whole_message(ask, messages):
    whole = ask()
    with messages.stream(model="", max_tokens=24, extra_body=GREEDY, messages=QUESTION) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == whole.content[0].text == final.content[0].text
    assert final.stop_reason == whole.stop_reason and final.usage.output_tokens == whole.usage.output_tokens


def test_a_stop_sequence_is_told_and_left_out(ask):
    whole = ask().content[0].text
    word = whole.split()[2]
    answer = ask(stop_sequences=[word])
    assert answer.stop_reason == "stop_sequence" and answer.stop_sequence == word
    assert answer.content[0].text == whole[:whole.index(word)]


@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "get_weather"}])
def test_a_call_that_is_demanded_comes_first(ask, choice):
    answer = ask(tools=[WEATHER], tool_choice=choice | {"disable_parallel_tool_use": True}, max_tokens=200)
    assert [block.type for block in answer.content] == ["tool_use"] and answer.content[0].name == "get_weather"
    assert answer.stop_reason == "tool_use" and set(answer.content[0].input) == {"city"}
    assert ask(tools=[WEATHER], tool_choice=choice, max_tokens=60).content[0].type == "tool_use"


def test_a_call_is_streamed_as_pieces_of_json(messages):
    with messages.stream(model="", max_tokens=200, extra_body=GREEDY, messages=QUESTION, tools=[WEATHER],
                         tool_choice={"type": "any", "disable_parallel_tool_use": True}) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        final = stream.get_final_message()
    assert json.loads("".join(pieces)) == final.content[0].input
    assert final.stop_reason == "tool_use"


def test_results_of_tools_go_back(ask):
    call = ask(tools=[WEATHER], tool_choice={"type": "any"}, max_tokens=200).content[0]
    history = QUESTION + [{"role": "assistant", "content": [call.model_dump(include={"type", "id", "name", "input"})]},
                          {"role": "user", "content": [
                              {"type": "tool_result", "tool_use_id": call.id, "content": [
                                  {"type": "text", "text": "sunny"}]},
                              {"type": "text", "text": "So?"}]}]
    assert ask(messages=history, tools=[WEATHER]).content


def test_tools_may_be_forbidden(ask):
    answer = ask(tools=[WEATHER], tool_choice={"type": "none"})
    assert {block.type for block in answer.content} == {"text"}


def test_system_may_be_blocks_and_thinking_may_be_in_the_history(ask):
    system = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    history = QUESTION + [
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "Paris it is.", "signature": ""},
                                          {"type": "text", "text": "Paris."}]},
        {"role": "user", "content": "Sure?"}]
    assert ask(system=system, messages=history).content


def test_counting_needs_no_answer(messages, ask):
    counted = messages.count_tokens(model="", messages=QUESTION, tools=[WEATHER]).input_tokens
    bare = messages.count_tokens(model="", messages=QUESTION).input_tokens
    assert counted > bare > 5
    usage = ask().usage
    assert usage.input_tokens + usage.cache_read_input_tokens == bare


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


@pytest.mark.parametrize("fields, words", [
    ({"messages": []}, "messages"), ({"max_tokens": 0}, "max_tokens"), ({"temperature": 3}, "temperature"),
    ({"messages": [{"role": "user", "content": [IMAGE]}]}, "messages[0].content[0]: image"),
    ({"messages": [{"role": "user", "content": [{"type": "document", "source": {}}]}]}, "document"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"), ({"top_k": "x"}, "top_k"),
    ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "web_search_20250305"),
    ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, "bash_20250124"),
    ({"tools": [{"name": "x"}]}, "tools[0].input_schema"), ({"tool_choice": {"type": "any"}}, "tool_choice"),
    ({"stop_sequences": [""]}, "stop_sequences"), ({"thinking": {"type": "much"}}, "thinking.type"),
    ({"system": 3}, "system"), ({"mcp_servers": [{"url": "x"}]}, "mcp_servers")])
def test_what_is_wrong_is_named(ask, fields, words):
    with pytest.raises(anthropic.BadRequestError) as failed:
        ask(**fields)
    error = failed.value.body["error"]
    assert error["type"] == "invalid_request_error" and words in error["message"]
    assert failed.value.body["request_id"] == failed.value.request_id


def test_an_unknown_model_is_not_found(ask):
    with pytest.raises(anthropic.NotFoundError) as failed:
        ask(model="no-such-model")
    assert failed.value.body["error"]["type"] == "not_found_error"


def test_a_prompt_that_is_too_long_is_a_bad_request_even_for_a_stream(ask):
    with pytest.raises(anthropic.BadRequestError) as failed:
        ask(messages=[{"role": "user", "content": "word " * 4000}], stream=True)
    assert "2048" in failed.value.body["error"]["message"]


def test_a_schema_for_the_answer_is_kept(ask):
    schema = {"type": "object", "properties": {"capital": {"type": "string", "maxLength": 20}},
              "required": ["capital"], "additionalProperties": False}
    answer = ask(max_tokens=100, output_config={"format": {"type": "json_schema", "schema": schema}})
    assert set(json.loads(answer.content[0].text)) == {"capital"}


def test_the_asynchronous_client_streams_too(server):
    async def say():
        async with anthropic.AsyncAnthropic(base_url=server.url, api_key="none", max_retries=0) as client:
            async with client.messages.stream(model="", max_tokens=24, extra_body=GREEDY, messages=QUESTION) as stream:
                return "".join([text async for text in stream.text_stream])
    assert asyncio.run(say()).strip()


def test_the_beta_path_is_the_same(server):
    answer = server.post("/v1/messages?beta=true", {"max_tokens": 4, "messages": QUESTION})
    assert answer.status == 200 and answer.json["type"] == "message"
