"""What the checks of the project itself share: its files, and C without comments and texts."""
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Comments, texts and characters of C, in the order in which they may hide each other.
HIDDEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)


def _listed():
    """Paths of the project's files: those that git knows or would add; without git, all but what was built."""
    done = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                          capture_output=True)
    if done.returncode == 0 and done.stdout:
        return [Path(name) for name in done.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    ignored = ("build", ".git", "__pycache__", ".pytest_cache", ".cache", ".venv")
    return [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()
            and not any(part.startswith(ignored) for part in path.relative_to(ROOT).parts[:1])
            and "__pycache__" not in path.parts]


@pytest.fixture(scope="session")
def files():
    """All files of the project, relative to its root."""
    return sorted(_listed())


@pytest.fixture(scope="session")
def c_files(files):
    """{path: text} of all C sources and headers."""
    return {path: (ROOT / path).read_text() for path in files if path.suffix in (".c", ".h")}


@pytest.fixture(scope="session")
def bare_c(c_files):
    """{path: lines} of the same, with comments and texts blanked."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    return {path: HIDDEN.sub(blank, text).splitlines() for path, text in c_files.items()}


@pytest.fixture(scope="session")
def texts(files):
    """{path: text} of all files that are text."""
    found = {}
    for path in files:
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            found[path] = content.decode(errors="replace")
    return found


@pytest.fixture(scope="session")
def named_commands(binary):
    """The names of all commands, as bastide --help lists them."""
    shown = subprocess.run([binary, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
    return re.findall(r"^  (\S+(?: \S+)?) +\S.*$", shown, re.MULTILINE)
