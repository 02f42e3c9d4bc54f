"""The openai package's tools and structured output: what must be called is called, what must fit its schema fits."""
import json

import pytest

openai = pytest.importorskip("openai", reason="openai is not installed")
jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")

MESSAGES = [{"role": "user", "content": "What is the weather in Paris?"}]


def tool(name, **properties):
    return {"type": "function", "function": {"name": name, "description": f"Tells the {name}.", "strict": True,
                                             "parameters": {"type": "object", "properties": properties,
                                                            "required": list(properties),
                                                            "additionalProperties": False}}}


WEATHER = tool("get_weather", city={"type": "string", "enum": ["Paris", "London", "Rome"]})
CLOCK = tool("get_time", zone={"type": "string", "enum": ["UTC", "CET"]})


# ---- tools


def test_no_tool_is_called_where_none_is_allowed(chat):
    message = chat(tools=[WEATHER, CLOCK], tool_choice="none").choices[0].message
    assert message.tool_calls is None and message.content


def test_tools_may_be_called(chat):
    choice = chat(tools=[WEATHER, CLOCK], tool_choice="auto", max_tokens=100).choices[0]
    if choice.message.tool_calls:
        assert choice.finish_reason == "tool_calls"
        assert all(call.function.name in ("get_weather", "get_time") for call in choice.message.tool_calls)


def check_call(call, *tools):
    parameters = {t["function"]["name"]: t["function"]["parameters"] for t in tools}
    assert call.type == "function" and call.id.startswith("call_")
    jsonschema.validate(json.loads(call.function.arguments), parameters[call.function.name])


@pytest.mark.parametrize("choice, allowed", [
    ("required", [WEATHER, CLOCK]),
    ({"type": "function", "function": {"name": "get_time"}}, [CLOCK]),
    ({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [
        {"type": "function", "function": {"name": "get_weather"}}]}}, [WEATHER]),
])
def test_a_tool_must_be_called(chat, choice, allowed):
    answered = chat(tools=[WEATHER, CLOCK], tool_choice=choice, parallel_tool_calls=False, max_tokens=100).choices[0]
    assert answered.finish_reason == "tool_calls" and not answered.message.content
    (call,) = answered.message.tool_calls
    check_call(call, *allowed)


def test_several_tools_may_be_called_at_once(chat):
    """How many a small model calls is its own affair; what a limit cuts off is the last call only."""
    fields = dict(tools=[WEATHER, CLOCK], tool_choice="required", parallel_tool_calls=True, max_tokens=120)
    answered = chat(**fields).choices[0]
    calls = answered.message.tool_calls
    assert calls and len({call.id for call in calls}) == len(calls)
    for call in calls if answered.finish_reason == "tool_calls" else calls[:-1]:
        check_call(call, WEATHER, CLOCK)
    streamed = {}
    for chunk in chat(stream=True, **fields):
        for delta in chunk.choices[0].delta.tool_calls or []:
            name, arguments = streamed.get(delta.index, ("", ""))
            streamed[delta.index] = (name + (delta.function.name or ""), arguments + delta.function.arguments)
    assert list(streamed.values()) == [(call.function.name, call.function.arguments) for call in calls]


def test_calls_and_results_in_the_history(chat):
    called = chat(tools=[WEATHER], tool_choice="required", parallel_tool_calls=False, max_tokens=100).choices[0].message
    history = MESSAGES + [called, {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": "It is sunny."}]
    assert chat(messages=history, tools=[WEATHER], tool_choice="none").choices[0].message.content


def test_streamed_calls_add_up(client, chat, model):
    fields = dict(tools=[WEATHER, CLOCK], tool_choice="required", parallel_tool_calls=False, max_tokens=100)
    whole = chat(**fields).choices[0]
    with client.chat.completions.stream(model=model, messages=MESSAGES, temperature=0, **fields) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion().choices[0]
    assert "tool_calls.function.arguments.delta" in kinds and "tool_calls.function.arguments.done" in kinds
    assert final.finish_reason == "tool_calls"
    assert [(c.function.name, c.function.arguments) for c in final.message.tool_calls] == [
        (c.function.name, c.function.arguments) for c in whole.message.tool_calls]
    for call in final.message.tool_calls:
        check_call(call, WEATHER, CLOCK)


def test_old_functions(chat):
    functions = [WEATHER["function"]]
    called = chat(functions=functions, function_call={"name": "get_weather"}, max_tokens=100).choices[0]
    assert called.finish_reason == "function_call" and called.message.function_call.name == "get_weather"
    assert json.loads(called.message.function_call.arguments)["city"] in ("Paris", "London", "Rome")
    history = MESSAGES + [called.message.model_dump(exclude_none=True),
                          {"role": "function", "name": "get_weather", "content": "sunny"}]
    assert chat(messages=history, functions=functions, function_call="none").choices[0].message.content


# ---- structured output


class Colour(pydantic.BaseModel):
    name: str = pydantic.Field(max_length=12)
    warm: bool
    share: int = pydantic.Field(ge=0, le=100)


def test_parsed_answers(client, model):
    parsed = client.chat.completions.parse(model=model, messages=[{"role": "user", "content": "A colour?"}],
                                           response_format=Colour, temperature=0, max_tokens=120)
    assert isinstance(parsed.choices[0].message.parsed, Colour)


def test_parsed_answers_in_a_stream(client, model):
    with client.chat.completions.stream(model=model, messages=[{"role": "user", "content": "A colour?"}],
                                        response_format=Colour, temperature=0, max_tokens=120) as stream:
        text = "".join(event.delta for event in stream if event.type == "content.delta")
        final = stream.get_final_completion().choices[0].message
    assert Colour.model_validate_json(text) == final.parsed


def test_any_object(chat):
    choice = chat(response_format={"type": "json_object"}, max_tokens=200,
                  messages=[{"role": "user", "content": 'Answer with JSON: {"colour": "..."}'}]).choices[0]
    if choice.finish_reason == "stop":
        assert isinstance(json.loads(choice.message.content), dict)
    assert choice.message.content.lstrip().startswith("{")


def object_of(**properties):
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


WORD = {"type": "string", "enum": ["red", "green", "blue"]}
SCHEMAS = [
    object_of(a=WORD),
    object_of(a={"type": "boolean"}, b={"type": "null"}),
    object_of(a={"type": "integer", "minimum": 0, "maximum": 9}),
    object_of(a={"type": "integer", "minimum": -20, "maximum": 120}),
    object_of(a={"type": "number", "minimum": 0, "maximum": 1}),
    object_of(a={"type": "integer", "enum": [1, 20, 300]}),
    object_of(a={"const": "fixed"}, b={"const": 7}),
    object_of(a={"type": "array", "items": WORD, "minItems": 2, "maxItems": 4}),
    object_of(a={"type": "array", "items": object_of(x={"type": "integer", "minimum": 0, "maximum": 99}), "minItems": 1,
                 "maxItems": 3}),
    object_of(a=object_of(b=object_of(c=object_of(d=WORD)))),
    object_of(a={"anyOf": [WORD, {"type": "integer", "minimum": 0, "maximum": 9}, {"type": "null"}]}),
    object_of(a={"type": ["string", "null"], "enum": ["x", None]}),
    object_of(a={"type": ["boolean", "null"]}),
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/colour"}, "b": {"$ref": "#/$defs/colour"}},
     "required": ["a", "b"], "additionalProperties": False, "$defs": {"colour": WORD}},
    {"type": "object", "properties": {"value": WORD, "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
     "required": ["value", "next"], "additionalProperties": False},
    object_of(date={"type": "string", "format": "date"}),
    object_of(time={"type": "string", "format": "date-time"}),
    object_of(id={"type": "string", "format": "uuid"}),
    object_of(ip={"type": "string", "format": "ipv4"}),
    object_of(plate={"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"}),
    object_of(name={"type": "string", "maxLength": 10}),
    object_of(name={"type": "string", "minLength": 2, "maxLength": 6}),
    {"type": "object", "properties": {"a": WORD, "b": {"type": "boolean"}}, "required": ["a"],
     "additionalProperties": False},
    object_of(**{f"field_{i}": {"type": "boolean"} for i in range(12)}),
    object_of(title={"type": "string", "title": "A title", "description": "with words", "maxLength": 8},
              **{"größe ✓": {"type": "integer", "minimum": 1, "maximum": 5}}),
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=range(len(SCHEMAS)))
def test_a_finished_answer_is_what_its_schema_allows(chat, schema):
    for seed, temperature in ((0, 0), (1, 1)):
        choice = chat(messages=[{"role": "user", "content": "Fill in the form."}], max_tokens=300, seed=seed,
                      temperature=temperature, response_format={
                          "type": "json_schema", "json_schema": {"name": "form", "strict": True, "schema": schema}},
                      ).choices[0]
        if choice.finish_reason == "stop":
            jsonschema.validate(json.loads(choice.message.content), schema,
                                format_checker=jsonschema.FormatChecker())
        else:
            assert "next" in schema["properties"], "only a list without an end may have none"


def test_a_keyword_that_is_not_supported_is_named(chat):
    with pytest.raises(openai.BadRequestError, match="dependentRequired"):
        chat(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {
            "type": "object", "properties": {"a": WORD}, "dependentRequired": {"a": ["b"]}}}})


# ---- responses

FLAT = {"type": "function"} | WEATHER["function"]


def test_responses_call_tools(client, model):
    called = client.responses.create(model=model, input="What is the weather in Paris?", tools=[FLAT], temperature=0,
                                     tool_choice="required", parallel_tool_calls=False, max_output_tokens=100)
    (call,) = [item for item in called.output if item.type == "function_call"]
    assert called.status == "completed"
    jsonschema.validate(json.loads(call.arguments), FLAT["parameters"])
    answered = client.responses.create(model=model, previous_response_id=called.id, tools=[FLAT], tool_choice="none",
                                       max_output_tokens=20, input=[{"type": "function_call_output",
                                                                     "call_id": call.call_id, "output": "sunny"}])
    assert answered.output_text


def test_streamed_responses_add_up(client, model):
    with client.responses.stream(model=model, input="What is the weather in Paris?", tools=[FLAT], temperature=0,
                                 tool_choice="required", parallel_tool_calls=False, max_output_tokens=100) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [e.sequence_number for e in events if hasattr(e, "sequence_number")] == list(range(len(events)))
    calls = [item for item in final.output if item.type == "function_call"]
    for index, item in enumerate(final.output):
        pieces = [e.delta for e in events if e.type == "response.function_call_arguments.delta"
                  and e.output_index == index]
        assert item.type != "function_call" or "".join(pieces) == item.arguments
    assert calls and events[-1].type == "response.completed"


def test_parsed_responses(client, model):
    parsed = client.responses.parse(model=model, input="A colour?", text_format=Colour, temperature=0,
                                    max_output_tokens=120)
    assert isinstance(parsed.output_parsed, Colour)
