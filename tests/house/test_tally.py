"""scripts/tally counts every result once, and a run that died as a failure."""
import json
import subprocess

import pytest


def line(name, result="OK", status=0, stdout="", stderr=""):
    return json.dumps({"name": name, "result": result, "returncode": status, "stdout": stdout, "stderr": stderr}) + "\n"


JUNIT = """<testsuites><testsuite>
<testcase classname="a" name="good"/>
<testcase classname="a" name="bad"><failure message="assert 1 == 2&#10;more">text</failure></testcase>
<testcase classname="a" name="broken"><error message="no fixture"/></testcase>
<testcase classname="a" name="absent"><skipped message="needs a model"/></testcase>
</testsuite></testsuites>"""

TAP = "1..3\nok 1 - one\nnot ok 2 - two\n# a.c:8: error: Failure!\nnot ok 3 # SKIP three\n# not ok - file.c\n"


@pytest.mark.parametrize("name, content, expected", [
    ("a.json", line("plain"), "1 passed, 0 failed, 0 skipped"),
    ("a.json", line("plain", "FAIL", 1) + line("hung", "TIMEOUT", -9), "0 passed, 2 failed, 0 skipped"),
    ("a.json", line("absent", "SKIP", 77), "0 passed, 0 failed, 1 skipped"),
    ("a.json", line("tap", "FAIL", 1, TAP, "SKIP three: no disk\n"), "1 passed, 1 failed, 1 skipped"),
    ("a.json", line("died", "FAIL", -11, "1..3\nok 1 - one\n"), "1 passed, 1 failed, 0 skipped"),
    ("a.json", "", "0 passed, 1 failed, 0 skipped"),
    ("a.json", '{"name": ', "0 passed, 1 failed, 0 skipped"),
    ("a.xml", JUNIT, "1 passed, 2 failed, 1 skipped"),
    ("a.xml", JUNIT[:100], "0 passed, 1 failed, 0 skipped"),
    ("a.xml", "<testsuites/>", "0 passed, 1 failed, 0 skipped"),
    ("a.tsv", "passed\tbuild\t\nskipped\tclang\tnot installed\n", "1 passed, 0 failed, 1 skipped"),
], ids=lambda value: repr(value)[:30])
def test_results_are_counted(root, tmp_path, name, content, expected):
    (tmp_path / name).write_text(content)
    done = subprocess.run([root / "scripts/tally", f"suite={tmp_path / name}"], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == expected
    assert done.returncode == (0 if " 0 failed" in expected else 1)


def test_a_missing_report_is_a_failure_beside_others(root, tmp_path):
    (tmp_path / "a.json").write_text(line("plain"))
    done = subprocess.run([root / "scripts/tally", f"here={tmp_path / 'a.json'}", f"gone={tmp_path / 'b.xml'}"],
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"


def test_reasons_are_shown(root, tmp_path):
    (tmp_path / "a.json").write_text(line("tap", "FAIL", 1, TAP, "SKIP three: no disk\n"))
    (tmp_path / "b.xml").write_text(JUNIT)
    done = subprocess.run([root / "scripts/tally", f"c={tmp_path / 'a.json'}", f"python={tmp_path / 'b.xml'}"],
                          capture_output=True, text=True)
    assert "skipped: c: tap: three: no disk" in done.stdout
    assert "skipped: python: a::absent: needs a model" in done.stdout
    assert "failed: python: a::bad: assert 1 == 2" in done.stdout
