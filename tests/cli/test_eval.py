"""bastide eval: ids in, raw float32 out; the golden models' numbers, on every instruction set, to the bit whatever the
batch and the threads; and what it says when it cannot."""
import json
import os
import stat
from pathlib import Path

import numpy
import pytest

FOLDER = Path(__file__).resolve().parent.parent / "goldens/models"
MODELS = {row["name"]: row for row in json.loads((FOLDER / "index.json").read_text())["models"]}
WAYS = [(1, 1), (1, 2), (7, 3), (64, 2), (4096, 3)]  # batch, threads


@pytest.fixture(params=["scalar", "avx2", "avx512"])
def level(request, bastide, goldens):
    """An instruction set that this machine has."""
    said = bastide("eval", goldens / "models/llama.gguf", "--tokens", "-", "--embd", "probe", stdin=b"[1]",
                   env={"BASTIDE_CPU": request.param})
    if said.returncode == 3 and b"this processor has" in said.stderr:
        pytest.skip(f"this processor has no {request.param}")
    assert said.returncode == 0, said.stderr
    return request.param


def golden_ids(name, which):
    return json.loads((FOLDER / f"{name}.tokens.json").read_text())[which]


def golden_logits(name, which):
    row = MODELS[name]
    exact = ("" if row["weights"] == "F32" else ".deq") + (".gelu32" if row["arch"] == "gemma3" else "")
    return numpy.fromfile(FOLDER / f"{name}.{which}{exact}.logits.f32", "<f4").reshape(-1, row["n_vocab"])


@pytest.fixture
def evaluate(bastide, tmp_path):
    """evaluate(ids, model, options...) returns the bytes that eval writes."""
    def run(ids, model, *options, kind="--logits", **others):
        out = tmp_path / "out.f32"
        bastide("eval", model, "--tokens", "-", kind, out, *options, stdin=json.dumps(ids).encode(), check=True,
                **others)
        written = out.read_bytes()
        out.unlink()
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith("out")] == []
        return written
    return run


# ---- the numbers -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("which", ["short", "long"])
@pytest.mark.parametrize("name", MODELS)
def test_logits_are_the_golden_ones(evaluate, level, name, which):
    ids, wanted = golden_ids(name, which), golden_logits(name, which)
    got = numpy.frombuffer(evaluate(ids, FOLDER / f"{name}.gguf", env={"BASTIDE_CPU": level}), "<f4")
    assert got.size == wanted.size == len(ids) * MODELS[name]["n_vocab"]
    difference = got.reshape(wanted.shape).astype(float) - wanted
    if MODELS[name]["weights"] == "F32":
        assert numpy.abs(difference).max() < 1e-3
    else:
        assert numpy.sqrt(numpy.mean(difference ** 2)) < 1.5 * MODELS[name]["deq_rms_diff"]


@pytest.mark.parametrize("name", MODELS)
def test_bytes_are_the_same_for_every_batch_and_number_of_threads(evaluate, level, name):
    ids, model = golden_ids(name, "long"), FOLDER / f"{name}.gguf"
    wanted = evaluate(ids, model, "--threads", 1, env={"BASTIDE_CPU": level})
    for batch, threads in WAYS:
        got = evaluate(ids, model, "--batch", batch, "--threads", threads, env={"BASTIDE_CPU": level})
        assert got == wanted, f"--batch {batch} --threads {threads}"


def test_the_bytes_of_a_beginning_do_not_know_of_what_follows(evaluate):
    ids, model = golden_ids("gemma3-q4_k", "long"), FOLDER / "gemma3-q4_k.gguf"
    whole = evaluate(ids, model)
    for count in (1, 31, 32, 33, 64, 65):
        assert whole.startswith(evaluate(ids[:count], model)), f"{count} ids"


@pytest.mark.parametrize("name", ["llama", "gemma3-q4_1"])
def test_an_embedding_has_length_1_whatever_the_batch(evaluate, level, name):
    ids, model, width = golden_ids(name, "long"), FOLDER / f"{name}.gguf", MODELS[name]["n_embd"]
    wanted = evaluate(ids, model, kind="--embd", env={"BASTIDE_CPU": level})
    vector = numpy.frombuffer(wanted, "<f4").astype(float)
    assert vector.size == width
    assert abs(numpy.sqrt((vector ** 2).sum()) - 1) < 1e-6
    assert numpy.unique(vector).size > width // 2
    for batch, threads in WAYS:
        assert evaluate(ids, model, "--batch", batch, "--threads", threads, kind="--embd",
                        env={"BASTIDE_CPU": level}) == wanted
    assert evaluate(ids[1:], model, kind="--embd", env={"BASTIDE_CPU": level}) != wanted


# ---- what it reads ---------------------------------------------------------------------------------------------------

@pytest.fixture
def llama(goldens):
    return goldens / "models/llama.gguf"


def test_ids_come_from_a_file_as_from_standard_input(bastide, evaluate, llama, tmp_path):
    (tmp_path / "ids.json").write_text(" [ 3,\n 1, 4 ]\n")
    bastide("eval", llama, "--tokens", "ids.json", "--logits", "logits.f32", check=True)
    assert (tmp_path / "logits.f32").read_bytes() == evaluate([3, 1, 4], llama)


@pytest.mark.parametrize("text, status, message", [
    (b"", 2, "a JSON array of token ids is expected"),
    (b"[", 2, "a JSON array of token ids is expected"),
    (b"[1] [2]", 2, "a JSON array of token ids is expected"),
    (b"1, 2, 3", 2, "a JSON array of token ids is expected"),
    (b'{"ids": [1]}', 2, "a JSON array of token ids is expected"),
    (b"\xff\xfe[1]", 2, "a JSON array of token ids is expected"),
    (b"[" * 100000, 2, "a JSON array of token ids is expected"),
    (b"[]", 2, "no token ids"),
    (b"[[1, 2]]", 2, "element 0 is no token id"),
    (b"[1, 2.0]", 2, "element 1 is no token id"),
    (b'[1, "2"]', 2, "element 1 is no token id"),
    (b"[1, null]", 2, "element 1 is no token id"),
    (b"[1, true]", 2, "element 1 is no token id"),
    (b"[-1]", 2, "element 0 is no token id"),
    (b"[4294967295]", 2, "element 0 is no token id"),
    (b"[4294967296]", 2, "element 0 is no token id"),
    (b"[9223372036854775808]", 2, "a JSON array of token ids is expected"),
    (b"[255, 256]", 2, "id 256 is not below the vocabulary's 256"),
    (b"[4294967294]", 2, "is not below the vocabulary's 256"),
])
def test_what_is_no_list_of_ids_is_refused(bastide, llama, tmp_path, text, status, message):
    said = bastide("eval", llama, "--tokens", "-", "--logits", "out.f32", stdin=text)
    assert said.returncode == status
    assert message in said.stderr.decode()
    assert list(tmp_path.glob("out*")) == []


@pytest.mark.parametrize("options, message", [
    ([], "--tokens FILE and one of --logits FILE and --embd FILE are needed"),
    (["--logits", "out"], "--tokens FILE and one of"),
    (["--tokens", "-"], "--tokens FILE and one of"),
    (["--tokens", "-", "--logits", "out", "--embd", "out.embd"], "one of --logits FILE and --embd FILE"),
    (["--tokens", "-", "--logits", "out", "--batch", "0"], "--batch 0: a whole number from 1 to"),
    (["--tokens", "-", "--logits", "out", "--batch", "many"], "--batch many: a whole number from 1 to"),
    (["--tokens", "-", "--logits", "out", "--threads", "257"], "--threads 257: a whole number from 1 to 256"),
    (["--tokens", "-", "--logits", "out", "--context", "100000"], "was trained for"),
    (["--tokens", "-", "--logits", "out", "--context", "0"], "--context 0: a whole number from 1 to"),
    (["--tokens", "-", "--logits", "out", "--nonsense"], "no such option"),
])
def test_wrong_use_is_status_2_and_writes_nothing(bastide, llama, tmp_path, options, message):
    said = bastide("eval", llama, *options, stdin=b"[1, 2]")
    assert said.returncode == 2
    assert message in said.stderr.decode()
    assert list(tmp_path.glob("out*")) == []


def test_a_tokens_file_that_is_not_there_is_named(bastide, llama):
    said = bastide("eval", llama, "--tokens", "missing.json", "--logits", "out")
    assert said.returncode == 3
    assert b"missing.json" in said.stderr


# ---- the context -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("batch", [1, 7, 64])
def test_more_ids_than_the_context_holds_are_refused_and_leave_no_file(bastide, llama, tmp_path, batch):
    said = bastide("eval", llama, "--tokens", "-", "--logits", "out", "--context", 40, "--batch", batch,
                   stdin=json.dumps([1] * 41).encode())
    assert said.returncode == 3
    assert "40 fit" in said.stderr.decode() and "--context" in said.stderr.decode()
    assert list(tmp_path.glob("out*")) == []


def test_a_context_may_be_filled_to_the_last_id(evaluate, llama):
    ids = [i * 7 % 256 for i in range(256)]
    whole = evaluate(ids, llama)
    assert len(whole) == 256 * 256 * 4
    assert evaluate(ids[:40], llama, "--context", 40) == whole[:40 * 256 * 4]


# ---- where it writes -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["--logits", "--embd"])
def test_a_folder_that_is_not_there_is_status_3(bastide, llama, tmp_path, kind):
    said = bastide("eval", llama, "--tokens", "-", kind, "nowhere/out", stdin=b"[1]")
    assert said.returncode == 3
    assert b"nowhere/out" in said.stderr
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("kind", ["--logits", "--embd"])
def test_a_folder_in_the_place_of_the_output_stays_and_nothing_beside_it(bastide, llama, tmp_path, kind):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/kept").touch()
    said = bastide("eval", llama, "--tokens", "-", kind, "out", stdin=b"[1]")
    assert said.returncode == 3
    assert b"out" in said.stderr
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["kept"]


@pytest.mark.parametrize("kind", ["--logits", "--embd"])
def test_an_old_output_stays_when_the_new_one_fails(bastide, llama, tmp_path, kind):
    (tmp_path / "out").write_bytes(b"old")
    said = bastide("eval", llama, "--tokens", "-", kind, "out", "--context", 2, stdin=b"[1, 2, 3]")
    assert said.returncode == 3
    assert (tmp_path / "out").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["out"]


def test_a_full_disk_is_status_3_and_leaves_no_part(binary, environment, llama, tmp_path):
    """A file may not grow past 16 KiB here, which is what a full disk looks like: the write is cut short."""
    import resource
    import signal
    import subprocess

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))
    said = subprocess.run([binary, "eval", llama, "--tokens", "-", "--logits", "out"], env=environment, cwd=tmp_path,
                          input=json.dumps([1] * 100).encode(), capture_output=True, preexec_fn=limit, timeout=60)
    assert said.returncode == 3, said.stderr
    assert b"out" in said.stderr
    assert list(tmp_path.glob("out*")) == []


@pytest.mark.parametrize("kind", ["--logits", "--embd"])
def test_a_pipe_is_written_to_and_stays(bastide, evaluate, llama, tmp_path, kind):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    bastide("eval", llama, "--tokens", "-", kind, "pipe", stdin=b"[1, 2]", check=True)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert os.read(reader, 1 << 20) == evaluate([1, 2], llama, kind=kind)
    os.close(reader)


@pytest.mark.parametrize("kind", ["--logits", "--embd"])
def test_standard_output_can_be_named(bastide, evaluate, llama, kind):
    said = bastide("eval", llama, "--tokens", "-", kind, "/dev/stdout", stdin=b"[1, 2]", check=True)
    assert said.stdout == evaluate([1, 2], llama, kind=kind)


@pytest.mark.parametrize("kind", ["--logits", "--embd"])
def test_a_device_that_is_full_is_status_3(bastide, llama, tmp_path, kind):
    (tmp_path / "out").symlink_to("/dev/full")
    said = bastide("eval", llama, "--tokens", "-", kind, "out", stdin=b"[1]")
    assert said.returncode == 3
    assert b"out: cannot write it: No space left" in said.stderr
    assert (tmp_path / "out").is_symlink()


@pytest.mark.parametrize("kind", ["--logits", "--embd"])
def test_a_link_goes_on_pointing_to_the_file(bastide, evaluate, llama, tmp_path, kind):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/file").write_bytes(b"old")
    (tmp_path / "out").symlink_to("elsewhere/file")
    bastide("eval", llama, "--tokens", "-", kind, "out", stdin=b"[1, 2]", check=True)
    assert (tmp_path / "out").is_symlink()
    (tmp_path / "out").unlink()
    assert (tmp_path / "elsewhere/file").read_bytes() == evaluate([1, 2], llama, kind=kind)
