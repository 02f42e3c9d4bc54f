"""Whole repositories, written like real ones of five kinds and read by hand: who is depended on, and who is not.

repositories/NAME/expected.yaml says which providers an expert would name (for who is not in the register, the domain),
which he may name or not, and parts of lines that are no dependency, whatever stands in them.
"""
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from .conftest import providers

FOLDER = Path(__file__).parent / "repositories"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/expected.yaml"))


@pytest.fixture(scope="module")
def audits(binary):
    """{name: (expected, findings without expected.yaml's own)}"""
    found = {}
    for name in NAMES:
        done = subprocess.run([binary, "audit", FOLDER / name, "--format", "json"], capture_output=True, text=True,
                              check=True, timeout=120)
        expected = yaml.safe_load((FOLDER / name / "expected.yaml").read_text())
        findings = [finding for finding in json.loads(done.stdout)["findings"] if finding["file"] != "expected.yaml"]
        found[name] = expected, findings
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_provider_is_found_and_nobody_else(audits, name):
    expected, findings = audits[name]
    found = providers(findings, "warning", "critical") - set(expected.get("may", []))
    assert found == set(expected["providers"])


@pytest.mark.parametrize("name", NAMES)
def test_no_line_that_is_no_dependency_is_named(audits, name):
    expected, findings = audits[name]
    wrong = [(finding["file"], finding["line"], finding["text"]) for finding in findings
             for part in expected["never"] if part in finding["text"]]
    assert not wrong
