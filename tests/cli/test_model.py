"""The store of models: what comes in is checked, what is there is listed, whatever happens meanwhile."""
import hashlib
import json
import os
import stat
import time

import pytest

from model_world import gguf

SMALL = gguf()
HASH = hashlib.sha256(SMALL).hexdigest()


@pytest.fixture
def store(tmp_path):
    return tmp_path / "home/models"


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "Small Model.Q4.gguf"
    path.write_bytes(SMALL)
    return path


def listed(bastide):
    return json.loads(bastide("model", "list", "--json", check=True).stdout)["models"]


def names(bastide):
    return [model["name"] for model in listed(bastide)]


def refused(done, status, *words):
    said = done.stderr.decode()
    assert done.returncode == status, said
    for word in words:
        assert word in said
    assert len(said.splitlines()) == 1, said


# ---- the life of a model ------------------------------------------------------------------------------------------


def test_a_pulled_model_is_listed_with_its_facts_verified_and_removed(bastide, small, store):
    bastide("model", "pull", f"file:{small}", "--name", "mine", "--licence", "CC0", check=True)
    model, = listed(bastide)
    assert (model["name"], model["sha256"], model["bytes"]) == ("mine", HASH, len(SMALL))
    assert (model["licence"], model["source"], model["whole"]) == ("CC0", f"file:{small}", True)
    with open(model["path"], "rb") as file:
        assert file.read() == SMALL
    assert bastide("model", "verify").returncode == 0
    bastide("model", "remove", "mine", check=True)
    assert names(bastide) == []
    assert [path for path in store.rglob("*") if path.is_file()] == []


def test_a_name_is_made_of_the_file_if_none_is_given(bastide, small):
    bastide("model", "pull", f"file:{small}", check=True)
    assert names(bastide) == ["small-model.q4"]


def test_a_relative_path_is_recorded_as_an_absolute_one(bastide, small):
    bastide("model", "pull", f"file:{small.name}", check=True)
    assert listed(bastide)[0]["source"] == f"file:{small}"


def test_a_file_url_has_its_escapes_undone(bastide, small):
    bastide("model", "pull", f"file://{small}".replace(" ", "%20"), check=True)
    assert names(bastide) == ["small-model.q4"]


def test_only_the_owner_may_look_into_the_store(bastide, small, store):
    bastide("model", "pull", f"file:{small}", check=True)
    for path in [store, *store.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_pulling_what_is_there_says_so_and_changes_nothing(bastide, small, store):
    bastide("model", "pull", f"file:{small}", check=True)
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in store.rglob("*") if path.is_file()}
    done = bastide("model", "pull", f"file:{small}", check=True)
    assert b"here already" in done.stdout
    assert before == {path: (path.stat().st_ino, path.stat().st_mtime_ns)
                      for path in store.rglob("*") if path.is_file()}


def test_another_model_of_the_same_name_is_not_taken_for_it(bastide, small, tmp_path):
    bastide("model", "pull", f"file:{small}", "--name", "mine", check=True)
    other = tmp_path / "other.gguf"
    other.write_bytes(gguf(seed=2))
    refused(bastide("model", "pull", f"file:{other}", "--name", "mine"), 3, "another model", "--name")
    assert listed(bastide)[0]["sha256"] == HASH


def test_the_same_hash_is_the_same_model_wherever_it_came_from(bastide, small):
    bastide("model", "pull", f"file:{small}", "--name", "mine", check=True)
    done = bastide("model", "pull", "file:elsewhere.gguf", "--name", "mine", "--sha256", HASH)
    refused(done, 3, "elsewhere.gguf")
    done = bastide("model", "pull", "file:/elsewhere.gguf", "--name", "mine", "--sha256", HASH)
    assert done.returncode == 0 and b"here already" in done.stdout


def test_a_damaged_model_is_pulled_again(bastide, small, store):
    bastide("model", "pull", f"file:{small}", "--name", "mine", check=True)
    (store / "mine/mine.gguf").write_bytes(SMALL[:50])
    assert b"DAMAGED" in bastide("model", "list").stdout
    bastide("model", "pull", f"file:{small}", "--name", "mine", check=True)
    assert bastide("model", "verify").returncode == 0


@pytest.mark.parametrize("name", ["../x", "..", ".x", "-x", "A", "a/b", "", "x" * 65, "a b", "é", "a\n", "a~lock"])
def test_a_name_that_could_lead_elsewhere_is_refused(bastide, small, store, name):
    refused(bastide("model", "pull", f"file:{small}", f"--name={name}"), 2, "not a name")
    refused(bastide("model", "remove", "--", name), 2, "not a name")
    assert not store.exists()


@pytest.mark.parametrize("name", ["x" * 64, "0", "a.lock", "a.gone", "ready", "part", "manifest.json", "models"])
def test_a_name_that_is_allowed_works_whatever_it_looks_like(bastide, small, name):
    for other in ("a", name):
        bastide("model", "pull", f"file:{small}", "--name", other, check=True)
    assert set(names(bastide)) == {"a", name}
    bastide("model", "remove", name, check=True)
    assert names(bastide) == ["a"]


# ---- what is no model ---------------------------------------------------------------------------------------------


def test_a_wrong_hash_names_both_and_leaves_nothing(bastide, small, store):
    wrong = "0" * 64
    refused(bastide("model", "pull", f"file:{small}", "--sha256", wrong), 3, HASH, wrong, "removed")
    assert names(bastide) == []
    assert [path for path in store.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("given", ["", "abc", HASH.upper(), HASH + "0", "../../../../etc/passwd"])
def test_what_is_no_sha256_is_refused(bastide, small, given):
    refused(bastide("model", "pull", f"file:{small}", f"--sha256={given}"), 2, "64 digits")


@pytest.mark.parametrize("content, words", [
    (b"", "GGUF"),
    (b"G", "GGUF"),
    (b"<!DOCTYPE html>", "does not begin with GGUF"),
    (b"GGUX" + SMALL[4:], "does not begin with GGUF"),
    (SMALL[:100], "not a model"),
    (SMALL[:-1], "not a model"),
])
def test_what_is_no_whole_gguf_file_is_refused(bastide, tmp_path, content, words):
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    refused(bastide("model", "pull", f"file:{path}"), 3, words)
    assert names(bastide) == []


@pytest.mark.parametrize("source, status, words", [
    ("file:/nowhere/x.gguf", 3, "No such file"),
    ("file:/", 2, "--name"),
    ("file:/etc", 3, "not a file"),
    ("file://server/x.gguf", 2, "another host"),
    ("http://localhost/x.gguf", 2, "https:// only"),
    ("HTTP://localhost/x.gguf", 2, "https:// only"),
    ("ftp://localhost/x.gguf", 2, "neither"),
    ("https://me:secret@localhost/x.gguf", 2, "password"),
    ("https://", 2, "not an address"),
    ("no-such-model", 2, "model list"),
    ("", 2, "model list"),
    ("pypi:", 2, "not understood"),
    ("pypi:--index-url=https://evil.example", 2, "not understood"),
    ("pypi:./x", 2, "not understood"),
    ("pypi:x;y", 2, "not understood"),
    ("pypi:x==", 2, "not understood"),
    ("pypi:x[extra]", 2, "not understood"),
    ("pypi:x @ https://evil.example/x.whl", 2, "not understood"),
])
def test_a_source_that_makes_no_sense_is_refused_with_what_to_do(bastide, source, status, words):
    refused(bastide("model", "pull", source), status, words)


def test_a_path_without_file_is_told_how_to_write_it(bastide, small):
    refused(bastide("model", "pull", small), 2, f"file:{small}")


def test_a_pipe_is_no_model_and_does_not_hang(bastide, tmp_path):
    os.mkfifo(tmp_path / "pipe.gguf")
    refused(bastide("model", "pull", f"file:{tmp_path}/pipe.gguf", timeout=10), 3, "not a file")


# ---- verify ---------------------------------------------------------------------------------------------------------


def test_verify_tells_a_changed_and_a_missing_model_from_a_good_one(bastide, small, store):
    for name in ("changed", "good", "missing"):
        bastide("model", "pull", f"file:{small}", "--name", name, check=True)
    content = bytearray(SMALL)
    content[-1] ^= 1
    (store / "changed/changed.gguf").write_bytes(content)
    (store / "missing/missing.gguf").unlink()
    done = bastide("model", "verify", "--json")
    assert done.returncode == 1
    verdicts = {model["name"]: model for model in json.loads(done.stdout)["models"]}
    assert {name: verdict["good"] for name, verdict in verdicts.items()} == {
        "changed": False, "good": True, "missing": False}
    assert verdicts["changed"]["found"] == hashlib.sha256(content).hexdigest()
    assert verdicts["missing"]["found"] is None
    assert bastide("model", "verify", "good").returncode == 0
    done = bastide("model", "verify", "good", "changed")
    assert done.returncode == 1 and b"CHANGED" in done.stdout and b"good: good" in done.stdout


def test_a_short_name_is_enough_while_only_one_has_it(bastide, small):
    bastide("model", "pull", f"file:{small}", "--name", "alpha-1b", check=True)
    assert bastide("model", "verify", "alpha").returncode == 0
    refused(bastide("model", "verify", "alp"), 3, "alpha-1b")
    bastide("model", "pull", f"file:{small}", "--name", "alpha-7b", check=True)
    refused(bastide("model", "verify", "alpha"), 3, "alpha-1b", "alpha-7b")


def test_verifying_nothing_says_that_nothing_is_here(bastide):
    assert bastide("model", "verify", check=True).stdout == b"No models here yet.\n"
    assert json.loads(bastide("model", "verify", "--json", check=True).stdout) == {"models": []}


@pytest.mark.parametrize("typed, meant", [("smolm2", "smollm2-135m"), ("gema3-270m", "gemma3-270m")])
def test_a_model_typed_wrong_is_guessed(bastide, typed, meant):
    refused(bastide("model", "verify", typed), 3, "no such model", f"did you mean {meant}?")


def test_a_model_of_the_catalogue_that_is_not_here_is_told_from_one_that_does_not_exist(bastide):
    refused(bastide("model", "verify", "smollm2-135m"), 3, "bastide model pull smollm2-135m")
    refused(bastide("model", "verify", "nonesuch"), 3, "no such model", "bastide model list")


def test_removing_what_is_not_there_is_an_error(bastide):
    refused(bastide("model", "remove", "nonesuch"), 3, "no such model")


# ---- manifests and other things that lie in the store --------------------------------------------------------------


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"null", b'{"name": "mine"}', b"\xff\xfe", b"[" * 60000,
    json.dumps({"name": "other", "file": "x", "bytes": 1, "sha256": HASH,
                "source": "", "date": "", "licence": ""}).encode(),
    json.dumps({"name": "mine", "file": "x", "bytes": -1, "sha256": HASH,
                "source": "", "date": "", "licence": ""}).encode(),
    json.dumps({"name": "mine", "file": "x", "bytes": 1, "sha256": "../x",
                "source": "", "date": "", "licence": ""}).encode(),
    b" " * 100000,
])
def test_a_broken_manifest_hides_its_model_alone_and_says_how_to_mend_it(bastide, small, store, content):
    for name in ("mine", "other"):
        bastide("model", "pull", f"file:{small}", "--name", name, check=True)
    (store / "mine/manifest.json").write_bytes(content)
    assert names(bastide) == ["other"]
    done = bastide("model", "pull", f"file:{small}", "--name", "mine")
    assert done.returncode == 3 and b"manifest.json" in done.stderr
    bastide("model", "remove", "mine", check=True)
    bastide("model", "pull", f"file:{small}", "--name", "mine", check=True)
    assert names(bastide) == ["mine", "other"]


def test_what_others_put_into_the_store_is_neither_listed_nor_removed(bastide, small, store):
    (store / "notes").mkdir(parents=True)
    (store / "notes/todo.txt").write_text("mine")
    (store / "stray.gguf").write_bytes(SMALL)
    bastide("model", "pull", f"file:{small}", check=True)
    assert names(bastide) == ["small-model.q4"]
    assert (store / "notes/todo.txt").exists() and (store / "stray.gguf").exists()


def test_what_a_pull_left_long_ago_is_swept_and_what_is_fresh_is_kept(bastide, small, store):
    for name in ("old", "fresh"):
        (store / ".pull" / name).mkdir(parents=True)
        (store / ".pull" / name / "part").write_bytes(b"GGUF")
    (store / ".pull/was~gone").mkdir()
    long_ago = time.time() - 30 * 24 * 3600
    os.utime(store / ".pull/old", (long_ago, long_ago))
    bastide("model", "pull", f"file:{small}", check=True)
    assert sorted(path.name for path in (store / ".pull").iterdir()) == ["fresh"]


def test_no_home_is_said(bastide):
    done = bastide("model", "list", env={"BASTIDE_HOME": None, "HOME": None})
    refused(done, 3, "BASTIDE_HOME")


def test_models_follow_xdg(bastide, small, tmp_path):
    xdg = {"BASTIDE_HOME": None, "XDG_DATA_HOME": f"{tmp_path}/data"}
    bastide("model", "pull", f"file:{small}", "--name", "mine", env=xdg, check=True)
    assert (tmp_path / "data/bastide/models/mine/mine.gguf").exists()
    home = {"BASTIDE_HOME": None, "HOME": f"{tmp_path}/me", "XDG_DATA_HOME": "relative/is/ignored"}
    bastide("model", "pull", f"file:{small}", "--name", "mine", env=home, check=True)
    assert (tmp_path / "me/.local/share/bastide/models/mine/mine.gguf").exists()


def test_a_store_that_cannot_be_written_is_said(bastide, small, tmp_path):
    (tmp_path / "home").write_text("a file is in the way")
    refused(bastide("model", "pull", f"file:{small}"), 3, "home")


def test_a_closed_output_is_noticed(bastide, small):
    bastide("model", "pull", f"file:{small}", check=True)
    with open("/dev/full", "wb") as full:
        refused(bastide("model", "list", stdout=full), 3, "standard output")
