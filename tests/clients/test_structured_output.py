"""Every finished answer within a JSON Schema validates under Python's jsonschema; what is not supported is named.

The answers are random walks over the tokens that the engine allows (grammar_walk, built beside the program), so that
corners are visited that no model would go to. Some run with a real model, as users do.
"""
import datetime
import ipaddress
import json
import os
import subprocess
import uuid
from pathlib import Path

import pytest

jsonschema = pytest.importorskip("jsonschema")

VOCABULARY = Path(__file__).resolve().parent.parent / "goldens/tokens/smollm2-vocabulary.gguf"
SEED = os.environ.get("BASTIDE_SEED", "7")


def record(properties, **more):
    """An object as OpenAI's structured output wants it: all is required, nothing else allowed."""
    return {"type": "object", "properties": properties, "required": list(properties),
            "additionalProperties": False} | more


# From OpenAI's guide to structured outputs: what its users send.
GUIDE = {
    "calendar event": record({"name": {"type": "string"}, "date": {"type": "string"},
                              "participants": {"type": "array", "items": {"type": "string"}}}),
    "steps of mathematics": record({
        "steps": {"type": "array", "items": record({"explanation": {"type": "string"}, "output": {"type": "string"}})},
        "final_answer": {"type": "string"}}),
    "research paper": record({"title": {"type": "string"},
                              "authors": {"type": "array", "items": {"type": "string"}},
                              "abstract": {"type": "string"},
                              "keywords": {"type": "array", "items": {"type": "string"}}}),
    "moderation": record({"is_violating": {"type": "boolean", "description": "Indicates if it violates"},
                          "category": {"type": ["string", "null"], "enum": ["violence", "sexual", "self_harm", None]},
                          "explanation_if_violating": {"type": ["string", "null"]}}),
    "user interface": record(
        {"type": {"type": "string", "enum": ["div", "button", "header", "section", "field", "form"]},
         "label": {"type": "string", "description": "Used for buttons or form fields"},
         "children": {"type": "array", "items": {"$ref": "#"}},
         "attributes": {"type": "array", "items": record({"name": {"type": "string"}, "value": {"type": "string"}})}}),
    "linked list": record(
        {"linked_list": {"$ref": "#/$defs/linked_list_node"}},
        **{"$defs": {"linked_list_node": record({
            "value": {"type": "number"},
            "next": {"anyOf": [{"$ref": "#/$defs/linked_list_node"}, {"type": "null"}]}})}}),
    "anyOf of a user and an address": record({"item": {"anyOf": [
        record({"name": {"type": "string"}, "age": {"type": "number"}}, description="The user object"),
        record({"number": {"type": "string"}, "street": {"type": "string"}, "city": {"type": "string"}})]}}),
    "definitions": record(
        {"steps": {"type": "array", "items": {"$ref": "#/$defs/step"}}, "final_answer": {"type": "string"}},
        **{"$defs": {"step": record({"explanation": {"type": "string"}, "output": {"type": "string"}})}}),
    "string restrictions": record({
        "name": {"type": "string", "description": "The name of the user"},
        "username": {"type": "string", "pattern": "^@[a-zA-Z0-9_]+$"},
        "email": {"type": "string", "format": "email"}}),
    "number restrictions": record({
        "location": {"type": "string"},
        "unit": {"type": ["string", "null"], "enum": ["F", "C"]},
        "value": {"type": "number", "minimum": -130, "maximum": 130}}),
    "a weather tool": record({"location": {"type": "string", "description": "City and country, Bogotá, Colombia"},
                              "units": {"type": ["string", "null"], "enum": ["celsius", "fahrenheit"]}}),
}

OWN = {
    "any value": {},
    "true": True,
    "an object": {"type": "object"},
    "an array": {"type": "array"},
    "null": {"type": "null"},
    "a list of types": {"type": ["integer", "null", "boolean"]},
    "optional properties": {"type": "object", "properties": {c: {"type": "integer"} for c in "abcdef"},
                            "required": ["c", "e"], "additionalProperties": False},
    "nothing required": {"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}},
                         "additionalProperties": False},
    "an empty object": {"type": "object", "properties": {}, "additionalProperties": False},
    "names that need escapes": record({'a"b': {"type": "null"}, "c\\d": {"type": "null"}, "é\n": {"type": "null"}}),
    "further members of a kind": {"type": "object", "properties": {"a": {"type": "null"}, "ab": {"type": "null"}},
                                  "required": ["a"], "additionalProperties": {"type": "integer"}},
    "a map": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 3}},
    "further members of any kind": {"type": "object", "properties": {"é": {"type": "null"}, "è": {"type": "null"}},
                                    "additionalProperties": True},
    "required without being described": {"type": "object", "required": ["x"]},
    "counted items": {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 4},
    "very many items": {"type": "array", "items": {"type": "null"}, "minItems": 3, "maxItems": 1000000000},
    "no items": {"type": "array", "maxItems": 0},
    "a tuple": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False,
                "minItems": 1},
    "a tuple and more": {"type": "array", "prefixItems": [{"type": "null"}], "items": {"type": "boolean"},
                         "minItems": 3, "maxItems": 5},
    "a tuple that ends early": {"type": "array", "prefixItems": [{"type": "null"}] * 5, "maxItems": 2},
    "enum of all kinds": {"enum": ["a", "ab", "abc", "b", 1, 12, 1.5, None, True, [1, {"x": "é"}], {"k": []}, ""]},
    "const": {"const": {"a": [1, "\u2028\"\\"]}},
    "enum with types": {"type": "string", "enum": ["x", 3, "y"]},
    "nullable reference": {"anyOf": [{"$ref": "#/definitions/a"}, {"type": "null"}],
                           "definitions": {"a": {"type": "string", "maxLength": 2}}},
    "reference with more beside it": {"$ref": "#/$defs/a", "maximum": 5, "$defs": {"a": {"type": "integer",
                                                                                         "minimum": 3}}},
    "escaped reference": {"$ref": "#/$defs/a~1b%25", "$defs": {"a/b%": {"const": 1}}},
    "tree": {"$ref": "#/$defs/tree", "$defs": {"tree": record({
        "value": {"type": "integer"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 3}})}},
    "allOf": {"allOf": [{"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}, "required": ["a"]},
                        {"properties": {"a": {"maximum": 9}, "b": {"type": "null"}}, "required": ["b"]}]},
    "allOf of a reference": {"allOf": [{"$ref": "#/$defs/a"}], "description": "as pydantic writes it",
                             "$defs": {"a": {"enum": ["x", "y"]}}},
    "anyOf beside properties": {"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "null"}},
                                "anyOf": [{"required": ["a"]}, {"required": ["b"]}], "additionalProperties": False},
    "oneOf told apart by a constant": {"oneOf": [
        record({"kind": {"const": "circle"}, "radius": {"type": "number", "exclusiveMinimum": 0}}),
        record({"kind": {"const": "square"}, "side": {"type": "number", "minimum": 0.5, "maximum": 2.25}})]},
    "oneOf of types": {"oneOf": [{"type": "string", "maxLength": 1}, {"type": "integer"}, {"type": "array"}]},
    "lengths": {"type": "string", "minLength": 3, "maxLength": 5},
    "exact length": {"type": "string", "minLength": 4, "maxLength": 4},
    "pattern without anchors": {"type": "string", "pattern": "b+"},
    "pattern of alternatives": {"type": "string", "pattern": "^(red|gr(e|a)y|#[0-9a-f]{6})$"},
    "pattern with escapes": {"type": "string", "pattern": "^[\"\\\\\\n\\t]{1,4}\\d\\w\\s\\S\\D\\W.$"},
    "pattern with classes": {"type": "string", "pattern": "^[^a-z\\s]{2,3}[^\\d]?[é-ü]\\u00e9\\x41(?:b|c)?(d)*?$"},
    "pattern with lengths": {"type": "string", "pattern": "^[A-Z][a-z]*$", "minLength": 3, "maxLength": 6},
    "pattern of halves of anchors": {"type": "string", "pattern": "^a|b$"},
    "telephone": {"type": "string", "pattern": "^(\\([0-9]{3}\\))?[0-9]{3}-[0-9]{4}$"},
    "whole numbers between": {"type": "integer", "minimum": -17, "maximum": 1234},
    "whole numbers, strictly between": {"type": "integer", "exclusiveMinimum": -3, "exclusiveMaximum": 3},
    "whole numbers above a fraction": {"type": "integer", "minimum": 2.5, "maximum": 30.5},
    "large whole numbers": {"type": "integer", "minimum": 9007199254740993},
    "negative whole numbers": {"type": "integer", "maximum": -100},
    "multiples": {"type": "integer", "multipleOf": 7},
    "multiples between": {"type": "integer", "multipleOf": 15, "minimum": -100, "maximum": 100},
    "multiples of hundreds": {"type": "integer", "multipleOf": 2500, "minimum": 1},
    "numbers that are multiples": {"type": "number", "multipleOf": 5, "maximum": 1000},
    "numbers between": {"type": "number", "minimum": 0, "maximum": 1},
    "numbers strictly between": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1},
    "numbers below zero": {"type": "number", "exclusiveMaximum": 0},
    "numbers around zero": {"type": "number", "minimum": -0.125, "maximum": 33.1},
    "numbers above": {"type": "number", "exclusiveMinimum": 99.99},
    "large numbers": {"type": "number", "minimum": 123456789012},
    "one number": {"type": "number", "minimum": 2.5, "maximum": 2.5},
    **{f"format {name}": {"type": "string", "format": name} for name in (
        "date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")},
    "annotations": {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.org/x",
                    "$comment": "c", "title": "t", "description": "d", "default": 1, "examples": [1],
                    "deprecated": True, "readOnly": True, "writeOnly": False, "type": "integer", "maximum": 5},
}

REFUSED = [
    ({"type": "object", "properties": {"a": {"type": "string", "pattern": "(?=x)"}}}, "/properties/a: pattern: "),
    ({"type": "object", "properties": {"a": {"items": {"not": {}}}}}, "/properties/a/items: not: "),
    ({"patternProperties": {}}, "/: patternProperties: "),
    ({"if": {}, "then": {}}, "/: if: "),
    ({"type": "array", "uniqueItems": True}, "/: uniqueItems: "),
    ({"type": "array", "contains": {}}, "/: contains: "),
    ({"type": "object", "minProperties": 1}, "/: minProperties: "),
    ({"type": "object", "propertyNames": {}}, "/: propertyNames: "),
    ({"dependentRequired": {}}, "/: dependentRequired: "),
    ({"unevaluatedProperties": False}, "/: unevaluatedProperties: "),
    ({"type": "string", "format": "uri"}, "/: format: "),
    ({"type": "string", "format": 3}, "/: format: "),
    ({"type": "string", "pattern": "a\\b"}, "/: pattern: "),
    ({"type": "string", "pattern": "(a)\\1"}, "/: pattern: "),
    ({"type": "string", "pattern": "a^b"}, "/: pattern: "),
    ({"type": "string", "pattern": "[a"}, "/: pattern: "),
    ({"type": "string", "pattern": "(a+b+)+", "maxLength": 5}, "/: pattern: "),
    ({"type": "text"}, "/: type: "),
    ({"type": "string", "minLength": -1}, "/: minLength: "),
    ({"type": "string", "maxLength": "3"}, "/: maxLength: "),
    ({"type": "string", "minLength": 3, "maxLength": 2}, "/: minLength: "),
    ({"type": "number", "multipleOf": 0.01}, "/: multipleOf: "),
    ({"type": "integer", "multipleOf": 997}, "/: multipleOf: "),
    ({"type": "integer", "minimum": 3, "maximum": 2}, "/: minimum: "),
    ({"type": "integer", "minimum": 1, "maximum": 6, "multipleOf": 7}, "/: minimum: "),
    ({"type": "number", "exclusiveMinimum": True}, "/: exclusiveMinimum: "),
    ({"type": "number", "minimum": 0.12345678901234}, "/: minimum: "),
    ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "/: oneOf: "),
    ({"allOf": [{"pattern": "a"}, {"pattern": "b"}]}, "/allOf/1: pattern: "),
    ({"anyOf": []}, "/: anyOf: "),
    ({"enum": ["a"], "minLength": 1}, "/: minLength: "),
    ({"enum": "a"}, "/: enum: "),
    ({"$ref": "#/$defs/gone"}, "/: $ref: "),
    ({"$ref": "https://example.org/x"}, "/: $ref: "),
    ({"items": [{}]}, "/: items: "),
    ({"type": "array", "items": False, "minItems": 1}, "/: minItems: "),
    ({"type": "object", "required": "a"}, "/: required: "),
    ({"properties": []}, "/: properties: "),
    ({"$ref": "#"}, "left recursion"),
    ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "no value is possible"),
    ({"type": "object", "properties": {"a": 3}}, "/properties/a: a schema is an object, true or false"),
    (False, "no value is possible"),
    ({"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}], "type": "object"}}, "$ref": "#/$defs/a"}, "without end"),
]


@pytest.fixture(scope="module")
def walk(binary, tmp_path_factory):
    """walk(schema, count) gives that many random answers as texts, None for those that did not end."""
    program = binary.parent / "tests/grammar_walk"
    if not program.exists():
        pytest.skip(f"{program} is not built")
    folder = tmp_path_factory.mktemp("schemas")

    def run(kind, text, count):
        (folder / "grammar").write_text(text)
        return subprocess.run([program, kind, folder / "grammar", SEED, str(count), VOCABULARY], capture_output=True,
                              text=True, timeout=300)
    return run


def check_format(name, value):
    """Stricter than jsonschema, whose checks need packages of their own for most formats."""
    checks = {
        "date": datetime.date.fromisoformat,
        "date-time": datetime.datetime.fromisoformat,
        "time": datetime.time.fromisoformat,
        "ipv4": ipaddress.IPv4Address,
        "ipv6": ipaddress.IPv6Address,
        "uuid": uuid.UUID,
    }
    if name in checks:
        checks[name](value)
    else:
        jsonschema.validate(value, {"format": name}, format_checker=jsonschema.FormatChecker())


def validate(schema, text):
    value = json.loads(text)
    jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)
    if isinstance(schema, dict) and "format" in schema:
        check_format(schema["format"], value)


@pytest.mark.parametrize("name", [*GUIDE, *OWN])
def test_every_finished_answer_validates(walk, name):
    schema = (GUIDE | OWN)[name]
    done = walk("schema", json.dumps(schema), 30)
    assert done.returncode == 0, done.stderr
    texts = [json.loads(line) for line in done.stdout.splitlines() if line]
    assert len(texts) >= 3, "walks end"
    for text in texts:
        try:
            validate(schema, text)
        except Exception as wrong:
            pytest.fail(f"{text!r}: {wrong}")


@pytest.mark.parametrize("schema, place", REFUSED, ids=[json.dumps(schema)[:60] for schema, _ in REFUSED])
def test_what_is_not_supported_is_refused_by_place_and_name(walk, schema, place):
    done = walk("schema", json.dumps(schema), 1)
    assert done.returncode == 2, done.stdout
    assert place in done.stderr


@pytest.mark.parametrize("name", ["steps of mathematics", "user interface", "numbers around zero"])
def test_a_model_answers_within_the_schema(bastide, smollm2, tmp_path, name):
    schema = (GUIDE | OWN)[name]
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    done = bastide("run", smollm2, "Solve 8x + 7 = -23.", "--json-schema", "schema.json", "--json", "-n", "400",
                   "--temperature", "0.6", "--seed", "4", check=True)
    told = json.loads(done.stdout)
    if told["stop"] == "end":
        validate(schema, told["text"])
