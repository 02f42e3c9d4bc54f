"""bastide chat: a conversation, at a terminal and through a pipe."""
import json
import re
import signal
import stat
import subprocess
import threading

import pytest

from terminal import Terminal

GREEDY = ("--temperature", "0")
COUNT = "Count from 1 to 20."
COUNTED = "1. 1\n2. 2\n3. 3\n4. 4\n"


@pytest.fixture
def talk(bastide, smollm2):
    """talk("Hello", "/stats", "-n5") sends lines through a pipe; words that begin with a dash are options."""
    def run(*words, check=True, **others):
        options = [word for word in words if word.startswith("-")]
        lines = [word for word in words if not word.startswith("-")]
        return bastide("chat", smollm2, *GREEDY, *options, stdin="\n".join(lines).encode() + b"\n", check=check,
                       **others)
    return run


@pytest.fixture
def terminal(binary, environment, smollm2, tmp_path):
    """terminal("-n", "5") opens a chat on a pseudo-terminal and waits for its first prompt."""
    opened = []

    def run(*options, env=None, prompt=">>> ", columns=100):
        words = [binary, "chat", smollm2, *GREEDY, *options]
        settings = {"TERM": "xterm-256color", "NO_COLOR": "1"} | (env or {})
        opened.append(Terminal(words, environment | settings, tmp_path, columns))
        opened[-1].wait_for(prompt)
        return opened[-1]
    yield run
    for one in opened:
        one.close()


def saved(path):
    return [(message["role"], message["content"]) for message in json.loads(path.read_text())]


# ---- through a pipe

def test_each_line_is_answered(talk):
    done = talk(COUNT, COUNT, "-n20")
    assert done.stdout.decode().count("1. 1\n2. 2\n") == 2
    assert done.stderr == b""


def test_an_answer_is_the_same_whether_the_conversation_was_kept_or_read_again(talk, tmp_path):
    """The cache is reused between turns: a loaded conversation, which is read whole, must go on alike."""
    talk("My name is Alice.", "I live in Paris.", "/save before.json", "Where do I live?", "/save kept.json", "-n40")
    talk("/load before.json", "Where do I live?", "/save read.json", "-n40")
    assert saved(tmp_path / "kept.json") == saved(tmp_path / "read.json")


def test_only_what_is_new_is_read(talk):
    done = talk("Hello", "/stats", "And now?", "/stats", "-n8")
    kept = [int(line.split(b"of which ")[1].split()[0]) for line in done.stdout.splitlines() if b"of which" in line]
    assert kept[0] == 0
    assert kept[1] > 25


@pytest.mark.parametrize("lines, message", [
    (["one\\", "two\\", "three"], "one\ntwo\nthree"),
    (['"""one', "two", 'three"""'], "one\ntwo\nthree"),
    (['"""', "one", "", "  two", '"""'], "one\n\n  two"),
    (['"""one"""'], "one"),
    ([" /not a command"], " /not a command"),
    (["ends with CR\r"], "ends with CR"),
])
def test_a_message_may_have_several_lines(talk, tmp_path, lines, message):
    talk(*lines, "/save it.json", "-n2")
    assert saved(tmp_path / "it.json")[0] == ("user", message)


def test_input_that_ends_inside_a_message_is_answered_as_far_as_it_came(talk, bastide, smollm2):
    for text in (b"Hello", b"Hello\\", b'"""Hello', b'"""Hello\nyou\n'):
        done = bastide("chat", smollm2, *GREEDY, "-n", "4", stdin=text, check=True)
        assert done.stdout.strip()


def test_blank_lines_and_no_lines_say_nothing(talk):
    done = talk("", "  ", "\t", "")
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_system_message_is_shown_changed_and_taken_away(talk, tmp_path):
    done = talk("/system", "/system Be brief.", "/system", "Hello", "/save it.json", "/system none", "/system", "-n2")
    assert done.stdout.startswith(b"(none)\nBe brief.\n")
    assert done.stdout.endswith(b"(none)\n")
    assert saved(tmp_path / "it.json")[0] == ("system", "Be brief.")


def test_reset_forgets_the_conversation_and_keeps_the_system_message(talk, tmp_path):
    talk("--system=Be kind.", "Hello", "/reset", "Goodbye", "/save it.json", "-n2")
    assert [content for _, content in saved(tmp_path / "it.json")][:2] == ["Be kind.", "Goodbye"]


def test_regenerate_answers_again_and_differently(talk, tmp_path):
    talk("Tell me a story.", "/save 1.json", "/regenerate", "/save 2.json", "--temperature=1.5", "--seed=1", "-n20")
    first, second = saved(tmp_path / "1.json"), saved(tmp_path / "2.json")
    assert first[0] == second[0]
    assert len(first) == len(second) == 2
    assert first[1] != second[1]


def test_settings_are_shown_and_changed(talk):
    done = talk("/set temperature 0.25", "/set top-k=7", "/set", "/set seed 18446744073709551615", "/set max_tokens 3",
                COUNT, "/stats")
    assert b"temperature        0.25\n" in done.stdout
    assert b"top_k              7\n" in done.stdout
    assert b"18446744073709551615" in done.stdout
    assert b"last answer: 3 tokens" in done.stdout


@pytest.mark.parametrize("line, named", [
    ("/set temperature hot", "temperature"),
    ("/set temperature nan", "temperature"),
    ("/set temperature -1", "temperature"),
    ("/set top_p 1.5", "top_p"),
    ("/set top_k -1", "top_k"),
    ("/set top_k 4294967296", "top_k"),
    ("/set heat 3", "heat"),
    ("/save", "/save"),
    ("/save /nowhere/at/all.json", "/nowhere/at/all.json"),
    ("/load", "/load"),
    ("/load -", "/load"),
    ("/load nothere.json", "nothere.json"),
    ("/load /dev/zero", "/dev/zero"),
    ("/regenerate", "/regenerate"),
    ("/dance", "/dance"),
    ("/", "/"),
])
def test_a_line_that_can_not_be_done_is_said_and_the_next_one_is(talk, line, named):
    done = talk(line, COUNT, "-n20", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b"bastide: ") and named.encode() in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert b"1. 1\n" in done.stdout


MESSAGE = '{"role": "user", "content": "x"}'


@pytest.mark.parametrize("text", [
    b"", b"not JSON", b"{}", b"[", b"null", b'{"messages": 3}', b"[1]", b"[[]]", b'[{"role": "user"}]',
    b'[{"role": 3, "content": "x"}]', b'[{"role": "user", "content": ["x"]}]',
    b'[{"role": "assistant", "content": "x"}]', b'[{"role": "tool", "content": "x"}]',
    f"[{MESSAGE}, {MESSAGE}]".encode(), b'[{"role": "user", "role": "user", "content": "x"}]',
    f'[{MESSAGE}, {{"role": "system", "content": "x"}}]'.encode(), b'[{"role": "user", "content": "\xff"}]',
    b"[" * 100_000, b"[" + b"1," * 2_000_000 + b"1]", b" " * 9_000_000,
], ids=range(20))
def test_a_bad_file_is_not_loaded_and_the_conversation_stays(talk, tmp_path, text):
    (tmp_path / "bad.json").write_bytes(text)
    done = talk("Hello", "/load bad.json", "/save it.json", "-n2", check=False)
    assert done.returncode == 1
    assert b"bad.json" in done.stderr
    assert saved(tmp_path / "it.json")[0] == ("user", "Hello")


def test_a_loaded_conversation_that_waits_for_an_answer_gets_it(talk, tmp_path):
    (tmp_path / "it.json").write_text(json.dumps({"messages": [{"role": "user", "content": COUNT, "more": [1]}]}))
    done = talk("/load it.json", "/save out.json", "-n20")
    assert b"1. 1\n2. 2\n" in done.stdout
    assert json.loads((tmp_path / "out.json").read_text())[0] == {"role": "user", "content": COUNT}


def test_saving_replaces_a_file_whole_and_keeps_it_private(talk, tmp_path):
    (tmp_path / "it.json").write_text("old" * 10000)
    talk("Hello", "/save it.json", "-n2")
    assert len(saved(tmp_path / "it.json")) == 2
    assert stat.S_IMODE((tmp_path / "it.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("it.json*")] == ["it.json"]


def test_a_full_context_is_said_and_the_conversation_goes_on(talk, tmp_path):
    lines = [f"Tell me something about the number {i}." for i in range(12)]
    done = talk(*lines, "/save it.json", "--context=256", "-n40")
    assert b"The context of 256 tokens is full" in done.stderr
    assert b"oldest" in done.stderr
    assert len(saved(tmp_path / "it.json")) == 24  # nothing is lost of what is kept for the user


def test_the_system_message_stays_when_the_oldest_are_left_out(talk, tmp_path):
    lines = [f"Tell me something about the number {i}." for i in range(8)]
    done = talk(*lines, "/save it.json", "--system=You like numbers.", "--context=200", "-n40")
    assert b"is full" in done.stderr
    assert saved(tmp_path / "it.json")[0] == ("system", "You like numbers.")


def test_a_message_that_can_not_fit_is_refused_with_numbers_and_forgotten(talk, tmp_path):
    done = talk("Hello", "word " * 400, "Hello again", "/save it.json", "--context=128", "-n4", check=False)
    assert done.returncode == 1
    assert b"tokens and the context 128" in done.stderr
    assert [content for role, content in saved(tmp_path / "it.json") if role == "user"] == ["Hello", "Hello again"]


def test_an_answer_that_fills_the_context_is_said_to_end_there(talk):
    done = talk("Write a very long story about a ship.", "--context=96")
    assert b"The context of 96 tokens is full: the answer ends here." in done.stderr


def test_a_message_that_is_not_utf8_is_refused_with_the_place(bastide, smollm2):
    done = bastide("chat", smollm2, *GREEDY, "-n", "20", stdin=b"caf\xe9\n" + COUNT.encode())
    assert done.returncode == 1
    assert b"byte 3 (0xE9)" in done.stderr
    assert b"1. 1\n" in done.stdout


def test_a_model_without_a_chat_template_says_what_to_do(bastide, gemma):
    done = bastide("chat", gemma, stdin=b"Hello\n")
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"no chat template" in done.stderr and b"bastide run" in done.stderr


def test_a_template_may_be_given(bastide, gemma, tmp_path):
    (tmp_path / "plain.jinja").write_text("{% for m in messages %}{{ m.content }}{% endfor %}")
    done = bastide("chat", gemma, "--template", "plain.jinja", *GREEDY, "-n", "12", stdin=b"1, 2, 3, 4, 5,\n",
                   check=True)
    assert done.stdout.startswith(b" 6, 7, 8, 9,")


def test_a_full_disk_ends_it(talk):
    with open("/dev/full", "wb") as full:
        done = talk("Hello", "Hello", "-n4", check=False, stdout=full)
    assert done.returncode == 3
    assert done.stderr.count(b"No space left") == 1


def test_an_interrupt_ends_a_conversation_from_a_pipe(binary, environment, smollm2):
    words = [binary, "chat", smollm2, *GREEDY]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=environment) as process:
        process.stdin.write(b"Write a very long story about a ship.\nAnd another one.\n")
        process.stdin.flush()
        process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        process.stdin.close()
        process.stdout.read()
        assert process.wait(60) == 130
        assert process.stderr.read() == b"(stopped)\n"


# ---- at a terminal

def test_a_message_is_answered_with_its_speed(terminal):
    chat = terminal("-n", "20")
    chat.send(COUNT + "\n")
    assert "1. 1\r\n2. 2\r\n" in chat.wait_for(r"\[20 tokens at [0-9.]+ a second")
    chat.wait_for(">>> ")
    chat.send("\x04")
    assert chat.wait_for_end() == 0


def test_ctrl_c_stops_the_answer_and_not_the_program(terminal):
    chat = terminal()
    chat.send("Write a very long story about a ship.\n")
    chat.wait_for(r"ship[.]\r\n")  # until here Ctrl-C is a key of the editor
    chat.wait_for("[a-z]{4} [a-z]")
    chat.send("\x03")
    chat.wait_for(r"\(stopped\)")
    chat.wait_for(">>> ")
    chat.send("/set max_tokens 12\n")
    chat.wait_for(">>> ")
    chat.send("And then?\n")
    chat.wait_for(r"\[12 tokens")


def test_ctrl_c_at_the_prompt_throws_the_line_away_and_twice_leaves(terminal, tmp_path):
    chat = terminal("-n", "2")
    chat.send("this is not sent")
    chat.wait_for("not sent")
    chat.send("\x03")
    chat.wait_for("again")
    chat.wait_for(">>> ")
    chat.send("Hello\n")
    chat.wait_for(r"\[2 tokens")
    chat.wait_for(">>> ")
    chat.send("/save it.json\n")
    chat.wait_for("saved")
    chat.wait_for(">>> ")
    assert saved(tmp_path / "it.json")[0] == ("user", "Hello")
    chat.send("\x03")
    chat.wait_for(">>> ")
    chat.send("\x03")
    assert chat.wait_for_end() == 0


def test_ctrl_c_while_a_long_prompt_is_read_takes_the_message_back(terminal, tmp_path):
    chat = terminal()
    (tmp_path / "long.json").write_text(json.dumps([{"role": "user", "content": "word " * 7000}]))
    chat.send("/load long.json\n")
    chat.wait_for("reading the prompt")
    chat.send("\x03")
    assert chat.wait_for(r"\(stopped\)").endswith("\x1b[K")  # the bar is gone
    chat.wait_for(">>> ")
    chat.send("/regenerate\n")
    chat.wait_for("no answer yet")


def test_a_line_can_be_edited_and_called_back(terminal, tmp_path):
    chat = terminal("-n", "2")
    chat.send("ello\x01H\n")  # Ctrl-A: to the beginning
    chat.wait_for(r"\[2 tokens")
    chat.wait_for(">>> ")
    chat.send("\x1b[A again\n")  # up
    chat.wait_for(r"\[2 tokens")
    chat.wait_for(">>> ")
    chat.send("/save it.json\n")
    chat.wait_for("saved")
    assert [content for role, content in saved(tmp_path / "it.json") if role == "user"] == ["Hello", "Hello again"]


def test_history_outlives_the_program_and_is_private(terminal, tmp_path):
    chat = terminal("-n", "2")
    chat.send("Été à Paris\n")
    chat.wait_for(r"\[2 tokens")
    chat.wait_for(">>> ")
    chat.send("/exit\n")
    assert chat.wait_for_end() == 0
    file = tmp_path / "home/chat_history"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = terminal("-n", "2")
    again.send("\x1b[A\x1b[A\n")  # over /exit
    assert "Été à Paris" in again.wait_for(r"\[2 tokens")


def test_several_lines_are_one_message(terminal, tmp_path):
    chat = terminal("-n", "2")
    chat.send("one\\\n")
    chat.wait_for(r"\.\.\. ")
    chat.send("two\n")
    chat.wait_for(r"\[2 tokens")
    chat.wait_for(">>> ")
    chat.send("/save it.json\n")
    chat.wait_for("saved")
    assert saved(tmp_path / "it.json")[0] == ("user", "one\ntwo")


def test_what_is_pasted_is_text_and_not_obeyed(terminal, tmp_path):
    chat = terminal("-n", "2")
    assert "\x1b[?2004h" in chat.seen.decode()
    chat.send("\x1b[200~first\r/exit\r\x03\x01été\x1b[201~")
    chat.wait_for("été")
    chat.send("\n")
    chat.wait_for(r"\[2 tokens")
    chat.wait_for(">>> ")
    chat.send("/save it.json\n")
    chat.wait_for("saved")
    assert saved(tmp_path / "it.json")[0] == ("user", "first\n/exit\n\x03\x01été")


def test_a_paste_too_long_to_take_is_dropped_whole(terminal):
    chat = terminal("-n", "2")
    paste = threading.Thread(target=chat.send, args=("\x1b[200~" + "words\r" * 200_000 + "\x1b[201~still here",))
    paste.start()  # a pseudo-terminal holds little: somebody must read while another one writes
    chat.wait_for("still here")
    paste.join()
    assert b"words" not in chat.seen


def test_a_line_outlives_ctrl_z_and_fg(binary, environment, smollm2, tmp_path):
    """Through a shell, since only a program that somebody can continue may stop itself."""
    settings = environment | {"TERM": "xterm-256color", "NO_COLOR": "1", "PS1": "ready> "}
    shell = Terminal(["bash", "--norc", "-i"], settings, tmp_path)
    try:
        shell.wait_for("ready> ")
        shell.send(f"{binary} chat {smollm2} -n 2\n")
        shell.wait_for(">>> ")
        shell.send("Hel")
        shell.wait_for("Hel")
        shell.send("\x1a")
        shell.wait_for("Stopped")
        shell.wait_for("ready> ")
        shell.send("fg\n")
        shell.wait_for(">>> Hel")
        shell.send("lo\n")
        shell.wait_for(r"\[2 tokens")
        shell.wait_for(">>> ")
        shell.send("/save it.json\n")
        shell.wait_for("saved")
    finally:
        shell.close()
    assert saved(tmp_path / "it.json")[0] == ("user", "Hello")


def test_the_chat_is_called_by_the_name_that_people_type(terminal, smollm2):
    assert f"{smollm2.stem}, 8192 tokens of context".encode() in terminal().seen


def test_help_fits_the_narrowest_usual_terminal(talk):
    for line in talk("/help").stdout.decode().splitlines():
        assert len(line) < 80, line


def answer_lines(terminal, columns):
    """What a terminal of so many columns shows of an answer."""
    chat = terminal("-n", "80", columns=columns)
    chat.send("Tell me of Paris.\n")
    chat.wait_for("of Paris[.]")
    shown = re.sub(r"\x1b\[[?\d]*[a-z]|\r", "", chat.wait_for(r"\[\d+ tokens"))
    return shown.strip().split("\n")


@pytest.mark.parametrize("columns", [24, 40, 79])
def test_lines_of_an_answer_end_between_words(terminal, columns):
    wide, narrow = answer_lines(terminal, 4000), answer_lines(terminal, columns)
    assert max(map(len, narrow)) < columns
    assert " ".join(narrow).split() == " ".join(wide).split()
    assert len(narrow) > len(wide)


def test_a_plain_terminal_gets_plain_text(terminal):
    chat = terminal("-n", "2", env={"TERM": "dumb", "NO_COLOR": ""}, prompt="tokens of context")
    chat.send("Hello\n")
    chat.wait_for(r"\[2 tokens")
    assert b"\x1b" not in chat.seen


def test_an_answer_can_not_command_the_terminal(terminal, tmp_path):
    """A penalty below zero favours what is in the prompt: the model repeats the escape characters in it."""
    (tmp_path / "it.json").write_text(json.dumps([{"role": "user", "content": "\x1b" * 8}]))
    (tmp_path / "plain.jinja").write_text("{{ messages[0].content }}")
    chat = terminal("-n", "6", "--presence-penalty", "-100", "--template", "plain.jinja")
    before = len(chat.seen)
    chat.send("/load it.json\n")
    chat.wait_for(r"\[6 tokens")
    answer = chat.seen[before:].split(b"loaded, exchanges: 1)")[1]
    assert "\u241b".encode() in answer
    assert b"\x1b" not in answer.split(b"[6 tokens")[0]


def test_colour_is_used_unless_it_is_not_wanted(terminal):
    dim = b"\x1b[2m"
    assert dim not in terminal().seen
    assert dim in terminal(env={"NO_COLOR": ""}).seen
