"""Reasoning stands apart from the answer, in each of OpenAI's APIs: SmolLM2 with a template that has it think first,
and a history that shows it how."""
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import gguf_file  # noqa: E402

TEMPLATE = """{%- for message in messages -%}
<|im_start|>{{ message.role }}
{% if message.role == 'assistant' -%}
<think>
{{ message.reasoning_content if message.reasoning_content else '' }}
</think>

{% endif -%}
{{ message.content }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% if enable_thinking is defined and enable_thinking is false -%}
<think>

</think>

{% else -%}
<think>
{% endif -%}
{%- endif -%}"""

SHOWN = [message for word in ("Paris", "London", "Rome", "Oslo") for message in (
    {"role": "user", "content": f"Say {word}."},
    {"role": "assistant", "reasoning_content": f"I am to say {word}.", "content": f"{word}!"})]
MESSAGES = SHOWN + [{"role": "user", "content": "Say Berlin."}]


@pytest.fixture(scope="module")
def server(serve, smollm2, tmp_path_factory):
    file = gguf_file.read(smollm2)
    file.keys["tokenizer.chat_template"] = gguf_file.Text(TEMPLATE)
    path = tmp_path_factory.mktemp("models") / "thinker.gguf"
    file.write(path)
    return serve(path, "--context", "1024")


def ask(server, **fields):
    body = {"messages": MESSAGES, "temperature": 0, "max_tokens": 60} | fields
    answered = server.post("/v1/chat/completions", body)
    assert answered.status == 200, answered.text
    return answered.json


def test_a_whole_answer_has_its_reasoning_apart(server):
    answered = ask(server)
    message = answered["choices"][0]["message"]
    assert message["reasoning_content"] == message["reasoning"] and "Berlin" in message["reasoning"]
    assert message["content"] and "think" not in message["content"] + message["reasoning"]
    details = answered["usage"]["completion_tokens_details"]
    assert 0 < details["reasoning_tokens"] < answered["usage"]["completion_tokens"]


def test_a_stream_tells_reasoning_first_and_tokens_of_the_content_alone(server):
    whole = ask(server)["choices"][0]["message"]
    body = {"messages": MESSAGES, "temperature": 0, "max_tokens": 60, "stream": True, "logprobs": True}
    with server.stream("/v1/chat/completions", body) as stream:
        choices = [event["choices"][0] for event in stream.events() if event != "[DONE]"]
    deltas = [choice["delta"] for choice in choices]
    thought = [i for i, delta in enumerate(deltas) if "reasoning_content" in delta]
    said = [i for i, delta in enumerate(deltas) if delta.get("content")]
    assert max(thought) < min(said) and all(deltas[i]["reasoning"] == deltas[i]["reasoning_content"] for i in thought)
    assert "".join(deltas[i]["reasoning"] for i in thought) == whole["reasoning"]
    assert "".join(deltas[i]["content"] for i in said) == whole["content"]
    told = "".join(token["token"] for choice in choices if choice["logprobs"]
                   for token in choice["logprobs"]["content"])
    assert told.strip() == whole["content"].strip()


@pytest.mark.parametrize("fields", [{"reasoning_effort": "none"}, {"reasoning": {"effort": "none"}},
                                    {"reasoning": {"enabled": False}},
                                    {"chat_template_kwargs": {"enable_thinking": False}}])
def test_reasoning_is_turned_off(server, fields):
    answered = ask(server, **fields)
    message = answered["choices"][0]["message"]
    assert "reasoning" not in message and message["content"]
    assert answered["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


def test_a_form_holds_for_what_comes_after_the_reasoning(server):
    schema = {"type": "object", "properties": {"city": {"enum": ["Berlin", "Bonn"]}}, "required": ["city"],
              "additionalProperties": False}
    message = ask(server, max_tokens=120, response_format={"type": "json_schema", "json_schema": {
        "name": "city", "schema": schema}})["choices"][0]["message"]
    assert message["reasoning"] and json.loads(message["content"])["city"] in ("Berlin", "Bonn")


def test_a_response_has_an_item_of_reasoning_that_may_come_back(server):
    items = [item for message in SHOWN for item in (
        [{"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text",
                                                           "text": message["reasoning_content"]}]}]
        if "reasoning_content" in message else []) + [{"role": message["role"], "content": message["content"]}]]
    body = {"input": items + [MESSAGES[-1]], "temperature": 0, "max_output_tokens": 60}
    whole = ask(server)["choices"][0]["message"]
    answered = server.post("/v1/responses", body).json
    thought, said = answered["output"]
    assert thought["type"] == "reasoning" and thought["content"] == [
        {"type": "reasoning_text", "text": whole["reasoning"]}]
    assert said["type"] == "message" and said["content"][0]["text"] == whole["content"]
    assert answered["usage"]["output_tokens_details"]["reasoning_tokens"] > 0
    with server.stream("/v1/responses", body | {"stream": True}) as stream:
        events = list(stream.events())
    kinds = [event["type"].removeprefix("response.") for event in events]
    first = kinds.index("output_item.added")
    assert kinds[first:first + 3] == ["output_item.added", "content_part.added", "reasoning_text.delta"]
    assert kinds.index("reasoning_text.done") < kinds.index("output_item.done") < kinds.index("output_text.delta")
    assert [item["content"] for item in events[-1]["response"]["output"]] == [thought["content"], said["content"]]
    onward = server.post("/v1/responses", body | {"input": "Say Bonn.", "previous_response_id": answered["id"]}).json
    assert onward["usage"]["input_tokens"] > answered["usage"]["input_tokens"]
