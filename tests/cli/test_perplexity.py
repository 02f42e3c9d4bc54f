"""bastide perplexity: the windows that it promises, scored as numpy scores what eval gives for them. The model is a
golden one that was given a vocabulary: a token for each byte."""
import json

import gguf_file
import numpy
import pytest
from gguf_file import Array, Text, U32, Value

BOS = 7
MERGE = "\u0100 \u0101"  # of bytes 0 and 1, which no text here has; a vocabulary without merges is refused
STORY = ("Il était une fois, dans une bastide, un marché au milieu de la place.\n" * 5).encode()


def byte_texts():
    """How GPT-2's vocabularies write each byte: as itself where that can be seen, else as a letter past U+0100."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte if byte in plain else next(others)) for byte in range(256)]


@pytest.fixture
def talking(goldens, tmp_path):
    """talking(bos) is the path of a model whose ids are bytes; bos: whether texts begin with BOS."""
    def make(bos, edit=lambda file: None):
        file = gguf_file.read(goldens / "models/llama.gguf")
        file.keys.update({"tokenizer.ggml.model": Text("gpt2"), "tokenizer.ggml.pre": Text("smollm"),
                          "tokenizer.ggml.tokens": Array(gguf_file.STRING, byte_texts()),
                          "tokenizer.ggml.merges": Array(gguf_file.STRING, [MERGE]),
                          "tokenizer.ggml.bos_token_id": U32(BOS), "tokenizer.ggml.eos_token_id": U32(0),
                          "tokenizer.ggml.add_bos_token": Value(7, bos)})
        edit(file)
        return file.write(tmp_path / "talking.gguf")
    return make


def surprises(bastide, model, window, tmp_path):
    """Negative log-likelihood of each id of a window but the first."""
    bastide("eval", model, "--tokens", "-", "--logits", "out", stdin=json.dumps(window).encode(), check=True)
    logits = numpy.fromfile(tmp_path / "out", "<f4").reshape(len(window), 256).astype(float)
    logits -= logits.max(axis=1, keepdims=True)
    logits -= numpy.log(numpy.exp(logits).sum(axis=1, keepdims=True))
    return [-logits[i, id] for i, id in enumerate(window[1:])]


@pytest.mark.parametrize("bos", [False, True])
@pytest.mark.parametrize("context", [2, 33, 100, 512])
def test_each_window_begins_anew_and_scores_all_but_its_first(bastide, talking, tmp_path, bos, context):
    model, step = talking(bos), context - bos
    text = STORY[:30] if context == 2 else STORY
    wanted = []
    for first in range(0, len(text), step):
        wanted += surprises(bastide, model, [BOS] * bos + list(text[first:first + step]), tmp_path)
    said = bastide("perplexity", model, "-", "--json", "--context", context, stdin=text, check=True)
    got = json.loads(said.stdout)
    assert got["tokens"] == len(wanted)
    assert abs(got["mean_nll"] - numpy.mean(wanted)) < 1e-5
    assert abs(got["perplexity"] / numpy.exp(numpy.mean(wanted)) - 1) < 1e-4


def test_people_read_the_same_numbers(bastide, talking):
    model = talking(True)
    numbers = json.loads(bastide("perplexity", model, "-", "--json", stdin=STORY, check=True).stdout)
    said = bastide("perplexity", model, "-", stdin=STORY, check=True).stdout.decode()
    assert said.startswith(f"{numbers['tokens']} tokens, ")
    assert f"{numbers['mean_nll']:.6f}" in said and f"{numbers['perplexity']:.4f}" in said


@pytest.mark.parametrize("text, bos", [(b"", False), (b"", True), (b"a", False)])
def test_a_text_with_nothing_to_score_is_refused(bastide, talking, text, bos):
    said = bastide("perplexity", talking(bos), "-", stdin=text)
    assert said.returncode == 3
    assert b"too short" in said.stderr and said.stdout == b""


@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_weights_that_give_no_number_are_an_error_and_not_a_nan(bastide, talking, json_too):
    def spoil(file):
        file.tensors["output_norm.weight"].data = b"\x00\x00\xc0\x7f" * 64
    said = bastide("perplexity", talking(True, spoil), "-", *json_too, stdin=STORY)
    assert said.returncode == 3
    assert b"no number" in said.stderr and said.stdout == b""


def test_a_vocabulary_larger_than_the_model_is_an_error(bastide, talking):
    def enlarge(file):
        file.keys["tokenizer.ggml.tokens"].value.append("zz")
        file.keys["tokenizer.ggml.tokens"].value[ord("z")] = "zzz"
        file.keys["tokenizer.ggml.bos_token_id"] = U32(256)
    said = bastide("perplexity", talking(True, enlarge), "-", stdin=STORY)
    assert said.returncode in (2, 3)
    assert b"256" in said.stderr and said.stdout == b""
