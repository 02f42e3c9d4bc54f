"""What the tests of the audit share: folders of files, audited by the real program with the real register."""
import json
import subprocess

import pytest


@pytest.fixture
def audited(binary, tmp_path):
    """audited(files, *words) writes {path: text or bytes} below a new folder, audits it; the whole result."""
    def run(files, *words):
        root = tmp_path / "audited"
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = subprocess.run([binary, "audit", str(root), "--format", "json", *words], capture_output=True, text=True,
                              timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return run


@pytest.fixture
def audit(audited):
    """audit(files) returns the findings alone."""
    return lambda files, *words: audited(files, *words)["findings"]


def providers(findings, *levels):
    """The ids of the providers found (for unknown ones, their domain), at these levels only if some are named."""
    return {finding["provider_id"] or finding["provider"] for finding in findings
            if not levels or finding["level"] in levels}


def places(findings, provider):
    """(file, line) of a provider's findings."""
    return {(finding["file"], finding["line"]) for finding in findings if provider in
            (finding["provider_id"], finding["provider"])}
