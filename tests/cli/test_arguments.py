"""What holds for every command: how it is asked for, and output that nobody can take."""
import os
import subprocess

import pytest


def test_without_a_command_the_list_is_shown_and_the_use_is_wrong(bastide):
    done = bastide()
    assert done.returncode == 2
    assert b"usage: bastide COMMAND" in done.stderr
    assert done.stdout == b""


@pytest.mark.parametrize("words", [["dance"], [""], ["--dance"], ["-x"], ["\x1b[2J"], [b"\xff"]], ids=repr)
def test_an_unknown_command_is_wrong_use_and_named_harmlessly(bastide, words):
    done = bastide(*words)
    assert (done.returncode, done.stdout) == (2, b"")
    shown = os.fsencode(words[0]).replace(b"\x1b", b"?").replace(b"\xff", b"?")
    assert done.stderr == b"bastide: " + shown + b": no such command: see bastide --help\n"


@pytest.mark.parametrize("words, meant", [
    (["chta"], "chat"), (["tok"], "tokenize"), (["list"], "model list"), (["pull", "x"], "model pull"),
    (["models", "list"], "model list"), (["model", "pul", "x"], "model pull"), (["help", "verfy"], "model verify"),
], ids=repr)
def test_a_command_typed_wrong_is_guessed(bastide, words, meant):
    done = bastide(*words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.endswith(f": no such command: did you mean bastide {meant}?\n".encode())


def test_a_group_of_commands_alone_says_what_is_in_it(bastide):
    done = bastide("model")
    assert done.returncode == 2
    assert b"which one: model list, model pull, model verify, model remove: see bastide --help" in done.stderr


def test_an_option_typed_wrong_is_guessed(bastide):
    done = bastide("run", "--temprature", "1", "m", "hi")
    assert done.returncode == 2
    assert done.stderr == (b"bastide: --temprature: no such option: did you mean --temperature? "
                           b"See bastide run --help\n")


def test_a_word_where_a_number_belongs_is_named(bastide):
    done = bastide("run", "m", "hi", "--temperature", "hot")
    assert (done.returncode, done.stderr) == (2, b"bastide: --temperature hot: a number is wanted\n")


def test_a_prompt_without_quotes_is_understood_as_such(bastide):
    done = bastide("run", "m", "hello", "world")
    assert done.returncode == 2
    assert b"world: one argument too many (a text with spaces needs quotes)" in done.stderr


@pytest.mark.parametrize("words", [["run"], ["model", "pull"]], ids=repr)
def test_help_with_a_command_is_that_commands_help(bastide, words):
    assert bastide("help", *words, check=True).stdout == bastide(*words, "--help", check=True).stdout


def test_the_version_is_one_line(bastide):
    done = bastide("--version", check=True)
    assert done.stdout.startswith(b"bastide 0.")
    assert done.stdout.count(b"\n") == 1


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_help_is_an_answer_and_goes_to_standard_output(bastide, word):
    done = bastide(word, check=True)
    assert b"usage: bastide COMMAND" in done.stdout
    assert done.stderr == b""


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_a_full_disk_is_said(bastide, word):
    with open("/dev/full", "wb") as full:
        done = bastide(word, stdout=full)
    assert done.returncode == 3
    assert done.stderr == b"bastide: standard output: cannot write: No space left on device\n"


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_a_pipe_that_nobody_reads_is_no_crash_and_no_noise(bastide, word):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = bastide(word, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (3, b"")


def test_a_closed_standard_output_is_said(binary, environment):
    done = subprocess.run(["sh", "-c", 'exec "$0" --version >&-', binary], env=environment, capture_output=True,
                          timeout=60)
    assert done.returncode == 3
    assert done.stderr == b"bastide: standard output: cannot write: Bad file descriptor\n"


def test_an_empty_command_line_is_survived(binary, environment):
    """Some callers give a program not even its own name."""
    done = subprocess.run([], executable=binary, env=environment, capture_output=True, timeout=60)
    assert done.returncode == 2
