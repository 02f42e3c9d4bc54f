"""bench/soak for a minute: nothing grows, nothing leaks, no answer is one that was not meant."""
import json
import subprocess

import pytest


@pytest.mark.slow
def test_a_minute_of_mixed_load_leaves_the_server_as_it_was(binary, smollm2, root):
    done = subprocess.run([root / "bench/soak", smollm2, "--minutes", "1", "--binary", binary, "--json"],
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr + done.stdout
    assert json.loads(done.stdout)["requests"] > 100
