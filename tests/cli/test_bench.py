"""bastide bench: its figures, its table, its limits. Speeds themselves are no test: machines are shared."""
import json

import pytest


@pytest.fixture
def tiny(goldens):
    return goldens / "models/llama-q4_1.gguf"


def test_json_has_the_figures_that_programs_read(bastide, tiny):
    said = bastide("bench", tiny, "-p", 40, "-n", 5, "-t", 2, "-r", 2, "--json", check=True)
    figures = json.loads(said.stdout)
    assert figures["prompt_tokens"] == 40 and figures["generated_tokens"] == 5 and figures["threads"] == 2
    for name in ["prompt_tokens_per_second", "generation_tokens_per_second", "prompt_share_of_limit",
                 "generation_share_of_limit", "memory_bytes_per_second", "multiply_adds_per_second", "load_seconds",
                 "peak_memory_bytes"]:
        assert figures[name] > 0, name


def test_a_part_that_is_not_wanted_is_not_run(bastide, tiny):
    figures = json.loads(bastide("bench", tiny, "-p", 0, "-n", 3, "--json", check=True).stdout)
    assert figures["prompt_tokens_per_second"] == 0 and figures["generation_tokens_per_second"] > 0


def test_the_table_shows_shares_of_the_machines_limit(bastide, tiny):
    said = bastide("bench", tiny, "-p", 33, "-n", 4, "-r", 1, check=True).stdout.decode()
    assert "prompt of 33" in said and "generation of 4" in said
    assert "multiply-adds/s" in said and "GB/s from memory" in said


@pytest.mark.parametrize("level", ["scalar", "avx2", "avx512"])
def test_the_kernels_asked_for_are_the_ones_that_run(bastide, tiny, level):
    said = bastide("bench", tiny, "-p", 8, "-n", 2, "-r", 1, "--json", env={"BASTIDE_CPU": level})
    if said.returncode == 3 and b"this processor has" in said.stderr:
        pytest.skip(f"this processor has no {level}")
    assert json.loads(said.stdout)["kernels"] == level


@pytest.mark.parametrize("options, status, words", [
    (["-p", "100000"], 2, "this model's context here is 512"),
    (["-p", "x"], 2, "a whole number"),
    (["-t", "0"], 2, "a whole number"),
    (["-r", "0"], 2, "a whole number"),
    (["--fast"], 2, "no such option"),
])
def test_what_makes_no_sense_is_refused(bastide, tiny, options, status, words):
    said = bastide("bench", tiny, *options)
    assert said.returncode == status and words in said.stderr.decode()


def test_a_memory_setting_that_is_no_size_is_refused(bastide, tiny):
    said = bastide("bench", tiny, env={"BASTIDE_MEMORY": "lots"})
    assert said.returncode == 2 and "BASTIDE_MEMORY=lots" in said.stderr.decode()
