"""The unit with which systemd runs the server: it is one, and what it gives up is much."""
import re
import shutil
import subprocess

import pytest


@pytest.fixture
def unit(binary, tmp_path):
    built = binary.parent / "bastide.service"
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    if not built.is_file():
        pytest.skip("the program under test has no build folder around it")
    path = tmp_path / "bastide.service"
    path.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={binary}", built.read_text(), flags=re.MULTILINE))
    return path


def test_systemd_finds_nothing_wrong_with_it(unit):
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "bastide" in line]) == (0, [])


def test_systemd_takes_it_for_well_confined(unit):
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20", unit], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-200:]
