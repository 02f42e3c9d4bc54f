"""Recipes of docs/clients.md, run as they stand there."""
import re
import subprocess
import sys
from pathlib import Path

import pytest


def recipes():
    text = (Path(__file__).resolve().parents[2] / "docs/clients.md").read_text()
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("recipe", recipes(), ids=range(len(recipes())))
def test_a_recipe_of_the_documents_works(server, recipe):
    for package in re.findall(r"^(?:from|import) (\w+)", recipe, re.MULTILINE):
        pytest.importorskip(package, reason=f"{package} is not installed")
    program = recipe.replace("http://127.0.0.1:8484", server.url)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and done.stdout.strip(), done.stderr
