"""What the Python tests share: the built binary run as its users run it, the real models, the golden data.

From the environment (./test sets all of it; a test run by hand needs none):
  BASTIDE_BINARY    the program under test; build/bastide if unset
  BASTIDE_MODELS    a folder with smollm2-135m-instruct-q4_1.gguf and gemma-3-270m-q4_k_m.gguf; tests that need one
                    skip, with a reason, if it is not there
  BASTIDE_PATIENCE  multiplies every time limit; set for slow builds such as those with sanitizers
"""
import os
import signal
import subprocess
from pathlib import Path

import pytest

from running import PATIENCE, SANITIZERS, Server

ROOT = Path(__file__).resolve().parent.parent

# Statuses that the program documents. Anything else is a crash: a signal, or a sanitizer that found something.
STATUSES = (0, 1, 2, 3)


def pytest_configure(config):
    # What a shell runs in the background ignores Ctrl-C, and the program under test would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "slow: takes more than a few seconds; not run under sanitizers")


def pytest_make_parametrize_id(config, val, argname):
    """Test ids that a terminal and an XML file can hold, whatever bytes a test is given."""
    if isinstance(val, bytes):
        return val[:20].decode("ascii", "backslashreplace").replace("\x00", "\\x00")
    return None


@pytest.fixture(scope="session")
def binary():
    """Path of the program under test."""
    path = Path(os.environ.get("BASTIDE_BINARY", ROOT / "build/bastide")).resolve()
    if not path.is_file():
        pytest.fail(f"{path} is not built: run meson setup build && ninja -C build")
    return path


@pytest.fixture
def environment(tmp_path):
    """Environment for a run of the program: the caller's, with a home of its own and no settings left over."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BASTIDE_", "XDG_"))}
    return kept | {"LC_ALL": "C.UTF-8", "BASTIDE_HOME": str(tmp_path / "home")} | {
        name: os.environ.get(name, value) for name, value in SANITIZERS.items()}


@pytest.fixture
def bastide(binary, environment, tmp_path):
    """bastide("run", model, "-n", "4") runs the program and returns its CompletedProcess, with output as bytes.

    stdin    what it reads
    env      added to the environment; a value of None takes a variable out
    timeout  seconds, times BASTIDE_PATIENCE
    check    True: the test fails unless the status is 0
    cwd      where it runs; tmp_path if not given
    Other keyword arguments go to subprocess.run (such as stdout=...). A crash always fails the test.
    """
    def run(*arguments, stdin=b"", env=None, timeout=60, check=False, cwd=tmp_path, **others):
        variables = {name: value for name, value in (environment | (env or {})).items() if value is not None}
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | others
        if "stdin" not in streams and not hasattr(stdin, "fileno") and not isinstance(stdin, int):
            streams["input"] = stdin
        else:
            streams["stdin"] = stdin
        done = subprocess.run([binary, *map(os.fspath, map(_word, arguments))], env=variables, cwd=cwd,
                              timeout=timeout * PATIENCE, **streams)
        said = (done.stderr or b"").decode(errors="replace")
        assert done.returncode in STATUSES, f"crashed with {done.returncode}: bastide {arguments}\n{said}"
        assert not check or done.returncode == 0, f"status {done.returncode}: bastide {arguments}\n{said}"
        return done
    return run


def _word(argument):
    return argument if isinstance(argument, (str, bytes, os.PathLike)) else str(argument)


def _model(file):
    folder = os.environ.get("BASTIDE_MODELS")
    if not folder:
        pytest.skip(f"needs {file}: BASTIDE_MODELS names no folder")
    if not (Path(folder) / file).is_file():
        pytest.skip(f"needs {file}: not in {folder}")
    return Path(folder) / file


@pytest.fixture(scope="session")
def smollm2():
    """Path of SmolLM2-135M-Instruct."""
    return _model("smollm2-135m-instruct-q4_1.gguf")


@pytest.fixture(scope="session")
def gemma():
    """Path of Gemma 3 270M."""
    return _model("gemma-3-270m-q4_k_m.gguf")


@pytest.fixture(scope="session")
def goldens():
    """Folder of the golden data; its README says what is what."""
    return ROOT / "tests/goldens"


@pytest.fixture(scope="session")
def root():
    """Folder of the repository."""
    return ROOT


@pytest.fixture(scope="module")
def serve(binary, tmp_path_factory):
    """serve(*arguments, env={}, home=FOLDER, ready=True) starts `bastide serve --port 0 ...` in a home of its own.
    ready=False does not wait."""
    running = []

    def start(*arguments, env=None, home=None, ready=True):
        home = Path(home or tmp_path_factory.mktemp("home"))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BASTIDE_", "XDG_"))}
        variables = kept | {"LC_ALL": "C.UTF-8", "BASTIDE_HOME": str(home)} | {
            name: os.environ.get(name, value) for name, value in SANITIZERS.items()} | (env or {})
        process = subprocess.Popen([binary, "serve", "--port", "0", *map(str, arguments)], env=variables, cwd=home,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        server = Server(process, home)
        running.append(server)
        if ready:
            server.wait_ready()
        return server

    yield start
    for server in running:
        server.stop()
