"""bastide template: the prompt and nothing else, or an error that says what is wrong."""
import json

import pytest

MESSAGES = [{"role": "user", "content": "Hi"}]


@pytest.fixture
def files(tmp_path):
    """files(template, messages, tools=None) writes them and gives the arguments that name them."""
    def write(template, messages=MESSAGES, tools=None):
        (tmp_path / "t.jinja").write_text(template, encoding="utf-8")
        (tmp_path / "m.json").write_text(messages if isinstance(messages, str) else json.dumps(messages))
        arguments = ["--file", tmp_path / "t.jinja", "--messages", tmp_path / "m.json"]
        if tools is not None:
            (tmp_path / "tools.json").write_text(json.dumps(tools))
            arguments += ["--tools", tmp_path / "tools.json"]
        return arguments
    return write


def test_smollm2s_own_template_gives_the_golden_prompts(bastide, smollm2, goldens, tmp_path):
    for prompt in json.loads((goldens / "generate/smollm2.json").read_text())["prompts"]:
        (tmp_path / "m.json").write_text(json.dumps(prompt["messages"]))
        done = bastide("template", smollm2, "--messages", tmp_path / "m.json", check=True)
        assert done.stdout.decode() == prompt["prompt"]


def test_a_models_own_tokens_stand_for_bos_and_eos(bastide, smollm2, tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(MESSAGES))
    done = bastide("template", smollm2, "--messages", tmp_path / "m.json", "--no-generation-prompt", check=True)
    assert done.stdout.endswith(b"<|im_start|>user\nHi<|im_end|>\n")


def test_a_model_without_a_template_says_so(bastide, gemma, tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(MESSAGES))
    done = bastide("template", gemma, "--messages", tmp_path / "m.json")
    assert done.returncode == 3
    assert b"has no chat template" in done.stderr and b"--file" in done.stderr


def test_options_reach_the_template(bastide, files):
    source = "{{ bos_token }}|{{ eos_token }}|{{ add_generation_prompt }}|{{ tools|tojson }}"
    assert bastide("template", *files(source), check=True).stdout == b"||True|null"
    done = bastide("template", *files(source, tools=[{"name": "add"}]), "--no-generation-prompt", "--bos", "<s>",
                   "--eos", "é", check=True)
    assert done.stdout.decode() == '<s>|é|False|[{"name": "add"}]'


def test_messages_come_from_standard_input_too(bastide, files):
    done = bastide("template", *files("{{ messages[0].content }}")[:2], "--messages", "-",
                   stdin=json.dumps(MESSAGES).encode(), check=True)
    assert done.stdout == b"Hi"


def test_nothing_is_added_to_the_prompt(bastide, files):
    assert bastide("template", *files(""), check=True).stdout == b""
    assert bastide("template", *files("a\n\n"), check=True).stdout == b"a\n"


def test_keys_keep_their_order(bastide, files):
    messages = '[{"z": 1, "a": 2, "m": {"y": 1, "b": 2, "y": 3}}]'
    done = bastide("template", *files("{{ messages|tojson }}", messages), check=True)
    assert done.stdout == b'[{"z": 1, "a": 2, "m": {"y": 3, "b": 2}}]'


@pytest.mark.parametrize("template, messages, message", [
    ("a\nb {{ raise_exception('roles must alternate') }}", MESSAGES, "t.jinja:2: the template refuses: roles must"),
    ("{{ x.y.z }}", MESSAGES, "t.jinja:1: 'x' is undefined"),
    ("{{ messages[0].nope.x }}", MESSAGES, "'dict object' has no attribute 'nope'"),
    ("\n\n{{ 1|frobnicate }}", MESSAGES, "t.jinja:3: unknown filter 'frobnicate'"),
    ("{{ 1 is frobnicated }}", MESSAGES, "unknown test 'frobnicated'"),
    ("{{ frobnicate(1) }}", MESSAGES, "'frobnicate' is undefined"),
    ("\n{% frobnicate %}", MESSAGES, "t.jinja:2: unknown tag 'frobnicate'"),
    ("x", "[1, 2", "messages: line 1, column"),
    ("x", '{"role": "user"}', "messages: a JSON array is wanted"),
    ("x", "[" * 5000 + "]" * 5000, "messages: "),
    ("x", "[99999999999999999999]", "messages: "),
])
def test_what_goes_wrong_is_said_with_its_place(bastide, files, template, messages, message):
    done = bastide("template", *files(template, messages))
    assert (done.returncode, done.stdout) == (3, b"")
    assert message in done.stderr.decode()


def test_a_template_that_is_not_utf8_is_refused(bastide, files, tmp_path):
    arguments = files("x")
    (tmp_path / "t.jinja").write_bytes(b"abc\xff")
    done = bastide("template", *arguments)
    assert done.returncode == 3 and b"not UTF-8 at byte 3" in done.stderr


@pytest.mark.parametrize("arguments, message", [
    ((), "either a model or --file"),
    (("--file", "t.jinja"), "--messages is missing"),
    (("model.gguf", "--file", "t.jinja", "--messages", "m.json"), "either a model or --file"),
])
def test_wrong_use_is_said(bastide, tmp_path, arguments, message):
    (tmp_path / "t.jinja").write_text("x")
    done = bastide("template", *arguments)
    assert done.returncode == 2 and message in done.stderr.decode()


@pytest.mark.parametrize("missing", ["t.jinja", "m.json", "tools.json"])
def test_a_file_that_is_not_there_is_named(bastide, files, tmp_path, missing):
    arguments = files("x", tools=[])
    (tmp_path / missing).unlink()
    done = bastide("template", *arguments)
    assert done.returncode == 3 and missing in done.stderr.decode()
