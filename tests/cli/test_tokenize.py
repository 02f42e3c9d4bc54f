"""bastide tokenize: exactly the bytes of standard input become ids, in a form that other programs read."""
import json
import os

import pytest


@pytest.fixture(scope="session")
def vocabulary(goldens):
    """SmolLM2's tokenizer without its weights."""
    return goldens / "tokens/smollm2-vocabulary.gguf"


@pytest.fixture(scope="session")
def texts(goldens):
    """Ids by text, from llama.cpp."""
    rows = json.loads((goldens / "tokens/smollm2.json").read_text())["texts"]
    return {row["text"]: row for row in rows if "text" in row}


def test_json_has_this_form_to_the_byte(bastide, vocabulary):
    assert bastide("tokenize", vocabulary, "--json", stdin=b"Hello", check=True).stdout == b'{"ids": [19556]}\n'
    assert bastide("tokenize", vocabulary, "--json", stdin=b"", check=True).stdout == b'{"ids": []}\n'


def ids(bastide, model, text, *options, **others):
    return json.loads(bastide("tokenize", model, "--json", *options, stdin=text, check=True, **others).stdout)["ids"]


def test_all_golden_texts_in_one(bastide, vocabulary, texts):
    """Each with a mark before it that nothing merges with."""
    mark, mark_id = "<|endoftext|>", 0
    wanted = [id for row in texts.values() for id in [mark_id] + row.get("ids_parse_special", row["ids"])]
    assert ids(bastide, vocabulary, "".join(mark + text for text in texts).encode()) == wanted


@pytest.mark.parametrize("text", [b"a\n", b"a\r\n", b"\n", b"a\x00b", b" a ", b"\xef\xbb\xbfa"])
def test_every_byte_counts(bastide, vocabulary, text):
    """Nothing is trimmed, nothing ends the text early: a mark after it still stands where it must."""
    alone = ids(bastide, vocabulary, text)
    assert ids(bastide, vocabulary, text + b"<|im_end|>Hello") == alone + [2, 19556]
    shown = bastide("tokenize", vocabulary, stdin=text, check=True).stdout.decode()
    pieces = b"".join(line[9:].encode().decode("unicode_escape").encode("latin-1") for line in shown.splitlines())
    assert pieces == text


def test_special_tokens_are_parsed_unless_told_otherwise(bastide, vocabulary):
    assert ids(bastide, vocabulary, b"<|im_end|>") == [2]
    plain = ids(bastide, vocabulary, b"<|im_end|>", "--no-special")
    assert len(plain) > 1 and 2 not in plain


def test_bos_is_added_unless_told_otherwise(bastide, gemma):
    assert ids(bastide, gemma, b"a") == [2, 236746]
    assert ids(bastide, gemma, b"a", "--no-bos") == [236746]
    assert ids(bastide, gemma, b"<bos>a", "--no-bos") == [2, 236746]


def test_the_whole_model_gives_what_its_vocabulary_gives(bastide, smollm2, vocabulary, texts):
    text = "\n".join(texts).encode()
    assert ids(bastide, smollm2, text) == ids(bastide, vocabulary, text)


def test_for_people_there_is_a_line_for_each_token(bastide, vocabulary):
    done = bastide("tokenize", vocabulary, stdin="Hello\t\\é\x1b<|im_end|>".encode(), check=True)
    lines = [line.split("  ", 1) for line in done.stdout.decode().splitlines() if line.strip()]
    assert all(int(id) >= 0 for id in (line.strip().split()[0] for line in done.stdout.decode().splitlines()))
    shown = "".join(line.rstrip("\n")[9:] for line in done.stdout.decode().splitlines())
    assert shown == "Hello\\x09\\x5Cé\\x1B<|im_end|>"
    assert len(lines) == len(ids(bastide, vocabulary, "Hello\t\\é\x1b<|im_end|>".encode()))


@pytest.mark.parametrize("text", [b"\x80", b"\xc3", b"a\xe2\x82", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xbf\xbf"])
def test_invalid_utf8_is_encoded_byte_by_byte(bastide, vocabulary, text):
    shown = bastide("tokenize", vocabulary, "--no-special", stdin=text, check=True).stdout.decode()
    pieces = b"".join(_bytes(line[9:]) for line in shown.splitlines())
    assert pieces == text


def test_bytes_that_the_vocabulary_lacks_become_replacements(bastide, vocabulary):
    assert ids(bastide, vocabulary, b"\xff\xc0") == 2 * ids(bastide, vocabulary, "\ufffd".encode())


def _bytes(piece):
    """Undoes the escapes of a line."""
    parts = piece.split("\\x")
    return parts[0].encode() + b"".join(bytes([int(part[:2], 16)]) + part[2:].encode() for part in parts[1:])


@pytest.mark.parametrize("text", [b"a" * 1_000_000, b" " * 1_000_000, b"\n" * 1_000_000, b"<|im_start|>" * 80_000,
                                  "é漢😀 1'".encode() * 80_000, b"\x80" * 1_000_000, b"<|" * 500_000],
                         ids=["word", "spaces", "newlines", "special", "mixed", "invalid", "nearly special"])
def test_a_megabyte_is_linear(bastide, vocabulary, text):
    """Quadratic would take minutes; the limit of ten seconds is for slow machines."""
    assert ids(bastide, vocabulary, text, timeout=10)


@pytest.mark.parametrize("arguments, status, message", [
    ([], 2, "an argument is missing"),
    (["a", "b"], 2, "one argument too many"),
    (["a", "--ids"], 2, "no such option"),
    (["./nothing.gguf"], 3, "nothing.gguf"),
    (["./text.gguf"], 3, "text.gguf"),
    (["./folder"], 3, "folder"),
])
def test_wrong_use_and_wrong_files_are_named(bastide, tmp_path, arguments, status, message):
    (tmp_path / "text.gguf").write_text("This is no model.")
    (tmp_path / "folder").mkdir()
    done = bastide("tokenize", *arguments, stdin=b"x")
    assert (done.returncode, done.stdout) == (status, b"")
    assert done.stderr.startswith(b"bastide: ") and message in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


def test_a_model_without_a_tokenizer_says_so(bastide, tmp_path):
    (tmp_path / "bare.gguf").write_bytes(b"GGUF" + (3).to_bytes(4, "little") + bytes(16))
    done = bastide("tokenize", "./bare.gguf", stdin=b"x")
    assert done.returncode == 3
    assert b"no tokenizer" in done.stderr


def test_every_cut_vocabulary_is_refused_without_a_crash(bastide, vocabulary, tmp_path):
    whole = vocabulary.read_bytes()
    for length in [0, 1, 23, 24, 100, 1000, len(whole) // 3, len(whole) // 2, len(whole) - 40]:
        (tmp_path / "cut.gguf").write_bytes(whole[:length])
        done = bastide("tokenize", "./cut.gguf", "--json", stdin=b"x")
        assert (done.returncode, done.stdout) == (3, b""), length


def test_a_full_disk_is_said(bastide, vocabulary):
    with open("/dev/full", "wb") as full:
        done = bastide("tokenize", vocabulary, "--json", stdin=b"Hello", stdout=full)
    assert done.returncode == 3
    assert b"No space left on device" in done.stderr


def test_a_pipe_that_nobody_reads_is_no_crash_and_no_noise(bastide, vocabulary):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = bastide("tokenize", vocabulary, stdin=b"Hello " * 50_000, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (3, b"")


def test_help_shows_examples(bastide):
    done = bastide("tokenize", "--help", check=True)
    assert b"examples:" in done.stdout and b"bastide tokenize" in done.stdout
