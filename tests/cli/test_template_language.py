"""The language of chat templates: whatever Python's jinja2 prints, the program prints, byte for byte; what it refuses,
the program refuses. The cases are in tests/templates: expressions.txt (one on each line), statements.txt (one template
on each line, \\n for a line break) and refused.txt."""
import json
import os
import random

import jinja_oracle
import pytest

# What the templates see as messages.
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "  Ça va? <b>\"quoted\"</b> & 'single'\n\tnext line  ", "weight": 3},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "a1", "type": "function",
         "function": {"name": "add", "arguments": {"x": 1, "y": -2.5, "deep": [[], {}]}}}]},
    {"role": "tool", "content": "-1.5e300", "name": "日本語 😀", "flags": [True, False, None]},
]

WHITE_SPACE = [
    "a\n", "a\n\n", "a\r\nb\rc\r\n", "\n", "", " ", "\n\n a \n", "x {% if true %} y {% endif %} z",
    "x\n  {% if true %}\n  y\n  {% endif %}\nz\n", "x\n  {%- if true -%}\n  y\n  {%- endif -%}\nz",
    "x\n  {%+ if true %}\n  y\n  {%+ endif %}\nz", "x\n  {% if true +%}\n  y\n  {% endif +%}\nz",
    "  {{- 1 -}}  a  {{ 2 }}  ", "a {{ 1 }}\nb", "a {{- 1 }}\n\n{{ 2 -}} \n b", "{{ 1 }}\n{{ 2 }}\n",
    "a\n  {# c #}\nb", "a\n  {#- c -#}\nb", "a\n  {#+ c +#}\nb", "a {# {{ x }} {% if %} #} b", "  {# c #}  \nb",
    "{% raw %}{{ x }} {% if %}{% endraw %}", "a\n  {% raw %}\n  {{ x }}\n  {% endraw %}\nb",
    "a {%- raw -%} b {%- endraw -%} c", "a\n  {% raw -%}\n  b  {%+ endraw +%}\n c", "\t{% if true %}\t{% endif %}\n",
    "\xa0{% if true %}x{% endif %}\u2003\n", "a\u2003\n {%- if true %}b{% endif %}",
    "{% if true %}\n\n\na{% endif %}", "{{ 'a\r\nb' }}", "{{ '{%' }}{{ '}}' }}{{ \"%}\" }}", "{{ {'a': {'b': 1}} }}",
    "{{ {'a':{'b':1}}}}", "{% set x = {'a':{}} %}{{ x }}", "} }} %} #}", "{ {", "{", "a{", "{%if true%}1{%endif%}",
    "x\n    {% for i in [1,2] %}\n    - {{ i }}\n    {% endfor %}\ny",
    "x\n    {%- for i in [1,2] %}\n    - {{ i }}\n    {%- endfor %}\ny",
    "{% set x = 1 %}\n{% set y = 2 -%}\n\n {{ x }}{{ y }}", "{% if true -%}\n a\n{%- endif %}\n",
    "{{ 1 }}{# c #}\n{{ 2 }}", "\x0c{% if true %}x{% endif %}", "a {%-if true-%} b {%-endif-%} c",
    "a\n\n   {%- if true %}\n   {{- 'b' }}\n   {%- endif %}\n\n",
    "{% if 1 %}a{% endif %} {% if 1 %}b{% endif %}\n c", "{#- a -#}\n\n{#- b -#} c", "{% raw %}{% endraw %}x",
    "{% raw %}\n{% endraw %}\nx", "a   {#- #}   b", "{%- set a=1 +%}\n b",
]

TESTED = ["x", "none", "true", "false", "0", "1", "2", "-3", "1.5", "''", "'abc'", "'ABC'", "[]", "[1]", "()", "{}",
          "range(2)", "messages[0]", "namespace()", "range", "'x'.upper", "[1]|map('string')"]
TESTS = ["defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "number", "string", "mapping",
         "sequence", "iterable", "callable"]


@pytest.fixture
def render(bastide, tmp_path):
    """render(template) is the program's CompletedProcess."""
    template, messages = tmp_path / "t.jinja", tmp_path / "m.json"
    messages.write_text(json.dumps(MESSAGES), encoding="utf-8")

    def run(source):
        template.write_bytes(source.encode())
        return bastide("template", "--file", template, "--messages", messages, "--bos", "<s>", "--eos", "</s>")
    return run


def expected(source):
    return jinja_oracle.render(source, MESSAGES, bos="<s>", eos="</s>")


def lines_of(root, name):
    return (root / "tests/templates" / name).read_text(encoding="utf-8").splitlines()


def differences(render, sources):
    """(template, what jinja2 prints, what the program prints or says) where they differ."""
    for source in sources:
        wanted, done = expected(source), render(source)
        if (done.stdout, done.stderr) != (wanted, b""):
            yield source, wanted, done.stdout or done.stderr


def check_expressions(render, expressions, before=""):
    """Many in one template, each on a line of its own; then, if something differs, one by one to show which."""
    source = before + "".join("{{ " + expression + " }}\n|" for expression in expressions)
    if render(source).stdout != expected(source):
        assert not [difference for expression in expressions
                    for difference in differences(render, [before + "{{ " + expression + " }}"])]
        pytest.fail("they differ only together")


def test_expressions(render, root):
    check_expressions(render, [line for line in lines_of(root, "expressions.txt") if not line.startswith("# ")])


def test_statements(render, root):
    assert not list(differences(render, [line.replace("\\n", "\n") for line in lines_of(root, "statements.txt")]))


def test_white_space(render):
    assert not list(differences(render, WHITE_SPACE))


@pytest.mark.parametrize("negation", ["", "not "])
def test_each_test_on_each_kind_of_value(render, negation):
    check_expressions(render, [f"{value} is {negation}{test}" for value in TESTED for test in TESTS])


def test_what_jinja2_refuses_is_refused_with_its_line(render, root, tmp_path):
    place = os.fsencode(tmp_path / "t.jinja") + b":2: "
    wrong = []
    for source in lines_of(root, "refused.txt"):
        with pytest.raises(Exception):
            expected(source)
            pytest.fail(f"jinja2 accepts {source}", pytrace=False)
        done = render("\n" + source)
        if done.returncode != 3 or done.stdout or not done.stderr.startswith(b"bastide: " + place):
            wrong.append((source, done.returncode, done.stdout, done.stderr))
    assert not wrong


def test_lists_can_be_appended_to(render):
    """Jinja's sandbox refuses it; engines in C++ allow it, and templates were made that use it."""
    done = render("{% set l = [1] %}{% set _ = l.append(2) %}{{ l }}")
    assert (done.stdout, done.returncode) == (b"[1, 2]", 0)


def test_a_slice_of_a_range_prints_as_a_list(render):
    """Python prints range(1, 4); no template is known that would."""
    done = render("{{ range(4)[1:] }}{{ range(4)[::-1] }}")
    assert (done.stdout, done.returncode) == (b"[1, 2, 3][3, 2, 1, 0]", 0)


# Names that stand for values of each kind: expressions that are constant jinja2 computes while it compiles, and there
# some failures vanish.
VALUES = """0;1;-2;7;2.5;-0.5;'';'abc';' Ab c ';'é日😀';'1.5';true;false;none;[];[3, 1, 2];['b', 'A'];(1, 'x');{};
            {'a': 1, 'b': [2]};range(4)|list;[[1, 2], [3]];messages[1].content""".split(";")
SET_VALUES = "".join(f"{{% set v{i} = {value.strip()} %}}" for i, value in enumerate(VALUES))

BINARY = "+ - * / // % ~ == != < <= > >= and or in".split() + ["not in"]
INDICES = ["[0]", "[-1]", "[1:]", "[::-1]", "[:2]", "['a']", "[9]"]
TESTED_FOR = ["defined", "none", "string", "mapping", "sequence", "iterable", "number", "true", "odd", "divisibleby 2",
              "in [1, 2]", "eq 1", "not none", "lower"]
# Not e: what it gives prints as Markup('...') inside lists, in Python alone.
FILTERS = """length trim upper lower title capitalize list first last join join('-') sort reverse|list unique|list
             tojson tojson(indent=1) string int float abs round default('d') default('d',true) replace('a','xy')
             indent(2) min max sum map('string')|list select|list batch(2)|list items|list dictsort wordcount
             center(7)""".split()
METHODS = """strip() upper() split() split('b') title() keys()|list items()|list get('a') startswith('a')
             replace('b','') find('c') count('a') splitlines() a role join(['p','q'])""".split()


def random_expression(chance, depth):
    if depth == 0:
        return chance.choice([f"v{i}" for i in range(len(VALUES))] + ["nothing", "messages"])
    a, b, c = (random_expression(chance, depth - 1) for _ in range(3))
    return chance.choice([
        f"({a}) {chance.choice(BINARY)} ({b})", f"({a})|{chance.choice(FILTERS)}", f"({a}).{chance.choice(METHODS)}",
        f"({a}) is {chance.choice(TESTED_FOR)}", f"({a}){chance.choice(INDICES)}", f"not ({a})", f"-({a})",
        f"({a}) if ({b}) else ({c})", f"[{a}, {b}]"])


def random_expressions(seed, count):
    """(those that jinja2 computes, those that it refuses)"""
    chance, good, bad = random.Random(seed), [], []
    for i in range(count):
        expression = random_expression(chance, 1 + i % 3)
        try:
            printed = expected(SET_VALUES + "{{ " + expression + " }}")
        except Exception:  # whatever Python raises is a refusal
            bad.append(expression)
        else:
            if b" at 0x" not in printed:  # an address
                good.append(expression)
    return good, bad


def test_random_expressions(render):
    seed = int(os.environ.get("BASTIDE_SEED", random.randrange(1 << 32)))
    print(f"BASTIDE_SEED={seed}")
    good, bad = random_expressions(seed, 1000)
    assert len(good) > 200 and len(bad) > 100
    check_expressions(render, good, SET_VALUES)
    sources = [SET_VALUES + "{{ " + expression + " }}" for expression in bad[:100]]
    assert not [source[len(SET_VALUES):] for source in sources if render(source).returncode != 3]
