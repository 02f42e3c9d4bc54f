"""Every command explains itself, and what its explanation shows exists."""
import re
import subprocess

import pytest


@pytest.fixture(scope="module")
def helps(binary):
    """{name of command: its help}"""
    shown = subprocess.run([binary, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
    names = re.findall(r"^  (\S+(?: \S+)?) +\S.*$", shown, re.MULTILINE)
    assert names, "bastide --help lists no command"
    return {name: subprocess.run([binary, *name.split(), "--help"], capture_output=True, text=True, check=True,
                                 timeout=60).stdout for name in names}


def examples(text):
    return text.partition("\nexamples:\n")[2].partition("\n\n")[0].splitlines()


def called(line, names):
    """(name of command, words after it) for each bastide in a line of shell."""
    for words in re.findall(r"\bbastide ([^|;&]*)", line):
        name = max((name for name in names if f"{words} ".startswith(f"{name} ")), key=len, default=None)
        yield name, words[len(name or ""):]


def test_help_says_what_it_is_how_it_is_used_and_gives_examples(helps):
    for name, text in helps.items():
        assert text.startswith(f"bastide {name}: "), name
        assert f"\nusage: bastide {name}" in text, name
        assert examples(text), f"{name} has no examples"
        assert "Exit status" in text, name


def test_every_example_calls_a_command_that_exists_with_options_that_it_has(helps):
    for name, text in helps.items():
        for line in examples(text):
            for command, words in called(line, helps):
                assert command, f"{name}: no such command in the example {line!r}"
                for option in re.findall(r"(?<!\S)(--?[a-z][\w-]*)", words):
                    known = option in ("--help", "-h") or re.search(rf"(?<![\w-]){option}(?![\w-])", helps[command])
                    assert known, f"{name}: {command} has no {option}, used in the example {line!r}"


def test_every_example_of_a_command_shows_that_command(helps):
    for name, text in helps.items():
        assert any(command == name for line in examples(text) for command, _ in called(line, helps)), name


def test_help_fits_a_terminal(helps):
    for name, text in helps.items():
        for line in text.splitlines():
            assert len(line) <= 120, f"{name}: {line}"


def test_help_wins_over_missing_arguments_and_writes_no_error(helps, bastide):
    for name in helps:
        done = bastide(*name.split(), "--help", check=True)
        assert done.stderr == b"", name
        assert bastide(*name.split(), "-h").stdout == done.stdout, name


def test_an_unknown_option_is_wrong_use_and_named(helps, bastide):
    for name in helps:
        done = bastide(*name.split(), "--no-such-option")
        assert (done.returncode, done.stdout) == (2, b""), name
        assert b"--no-such-option" in done.stderr and f"bastide {name} --help".encode() in done.stderr, name


def test_help_on_a_full_disk_is_said(helps, bastide):
    for name in helps:
        with open("/dev/full", "wb") as full:
            done = bastide(*name.split(), "--help", stdout=full)
        assert done.returncode == 3 and b"No space left" in done.stderr, name
