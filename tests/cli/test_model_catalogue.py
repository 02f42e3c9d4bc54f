"""The catalogue: data/models.yaml inside the program, and the user's own."""
import json
import re

import pytest

from model_world import gguf


@pytest.fixture
def own(tmp_path):
    """Writes the user's models.yaml."""
    def write(text):
        (tmp_path / "home").mkdir(exist_ok=True)
        (tmp_path / "home/models.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return write


def available(bastide):
    return {model["name"]: model
            for model in json.loads(bastide("model", "list", "--json", check=True).stdout)["available"]}


def test_every_model_of_the_catalogue_can_be_checked(bastide):
    models = available(bastide)
    assert {"smollm2-135m", "gemma3-270m"} <= set(models)
    assert [name for name, model in models.items() if model["default"]] == ["smollm2-135m"]
    for name, model in models.items():
        assert re.fullmatch("[0-9a-f]{64}", model["sha256"]), name
        assert model["bytes"] > 0 and model["title"] and model["licence"], name
        assert model["source"].startswith("https://"), name
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", model["date"]), name


def test_own_models_are_added_and_replace_those_of_the_same_name(bastide, own, tmp_path):
    path = tmp_path / "x.gguf"
    path.write_bytes(gguf())
    own(f"default: ours\nmodels:\n  - {{name: ours, parts: ['file:{path}'], licence: ours}}\n"
        f"  - {{name: smollm2-135m, title: replaced, parts: ['file:{path}']}}\n")
    models = available(bastide)
    assert models["ours"]["default"] and not models["smollm2-135m"]["default"]
    assert models["smollm2-135m"]["title"] == "replaced" and "gemma3-270m" in models
    bastide("model", "pull", "ours", check=True)
    assert "ours" not in available(bastide)


@pytest.mark.parametrize("text", ["", "# nothing\n", "models: []\n"])
def test_an_empty_file_adds_nothing(bastide, own, text):
    own(text)
    assert set(available(bastide)) >= {"smollm2-135m", "gemma3-270m"}


@pytest.mark.parametrize("text, words", [
    ("models: [", "line 2"),
    ("models:\n  - {name: x}\n", "line 2: parts are missing"),
    ("models:\n  - {parts: ['file:/x']}\n", "line 2: a name"),
    ("models:\n  - {name: ../x, parts: ['file:/x']}\n", "line 2: a name"),
    ("models:\n  - name: x\n    part: file:/x\n", "line 3: no such key"),
    ("models:\n  - {name: x, parts: file:/x}\n", "a list"),
    ("models:\n  - {name: x, parts: []}\n", "sources are wanted"),
    ("models:\n  - {name: x, parts: [{a: b}]}\n", "a text"),
    ("models:\n  - {name: x, parts: ['file:/x'], sha256: abc}\n", "sha256"),
    ("models:\n  - {name: x, parts: ['file:/x'], bytes: -1}\n", "number of bytes"),
    ("models:\n  - {name: x, parts: ['file:/x'], bytes: 99999999999999999999}\n", "number of bytes"),
    ("models:\n  - {name: x, parts: ['file:/x'], bytes: 1e9}\n", "number of bytes"),
    ("models: 5\n", "a list"),
    ("models: [5]\n", "a mapping"),
    ("default: nonesuch\n", "nonesuch"),
    ("default: [a]\n", "a text"),
    ("modles: []\n", "line 1: no such key"),
    ("- a\n", "wanted here"),
    ("5\n", "wanted here"),
    (b"models: [\xff]\n", "line"),
    (b"a: \x00\n", "line"),
    ("a: &a [*a]\n", "no such key"),
    ("models: &a [*a]\n", "a mapping"),
    pytest.param("[" * 100000, "nested too deeply", id="deep"),
    pytest.param("a: " + "{a: " * 100000, "nested too deeply", id="deep mappings"),
    pytest.param("- " * 100000, "line", id="deep lists"),
    pytest.param("? " * 100000, "line", id="deep keys"),
    pytest.param("# " + "x" * 2**20 + "\n", "models.yaml", id="large"),
])
def test_a_mistake_in_the_own_file_is_told_with_its_line(bastide, own, text, words):
    own(text)
    done = bastide("model", "list", timeout=10)
    said = done.stderr.decode()
    assert done.returncode == 3 and words in said and "models.yaml" in said, said


def test_sources_that_cannot_be_joined_are_refused(bastide, own):
    own("models:\n  - {name: x, parts: ['file:/x', 'file:/y']}\n  - {name: y, parts: ['pypi:x', 'file:/y']}\n"
        "  - {name: z, parts: ['http://localhost/x']}\n")
    for name, words in (("x", "joined"), ("y", "different kinds"), ("z", "not a source")):
        done = bastide("model", "pull", name)
        assert done.returncode == 3 and words in done.stderr.decode(), done.stderr
