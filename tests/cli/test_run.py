"""bastide run: one answer on standard output, for people and for pipes."""
import json
import os
import pty
import signal
import subprocess

import pytest

# SmolLM2 counts so without a doubt: no other token comes within 0.9 of the one it chooses.
COUNT = "Count from 1 to 20."
COUNTED = "1. 1\n2. 2\n3. 3\n4. 4\n5. 5\n6. 6\n7. 7\n"
GREEDY = ("--temperature", "0")


@pytest.fixture
def count(bastide, smollm2):
    """count("-n", "8") lets SmolLM2 count, greedily."""
    def run(*options, **others):
        return bastide("run", smollm2, COUNT, *GREEDY, *options, **others)
    return run


def test_a_prompt_is_answered_through_the_models_template(count):
    done = count("-n", "40", check=True)
    assert done.stdout.decode().startswith(COUNTED)
    assert done.stdout.endswith(b"\n")
    assert done.stderr == b""


@pytest.mark.parametrize("where", ["stdin", "dash", "file", "file as dash"])
def test_the_prompt_may_come_from_elsewhere(bastide, smollm2, tmp_path, where):
    (tmp_path / "prompt.txt").write_text(COUNT + "\n")
    more = {"stdin": [], "dash": ["-"], "file": ["--file", "prompt.txt"], "file as dash": ["--file=-"]}[where]
    stdin = b"not this" if where == "file" else COUNT.encode() + b"\n"
    done = bastide("run", smollm2, *more, *GREEDY, "-n", "40", stdin=stdin, check=True)
    assert done.stdout.decode().startswith(COUNTED)


def test_a_system_message_changes_the_answer(count):
    plain, french = count("-n", "12", check=True), count("-n", "12", "--system", "Réponds en français.", check=True)
    assert plain.stdout != french.stdout


def test_raw_continues_the_text_as_it_stands(bastide, smollm2):
    def run(*more):
        return json.loads(bastide("run", smollm2, "one two three four", "-n", "3", "--json", *GREEDY, *more).stdout)
    assert run("--raw")["prompt_tokens"] == 4
    assert run()["prompt_tokens"] > 20


def test_a_base_model_continues_without_being_asked_to(bastide, gemma):
    done = bastide("run", gemma, "1, 2, 3, 4, 5,", "-n", "12", *GREEDY, check=True)
    assert done.stdout == b" 6, 7, 8, 9,\n"


def test_a_base_model_has_no_system_message(bastide, gemma):
    done = bastide("run", gemma, "Hello", "--system", "Be kind.")
    assert done.returncode == 2
    assert b"--system" in done.stderr


def test_json_tells_all_of_it(count):
    done = count("-n", "10", "--json", "--seed", "7", check=True)
    told = json.loads(done.stdout)
    assert told["text"].startswith("1. 1\n2. 2")
    assert (told["tokens"], told["stop"], told["seed"]) == (10, "length", 7)
    assert told["prompt_tokens"] > 20
    assert told["seconds"] > 0 and told["prompt_seconds"] > 0


def test_an_answer_that_the_model_ends_says_so(bastide, smollm2):
    done = bastide("run", smollm2, "List five fruits.", *GREEDY, "-n", "100", "--json", check=True)
    told = json.loads(done.stdout)
    assert told["stop"] == "end"
    assert "<|im_end|>" not in told["text"]


def test_stats_go_to_standard_error(count):
    done = count("-n", "5", "--stats", "--seed", "3", check=True)
    assert b"5 tokens at " in done.stderr and b"seed: 3" in done.stderr
    assert b"tokens at" not in done.stdout


@pytest.mark.parametrize("stops, text", [
    (["5"], "1. 1\n2. 2\n3. 3\n4. 4\n"),
    (["3\n4. 4"], "1. 1\n2. 2\n3. "),          # spans tokens
    (["nowhere", "2. 2", "4"], "1. 1\n"),
])
def test_the_answer_ends_before_a_stop_text(count, stops, text):
    words = [word for stop in stops for word in ("--stop", stop)]
    told = json.loads(count("-n", "60", "--json", *words, check=True).stdout)
    assert (told["text"], told["stop"]) == (text, "stop")


def test_what_was_held_back_for_a_stop_text_is_not_lost(count):
    plain = json.loads(count("-n", "8", "--json", check=True).stdout)["text"]
    held = json.loads(count("-n", "8", "--json", "--stop", plain[-3:] + "!", check=True).stdout)["text"]
    assert held == plain


def test_a_seed_repeats_an_answer_and_another_one_does_not(bastide, smollm2):
    def run(seed):
        return bastide("run", smollm2, "Tell me a story.", "-n", "30", "--temperature", "1.5", "--seed", seed,
                       check=True).stdout
    first = run(1)
    assert run(1) == first
    assert run(2) != first


def test_threads_do_not_change_the_answer(count):
    assert count("-n", "30", "-t", "1", check=True).stdout == count("-n", "30", "-t", "3", check=True).stdout


@pytest.mark.parametrize("options, named", [
    (["--temperature", "-1"], b"temperature -1"),
    (["--temperature", "nan"], b"--temperature"),
    (["--top-p", "1.5"], b"top_p 1.5"),
    (["--top-k", "x"], b"--top-k"),
    (["--min-p", "2"], b"min_p 2"),
    (["--repeat-penalty", "0"], b"repeat_penalty 0"),
    (["--presence-penalty", "1e9"], b"presence_penalty 1e+09"),
    (["--frequency-penalty", "inf"], b"--frequency-penalty"),
    (["--penalty-window", "99999999"], b"penalty_window"),
    (["--max-tokens", "0"], b"--max-tokens"),
    (["--seed", "-3"], b"--seed"),
    (["--threads", "0"], b"--threads"),
    (["--context", "0"], b"--context"),
    (["--stop", ""], b"stop text"),
    (["--stop", b"\xff"], b"stop text"),
    (["--stop", "x"] * 17, b"--stop"),
    (["--file", "prompt.txt"], b"twice"),
])
def test_a_value_that_makes_no_sense_is_wrong_use_and_named(count, options, named):
    done = count(*options)
    assert (done.returncode, done.stdout) == (2, b"")
    assert named in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_prompt_that_is_not_utf8_is_refused_with_the_place(bastide, smollm2):
    done = bastide("run", smollm2, stdin=b"caf\xc3\xa9 caf\xe9 noir")
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"byte 9 (0xE9) is not valid UTF-8" in done.stderr


@pytest.mark.parametrize("prompt", [b"", b"\n"])
def test_an_empty_prompt_is_refused(bastide, smollm2, prompt):
    done = bastide("run", smollm2, stdin=prompt)
    assert done.returncode == 2
    assert b"empty" in done.stderr


def test_a_prompt_longer_than_the_context_is_refused_with_both_numbers(bastide, smollm2):
    done = bastide("run", smollm2, "--context", "64", stdin=b"word " * 500)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"500 tokens" in done.stderr or b"has 5" in done.stderr
    assert b"the context 64" in done.stderr


def test_a_full_context_ends_the_answer(bastide, smollm2):
    done = bastide("run", smollm2, "Write a very long story.", "--context", "64", "--json", *GREEDY, check=True)
    told = json.loads(done.stdout)
    assert told["stop"] == "context"
    assert told["prompt_tokens"] + told["tokens"] == 64 + 1  # the last one needs no room


def test_a_missing_file_or_model_is_said(bastide, smollm2, tmp_path):
    done = bastide("run", smollm2, "--file", "nothere.txt")
    assert done.returncode == 3
    assert b"nothere.txt" in done.stderr
    (tmp_path / "fake.gguf").write_bytes(b"not a model at all")
    done = bastide("run", "fake.gguf", "hello")
    assert done.returncode == 3
    assert b"fake.gguf" in done.stderr


def test_a_full_disk_is_an_error(count):
    with open("/dev/full", "wb") as full:
        done = count("-n", "30", stdout=full)
    assert done.returncode == 3
    assert b"No space left" in done.stderr


def test_a_reader_that_leaves_ends_it_quietly(binary, environment, smollm2):
    with subprocess.Popen([binary, "run", smollm2, COUNT, *GREEDY], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=environment) as process:
        assert process.stdout.read(1) == b"1"
        process.stdout.close()
        assert process.wait(60) == 3
        assert process.stderr.read() == b""


def test_text_streams_as_it_is_made_and_an_interrupt_ends_it_whole(binary, environment, smollm2):
    with subprocess.Popen([binary, "run", smollm2, "Write a very long story.", *GREEDY], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=environment) as process:
        first = process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(60) == 130
        assert process.stderr.read() == b""
    assert (first + rest).endswith(b"\n")
    (first + rest).decode()


def test_work_in_the_background_that_ignores_interrupts_goes_on(binary, environment, smollm2):
    def ignore():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with subprocess.Popen([binary, "run", smollm2, COUNT, *GREEDY, "-n", "40"], stdout=subprocess.PIPE,
                          env=environment, preexec_fn=ignore) as process:
        process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(60) == 0


def read_all(terminal):
    """What was written to a pseudo-terminal whose other side is closed by now."""
    text = b""
    try:
        while part := os.read(terminal, 4096):
            text += part
    except OSError:
        pass  # how its end reads
    os.close(terminal)
    return text


@pytest.mark.parametrize("control, picture", [("\x1b", "\u241b"), ("\x9b", "\ufffd"), ("\x7f", "\u2421")])
def test_an_answer_can_not_command_the_terminal(bastide, smollm2, control, picture):
    """A penalty below zero favours what is in the prompt: the model repeats the control character in it."""
    words = ["run", smollm2, control * 8, "--raw", *GREEDY, "--presence-penalty", "-100", "-n", "4"]
    assert control in bastide(*words, check=True).stdout.decode()
    master, slave = pty.openpty()
    bastide(*words, check=True, stdout=slave)
    os.close(slave)
    shown = read_all(master).decode()
    assert picture in shown
    assert control not in shown
