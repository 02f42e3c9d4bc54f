"""The gate for continuous integration: thresholds, a baseline, waivers, and the exit status that follows."""
import json
import os

import pytest

ZONE = "$ORIGIN shop.example.\n@ IN MX 10 aspmx.l.google.com.\n"
SENDER = '@ IN TXT "v=spf1 include:sendgrid.net -all"\n'
DAY = {"SOURCE_DATE_EPOCH": "1780272000"}  # 2026-06-01


@pytest.fixture
def folder(tmp_path):
    """A folder with a zone; folder.write(text), folder.waive(text)."""
    class Folder:
        path = tmp_path / "shop"

        def write(self, text, name="zone.db"):
            (self.path / name).write_text(text)

        def waive(self, text):
            self.write(text, ".bastide-audit.yaml")
    Folder.path.mkdir()
    made = Folder()
    made.write(ZONE)
    return made


@pytest.fixture
def gate(bastide, folder):
    """gate(*words) runs the audit of the folder; its status and what it said on standard error."""
    def run(*words):
        done = bastide("audit", folder.path, *words, env=DAY)
        return done.returncode, done.stderr.decode()
    return run


@pytest.fixture
def baseline(bastide, folder, tmp_path):
    """Writes a result of the folder as it is; returns its path."""
    def write():
        bastide("audit", folder.path, "--format", "json", "--output", tmp_path / "known.json", env=DAY, check=True)
        return tmp_path / "known.json"
    return write


@pytest.mark.parametrize("level", ["note", "warning", "critical"])
def test_findings_over_the_threshold_end_with_1(gate, level):
    assert gate("--fail-on", level) == (1, f"bastide: 1 finding over the threshold (--fail-on {level}) is neither "
                                           "known nor waived\n")


def test_findings_below_the_threshold_end_with_0(gate, folder):
    folder.write("$ORIGIN shop.example.\n" + SENDER)
    assert gate("--fail-on", "critical") == (0, "")
    assert gate("--fail-on", "warning")[0] == 1


def test_without_a_threshold_findings_are_no_failure(gate):
    assert gate() == (0, "")


@pytest.mark.parametrize("words, message", [
    (("--fail-on", "anything"), "--fail-on anything: new, note, warning or critical is wanted"),
    (("--fail-on", "new"), "give --baseline FILE"),
    (("--format", "docx"), "--format docx: json, csv, html, cyclonedx or sarif is wanted"),
])
def test_a_threshold_or_form_that_is_none_is_wrong_use(gate, words, message):
    status, said = gate(*words)
    assert status == 2 and message in said


# ---- the baseline ---------------------------------------------------------------------------------------------------

def test_what_the_baseline_has_is_known_wherever_its_line_is(gate, folder, baseline):
    known = baseline()
    folder.write("\n; a comment\n\n" + ZONE)
    assert gate("--fail-on", "new", "--baseline", known) == (0, "")
    assert gate("--fail-on", "critical", "--baseline", known) == (0, "")


def test_a_new_dependency_fails(gate, folder, baseline):
    known = baseline()
    folder.write(ZONE + SENDER)
    assert gate("--fail-on", "new", "--baseline", known)[0] == 1


def test_a_second_use_is_new(gate, folder, baseline):
    known = baseline()
    folder.write(ZONE + "mail IN MX 10 aspmx.l.google.com.\n")
    status, said = gate("--fail-on", "new", "--baseline", known)
    assert status == 1 and said.startswith("bastide: 1 finding ")


def test_a_file_that_was_renamed_is_known(gate, folder, baseline):
    known = baseline()
    (folder.path / "zone.db").rename(folder.path / "shop.zone")
    assert gate("--fail-on", "new", "--baseline", known) == (0, "")


def test_a_text_that_was_changed_is_known(gate, folder, baseline):
    known = baseline()
    folder.write(ZONE.replace("10 aspmx", "20 alt1.aspmx"))
    assert gate("--fail-on", "new", "--baseline", known) == (0, "")


def test_a_baseline_in_the_folder_is_not_audited(bastide, gate, folder):
    bastide("audit", folder.path, "--format", "json", "--output", folder.path / "known.json", env=DAY, check=True)
    assert gate("--fail-on", "new", "--baseline", folder.path / "known.json") == (0, "")


@pytest.mark.parametrize("content, message", [
    ("", "line 1"), ("{", "line 1"), ("[]", "no result of an audit"), ('{"schema": "x", "findings": []}', "no result"),
    ('{"schema": "bastide-audit-1", "findings": [{"file": 3}]}', "finding 1 has no service, file or text"),
])
def test_a_baseline_that_is_none_is_told(gate, tmp_path, content, message):
    (tmp_path / "known.json").write_text(content)
    status, said = gate("--fail-on", "new", "--baseline", tmp_path / "known.json")
    assert status == 3 and message in said and "known.json" in said


def test_a_baseline_that_is_not_there_is_told(gate, tmp_path):
    status, said = gate("--fail-on", "new", "--baseline", tmp_path / "none.json")
    assert status == 3 and "none.json" in said


# ---- waivers --------------------------------------------------------------------------------------------------------

WAIVER = "waivers:\n  - {%s, reason: moving in autumn, expires: %s}\n"


@pytest.mark.parametrize("what", ["provider: google", "provider: Google*", "file: zone.db", 'file: "*.db"',
                                  "service: google-*, file: zone*"])
def test_what_is_waived_is_no_failure(gate, folder, what):
    folder.waive(WAIVER % (what, "2026-06-01"))
    assert gate("--fail-on", "note") == (0, "")


def test_a_waiver_is_in_the_result(bastide, folder):
    folder.waive(WAIVER % ("provider: google", "2026-12-31"))
    whole = json.loads(bastide("audit", folder.path, "--format", "json", env=DAY, check=True).stdout)
    assert whole["summary"]["waived"] == 1
    assert whole["summary"]["waivers"][0]["reason"] == "moving in autumn"
    assert b"moving in autumn" in bastide("audit", folder.path, "--format", "html", env=DAY, check=True).stdout


def test_a_waiver_that_expired_is_said_and_has_no_effect(gate, folder):
    folder.waive(WAIVER % ("provider: google", "2026-05-31"))
    status, said = gate("--fail-on", "note")
    assert status == 1 and ".bastide-audit.yaml: line 2: this waiver expired on 2026-05-31" in said


def test_a_waiver_that_covers_nothing_is_said(gate, folder):
    folder.waive(WAIVER % ("provider: ovh", "2026-12-31"))
    assert gate() == (0, "bastide: .bastide-audit.yaml: line 2: this waiver covers nothing: remove it\n")


def test_other_waivers_can_be_named(gate, tmp_path):
    (tmp_path / "w.yaml").write_text(WAIVER % ("provider: google", "2026-12-31"))
    assert gate("--fail-on", "note", "--waivers", tmp_path / "w.yaml") == (0, "")
    assert gate("--fail-on", "note", "--waivers", tmp_path / "none.yaml")[0] == 3


@pytest.mark.parametrize("text, message", [
    ("waivers:\n  - {provider: a, expires: 2026-12-31}\n", "line 2: a reason is wanted"),
    ("waivers:\n  - {provider: a, reason: b}\n", "line 2: expires: a day such as"),
    ("waivers:\n  - {provider: a, reason: b, expires: soon}\n", "line 2: expires: a day such as"),
    ("waivers:\n  - {provider: a, reason: b, expires: 2026-13-01}\n", "line 2: expires: a day such as"),
    ("waivers:\n\n  - provider: a\n    until: 3\n", "line 4: until: no such key"),
    ("waivers:\n  - {reason: b, expires: 2026-12-31}\n", "line 2: it says of nothing"),
    ("waivers:\n  - a\n", "line 2"), ("waivers: 3\n", "line 1: a list is wanted"), ("waiver: []\n", "no such key"),
    ("waivers:\n  - {provider: [a], reason: b, expires: 2026-12-31}\n", "line 2: a text is wanted"),
    ("waivers:\n  - {provider: a, provider: b, reason: b, expires: 2026-12-31}\n", "there already"),
    ("notes:\n  - {service: x}\n", "line 2: a note is wanted"), ("- 3\n", "line 1"), ("a: [", "line"),
])
def test_a_waiver_that_is_none_is_told_with_its_line(gate, folder, text, message):
    folder.waive(text)
    status, said = gate()
    assert status == 2 and message in said and ".bastide-audit.yaml" in said


@pytest.mark.parametrize("text, message", [
    ("waivers:\n" + "  - {provider: a, reason: b, expires: 2026-12-31}\n" * 1001, "line 1002: there are more"),
    ("waivers:\n  - {provider: %s, reason: b, expires: 2026-12-31}\n" % ("a" * 257), "line 2: this pattern"),
    ("#" * ((1 << 20) + 1), "at most 1 MiB"),
], ids=["many", "long", "large"])
def test_waivers_have_bounds(gate, folder, text, message):
    folder.waive(text)
    status, said = gate()
    assert status == 2 and message in said


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "waivers:\n", "waivers: []\nnotes: []\n",
                                  '{"waivers": [], "notes": [{"service": "x", "note": "ask"}]}'])
def test_a_file_without_waivers_is_fine(gate, folder, text):
    folder.waive(text)
    assert gate() == (0, "")


def test_a_pattern_of_many_stars_takes_no_time(gate, folder):
    folder.write(ZONE, "a" * 200 + ".db")
    folder.waive("waivers:\n" + WAIVER.split("\n")[1] % (f"file: \"{'*a' * 127}b\"", "2026-12-31") + "\n")
    assert gate()[0] == 0


def test_a_pipe_in_place_of_waivers_is_refused(gate, folder):
    os.mkfifo(folder.path / ".bastide-audit.yaml")
    assert gate()[0] == 2
