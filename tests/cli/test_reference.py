"""Real models against llama.cpp (goldens/generate, goldens/perplexity): the same surprise at two stories, the same next
token wherever the choice is clear, the same prompt and ids from the chat template. They skip where the models are
not at hand."""
import json
from pathlib import Path

import numpy
import pytest

GOLDENS = Path(__file__).resolve().parent.parent / "goldens"
STORIES = {(row["model"], row["lang"]): row
           for row in json.loads((GOLDENS / "perplexity/perplexity.json").read_text())["results"]}


@pytest.fixture
def model(request, name):
    """The model that a test's parameter names."""
    return request.getfixturevalue(name)


# ---- perplexity ------------------------------------------------------------------------------------------------------

def perplexity(bastide, model, text, *options):
    said = bastide("perplexity", model, text, "--json", *options, timeout=300, check=True)
    return json.loads(said.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name, lang", STORIES)
def test_the_surprise_at_a_story_is_llama_cpps(bastide, model, name, lang):
    got, wanted = perplexity(bastide, model, GOLDENS / f"perplexity/{lang}.txt"), STORIES[name, lang]
    assert got["tokens"] == wanted["scored"]
    assert abs(got["mean_nll"] - wanted["mean_nll"]) < 0.02
    assert abs(numpy.log(got["perplexity"]) - got["mean_nll"]) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["smollm2", "gemma"])
def test_it_is_the_same_number_in_each_run_and_with_any_number_of_threads(bastide, model, name, tmp_path):
    text = (GOLDENS / "perplexity/en.txt").read_text()
    (tmp_path / "beginning.txt").write_text(text[:1200])
    wanted = perplexity(bastide, model, tmp_path / "beginning.txt", "--threads", 1)
    for options in [("--threads", 1), ("--threads", 2), ("--threads", 3)]:
        assert perplexity(bastide, model, tmp_path / "beginning.txt", *options) == wanted


# ---- the next token --------------------------------------------------------------------------------------------------

def prompts(name):
    return json.loads((GOLDENS / f"generate/{name}.json").read_text())["prompts"]


def logits_of_answer(bastide, model, tmp_path, prompt):
    """The rows that chose each of the answer's tokens: the answer is given, so that one choice does not change the
    next one's question."""
    ids = prompt["prompt_ids"] + prompt["ids"]
    bastide("eval", model, "--tokens", "-", "--logits", "answer.f32", stdin=json.dumps(ids).encode(), check=True)
    rows = numpy.fromfile(tmp_path / "answer.f32", "<f4").reshape(len(ids), -1)
    return rows[len(prompt["prompt_ids"]) - 1:-1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["smollm2", "gemma"])
def test_the_next_token_is_llama_cpps_wherever_the_choice_is_clear(bastide, model, name, tmp_path):
    steps = agreed = clear = 0
    for number, prompt in enumerate(prompts(name)):
        rows = logits_of_answer(bastide, model, tmp_path, prompt)
        assert len(rows) == len(prompt["steps"])
        for place, (row, step) in enumerate(zip(rows, prompt["steps"])):
            either = step["top"][0][0], step["f32_top"][0][0]
            agrees = int(row.argmax()) in either
            steps, agreed = steps + 1, agreed + agrees
            if min(step["margin"], step["f32_margin"]) > 1:
                clear += 1
                assert agrees, f"prompt {number}, step {place}: {row.argmax()}, not one of {either}"
    assert clear > 200
    assert agreed >= 0.9 * steps, f"{agreed} of {steps}"


# ---- the prompt ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["smollm2"])
def test_the_template_gives_llama_cpps_prompt_and_the_tokenizer_its_ids(bastide, model, name):
    for prompt in prompts(name):
        said = bastide("template", model, "--messages", "-", stdin=json.dumps(prompt["messages"]).encode(), check=True)
        assert said.stdout.decode() == prompt["prompt"]
        said = bastide("tokenize", model, "--json", stdin=prompt["prompt"].encode(), check=True)
        assert json.loads(said.stdout)["ids"] == prompt["prompt_ids"]


@pytest.mark.parametrize("name, lang", STORIES)
def test_a_whole_story_has_llama_cpps_ids(bastide, model, name, lang):
    said = bastide("tokenize", model, "--json", stdin=(GOLDENS / f"perplexity/{lang}.txt").read_bytes(), check=True)
    ids, wanted = json.loads(said.stdout)["ids"], STORIES[name, lang]
    assert ids in (wanted["ids"], wanted["bos"] + wanted["ids"])
