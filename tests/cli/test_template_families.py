"""Templates in the style of each family of models, with conversations of each kind: the prompt is jinja2's, byte for
byte, or both refuse. The templates are written after the formats that the families publish."""
import itertools
import json
import os

import jinja_oracle
import pytest

CALL = {"id": "abc123def", "type": "function",
        "function": {"name": "get_weather", "arguments": {"place": "Liège", "days": 3, "exact": True, "extra": None}}}
PARTS = [{"type": "text", "text": " What is this? "}, {"type": "image"}]

CONVERSATIONS = {
    "user": [{"role": "user", "content": "Hello"}],
    "system": [{"role": "system", "content": "Be brief.\n"}, {"role": "user", "content": "  Hi  "}],
    "turns": [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"},
              {"role": "user", "content": "Sure?\n\nReally?"}],
    "system turns": [{"role": "system", "content": "Réponds en français."}, {"role": "user", "content": "Ça va ?"},
                     {"role": "assistant", "content": " Très bien, \"merci\" <b>&</b> 'toi' ? "},
                     {"role": "user", "content": "日本語 😀 \u00a0\u2028"}],
    "assistant last": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}],
    "thinking": [{"role": "user", "content": "Why?"},
                 {"role": "assistant", "content": "<think>\nHm.\n</think>\n\nBecause."},
                 {"role": "user", "content": "And?"},
                 {"role": "assistant", "content": "So.", "reasoning_content": "\nLet me see.\n"}],
    "calls": [{"role": "user", "content": "Weather?"}, {"role": "assistant", "content": "", "tool_calls": [CALL]},
              {"role": "tool", "content": "{\"sky\": \"grey\"}", "tool_call_id": "abc123def", "name": "get_weather"},
              {"role": "assistant", "content": "Grey."}, {"role": "user", "content": "Thanks"}],
    "open call": [{"role": "system", "content": "Use tools."}, {"role": "user", "content": "Weather?"},
                  {"role": "assistant", "content": None, "tool_calls": [CALL, CALL]},
                  {"role": "tool", "content": "a", "tool_call_id": "abc123def"},
                  {"role": "tool", "content": "b", "tool_call_id": "abc123def"}],
    "parts": [{"role": "user", "content": PARTS}],
    "two users": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
    "roles": [{"role": "developer", "content": "x"}, {"role": "user", "content": "y"},
              {"role": "ipython", "content": "z"}],
    "null": [{"role": "user", "content": None}],
    "no content": [{"role": "user"}],
    "empty": [{"role": "user", "content": ""}, {"role": "assistant", "content": ""}],
    "markup": [{"role": "user", "content": "{{ 1 + 1 }} {% raw %} {# x #} <|im_end|> [/INST]\r\n\t\\n \\u0041"}],
    "no messages": [],
}

TOOLS = [
    {"type": "function", "function": {
        "name": "get_weather", "description": "The weather at a place, in \"°C\".\nBy day.",
        "parameters": {"type": "object", "required": ["place"], "properties": {
            "place": {"type": "string", "description": "A town"}, "days": {"type": "integer", "default": 1},
            "unit": {"type": "string", "enum": ["C", "F"], "default": "C"},
            "exact": {"type": ["boolean", "null"]}, "grid": {"type": "array", "items": {"type": "array", "items": {
                "type": "number"}}}, "names": {"type": "array", "items": {"type": "string"}, "nullable": True},
            "place_or_id": {"oneOf": [{"type": "string", "description": "name"}, {"type": "integer"}], "default": "x"},
            "where": {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "number"}},
                      "required": ["x"], "additionalProperties": {"type": "number"}}, "any": {}}}}},
    {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}},
]


def families(root):
    return sorted((root / "tests/templates").glob("*.jinja"))


def jinja2_says(source, messages, tools, prompt):
    """(the prompt, None) or (None, what raise_exception said or "")."""
    try:
        return jinja_oracle.render(source, messages, tools, prompt, "<s>", "</s>"), None
    except jinja_oracle.jinja2.exceptions.TemplateError as error:
        return None, str(error) if type(error) is jinja_oracle.jinja2.exceptions.TemplateError else ""
    except TypeError:
        return None, ""


@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_every_family_renders_as_jinja2_does(bastide, root, tmp_path, conversation):
    messages, wrong = CONVERSATIONS[conversation], []
    (tmp_path / "m.json").write_text(json.dumps(messages))
    (tmp_path / "tools.json").write_text(json.dumps(TOOLS))
    for path, tools, prompt in itertools.product(families(root), (None, TOOLS), (True, False)):
        expected, refusal = jinja2_says(path.read_text(encoding="utf-8"), messages, tools, prompt)
        done = bastide("template", "--file", path, "--messages", tmp_path / "m.json", "--bos", "<s>", "--eos", "</s>",
                       *([] if tools is None else ["--tools", tmp_path / "tools.json"]),
                       *([] if prompt else ["--no-generation-prompt"]))
        if refusal is None:
            same = (done.stdout, done.returncode) == (expected, 0)
        else:
            same = (done.stdout, done.returncode) == (b"", 3) and os.fsencode(refusal) in done.stderr
        if not same:
            wrong.append((path.name, tools is not None, prompt, expected, refusal, done.stdout, done.stderr))
    assert not wrong


def test_every_family_renders_something(root):
    """Guards the test above: a template that refuses everything would compare nothing."""
    for path in families(root):
        source = path.read_text(encoding="utf-8")
        rendered = [name for name, messages in CONVERSATIONS.items() if jinja2_says(source, messages, None, True)[0]]
        assert len(rendered) >= 4, path.name
