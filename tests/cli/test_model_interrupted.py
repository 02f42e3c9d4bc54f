"""Killed at any moment, two at once, a full disk: the list of models stays right."""
import hashlib
import json
import os
import random
import signal
import subprocess
import time

import pytest

from model_world import gguf

FILE = gguf(elements=2_000_000)  # 8 MB
HASH = hashlib.sha256(FILE).hexdigest()


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(FILE)
    return path


@pytest.fixture
def start(binary, environment):
    return lambda *words: subprocess.Popen([binary, "model", *words], env=environment, stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE)


def check_list(bastide):
    """Every model that is listed is whole, to the bit."""
    models = json.loads(bastide("model", "list", "--json", check=True).stdout)["models"]
    for listed in models:
        with open(listed["path"], "rb") as file:
            assert hashlib.sha256(file.read()).hexdigest() == listed["sha256"] == HASH
    return [listed["name"] for listed in models]


def test_a_pull_killed_at_any_moment_leaves_the_list_right(start, bastide, model, tmp_path):
    started = time.monotonic()
    bastide("model", "pull", f"file:{model}", "--name", "timed", check=True)
    whole = time.monotonic() - started
    seed = int(os.environ.get("BASTIDE_SEED", time.time_ns() % 2**32))
    print("BASTIDE_SEED", seed)
    moments = random.Random(seed)
    for _ in range(20):
        running = start("pull", f"file:{model}", "--name", "mine")
        time.sleep(moments.uniform(0, 1.2 * whole))  # the moment is what is tested
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=20)
        if "mine" in check_list(bastide):
            bastide("model", "remove", "mine", check=True)
    bastide("model", "pull", f"file:{model}", "--name", "mine", check=True)
    assert check_list(bastide) == ["mine", "timed"]
    left = [path for path in (tmp_path / "home/models/.pull").rglob("*")]
    assert left == []


def test_a_removal_killed_at_any_moment_leaves_the_list_right(start, bastide, model):
    for pause in range(10):
        bastide("model", "pull", f"file:{model}", "--name", "mine", check=True)
        running = start("remove", "mine")
        time.sleep(pause / 1000)
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=20)
        check_list(bastide)


def test_two_pulls_at_once_bring_one_model(start, bastide, model):
    both = [start("pull", f"file:{model}", "--name", "mine") for _ in range(4)]
    said = [running.communicate(timeout=60)[0] for running in both]
    assert [running.returncode for running in both] == [0, 0, 0, 0]
    assert sum(b"here already" in words for words in said) == 3
    assert check_list(bastide) == ["mine"]


def test_pulls_and_removals_at_once_never_show_half_a_model(start, bastide, model):
    bastide("model", "pull", f"file:{model}", "--name", "mine", check=True)
    running = [start(*words) for _ in range(4)
               for words in (("remove", "mine"), ("pull", f"file:{model}", "--name", "mine"))]
    while any(process.poll() is None for process in running):
        for listed in json.loads(bastide("model", "list", "--json", check=True).stdout)["models"]:
            assert listed["whole"] or not os.path.exists(listed["path"])  # removed between two looks
    for process in running:
        process.communicate(timeout=20)
        assert process.returncode in (0, 3)
    check_list(bastide)


def test_ctrl_c_leaves_the_list_right(start, bastide, model):
    running = start("pull", f"file:{model}", "--name", "mine")
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=20)
    assert set(check_list(bastide)) <= {"mine"}
    bastide("model", "pull", f"file:{model}", "--name", "mine", check=True)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 4 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("needs the right to mount a small disk (root)")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_disk_without_room_is_told_before_anything_is_written(bastide, model, small_disk, tmp_path):
    config = tmp_path / "config/bastide"
    config.mkdir(parents=True)
    (config / "models.yaml").write_text(
        f"models: [{{name: large, bytes: {len(FILE)}, sha256: {HASH}, parts: ['file:{model}']}}]")
    place = {"BASTIDE_HOME": None, "XDG_DATA_HOME": str(small_disk), "XDG_CONFIG_HOME": f"{tmp_path}/config"}
    done = bastide("model", "pull", "large", env=place)
    assert done.returncode == 3 and b"too full" in done.stderr and b"BASTIDE_HOME" in done.stderr


def test_a_disk_that_fills_up_is_told_and_what_was_written_is_removed(bastide, model, small_disk):
    done = bastide("model", "pull", f"file:{model}", "--max-size", "1G", env={"BASTIDE_HOME": str(small_disk)})
    assert done.returncode == 3 and b"disk is full" in done.stderr, done.stderr
    left = sum(path.stat().st_size for path in small_disk.rglob("*") if path.is_file())
    assert left == 0
    assert bastide("model", "list", "--json", env={"BASTIDE_HOME": str(small_disk)}, check=True)
