"""Real clients against the real server: the fixtures of tests/server, and a server for each file of tests."""
import importlib.util
from pathlib import Path

import pytest

# The fixture `serve` and what it gives are those of tests/server.
spec = importlib.util.spec_from_file_location("server_fixtures",
                                              Path(__file__).resolve().parent.parent / "server/conftest.py")
server_fixtures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(server_fixtures)
serve = server_fixtures.serve


@pytest.fixture(scope="module")
def server(serve, smollm2):
    """SmolLM2, with a context that is quickly full."""
    return serve(smollm2, "--context", "2048")
