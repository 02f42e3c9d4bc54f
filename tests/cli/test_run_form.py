"""bastide run --json-schema and --grammar: an answer that can't but have its form, and errors that say where."""
import json

import pytest

PERSON = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer"}},
          "required": ["name", "age"], "additionalProperties": False}


def test_an_answer_is_json_of_the_schema(bastide, smollm2, tmp_path):
    (tmp_path / "person.json").write_text(json.dumps(PERSON))
    done = bastide("run", smollm2, "Invent a person.", "--json-schema", "person.json", "-n", "100", "--temperature",
                   "0", check=True)
    person = json.loads(done.stdout)
    assert list(person) == ["name", "age"]
    assert len(person["name"]) <= 20 and isinstance(person["age"], int)


def test_an_answer_is_a_text_of_the_grammar(bastide, smollm2, tmp_path):
    (tmp_path / "answer.gbnf").write_text('root ::= "yes" | "no"\n')
    for seed in "123":
        done = bastide("run", smollm2, "Is the sky blue?", "--grammar", "answer.gbnf", "--seed", seed, check=True)
        assert done.stdout in (b"yes\n", b"no\n")


@pytest.mark.parametrize("option, text, says", [
    ("--json-schema", "{", "not valid JSON"),
    ("--json-schema", '{"properties": {"a": {"not": {}}}}', "/properties/a: not: "),
    ("--json-schema", "", "not valid JSON"),
    ("--grammar", 'root ::= root "a"', "left recursion"),
    ("--grammar", 'root ::= "a', "line 1"),
    ("--grammar", "", 'no rule "root"'),
])
def test_what_is_wrong_with_a_form_is_told_with_its_file(bastide, tmp_path, option, text, says):
    (tmp_path / "form").write_text(text)
    done = bastide("run", "no-such-model", "Hello", option, "form")
    assert done.returncode == 2
    assert b"form: " in done.stderr and says.encode() in done.stderr


def test_two_forms_are_one_too_many(bastide):
    done = bastide("run", "no-such-model", "Hello", "--json-schema", "a", "--grammar", "b")
    assert done.returncode == 2
    assert b"leave one of them out" in done.stderr


def test_a_form_that_is_not_there_is_told(bastide):
    done = bastide("run", "no-such-model", "Hello", "--json-schema", "gone.json")
    assert done.returncode == 3
    assert b"gone.json" in done.stderr
