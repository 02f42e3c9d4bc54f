"""What `bastide audit PATH` says to a person: on a terminal of any width, with colours or without, and to a file."""
import os
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from terminal import Terminal  # noqa: E402

ZONE = """$ORIGIN shop.example.
@ IN MX 10 aspmx.l.google.com.
@ IN TXT "v=spf1 include:sendgrid.net -all"
"""


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "shop"
    made.mkdir()
    (made / "zone.db").write_text(ZONE)
    return made


@pytest.fixture
def shown(binary, environment, tmp_path):
    """shown(folder, columns, **environment): what appears on a terminal."""
    def show(folder, columns=100, **more):
        terminal = Terminal([binary, "audit", folder], environment | {"TERM": "xterm"} | more, tmp_path, columns)
        assert terminal.wait_for_end() == 0
        return terminal.seen.decode().replace("\r\n", "\n")
    return show


def test_it_begins_with_the_sentence_and_ends_with_what_to_run(bastide, folder):
    said = bastide("audit", folder, check=True).stdout.decode()
    assert said.splitlines()[0] == ("Both providers are under the law of the United States; if Alphabet goes, 1 thing "
                                    "stops at once.")
    assert re.search(r"^Alphabet Inc\.  United States: CLOUD Act, FISA 702  75 %\n  ● Google.* zone\.db:2$", said, re.M)
    assert "2 places in 1 file: 1 critical, 1 warning, 0 notes" in said
    assert said.rstrip().splitlines()[-1] == "  bastide cutoff google -- COMMAND"
    assert "\033" not in said


def test_colours_are_for_terminals_that_want_them(shown, folder):
    assert "\033[31m" in shown(folder)
    assert "\033" not in shown(folder, NO_COLOR="1")
    assert "\033" not in shown(folder, TERM="dumb")


@pytest.mark.parametrize("columns", [30, 40, 60, 200])
def test_no_line_is_wider_than_the_terminal(shown, folder, columns):
    lines = shown(folder, columns, NO_COLOR="1").splitlines()
    assert max(map(len, lines)) <= columns and "1 thing" in " ".join(lines)


def test_a_name_that_would_act_on_the_terminal_is_shown_harmless(shown, folder):
    os.rename(folder / "zone.db", folder / "\033[2Jz.zone")
    assert "\033[2J" not in shown(folder, NO_COLOR="1")


def test_nothing_found_is_said(bastide, tmp_path):
    (tmp_path / "empty").mkdir()
    said = bastide("audit", tmp_path / "empty", check=True).stdout.decode()
    assert said.startswith("No third party was found.\n") and "Next" not in said
