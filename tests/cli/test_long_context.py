"""A context of several stretches of the attention: the same bits however the tokens come and whoever computes them."""
import json
import random

import pytest

TOKENS = 1300  # past two borders of 512


@pytest.mark.slow
def test_a_long_text_gives_the_same_bits_in_any_pieces_and_with_any_number_of_threads(bastide, smollm2, tmp_path):
    chance = random.Random(1)
    ids = json.dumps([chance.randrange(49152) for _ in range(TOKENS)]).encode()
    found = set()
    for batch, threads in [(500, 1), (1, 2), (1, 3), (37, 3)]:
        bastide("eval", smollm2, "--tokens", "-", "--embd", "mean.f32", "--batch", batch, "--threads", threads,
                stdin=ids, check=True, timeout=120)
        found.add((tmp_path / "mean.f32").read_bytes())
    assert len(found) == 1
