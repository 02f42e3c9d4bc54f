"""Folders that want to hurt: each thing in them costs a warning, never the run, and nothing leaves the machine."""
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

ZONE = "$ORIGIN bakery.fr.\n@ IN MX 1 aspmx.l.google.com.\n"


def warned(result, name):
    return [warning["text"] for warning in result["summary"]["warnings"] if warning["file"] == name]


def found(result):
    return {finding["file"] for finding in result["findings"]}


def run(binary, root, *words, **more):
    return subprocess.run([binary, "audit", root, "--format", "json", *words], capture_output=True, text=True,
                          timeout=60, **more)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "a.zone").write_text(ZONE)
    return folder


def audited(binary, root, *words):
    done = run(binary, root, *words)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert "a.zone" in found(result)
    return result


def test_what_is_no_file_is_warned_of_and_not_opened(binary, root, tmp_path):
    os.mkfifo(root / "compose.yaml")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.zone").write_text(ZONE)
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "secret.env").symlink_to("/etc/passwd")
    (root / "circle").symlink_to("circle")
    (root / "deep").mkdir()
    (root / "deep" / "up").symlink_to("..")
    result = audited(binary, root)
    assert warned(result, "compose.yaml") and warned(result, "link") and warned(result, "secret.env")
    assert warned(result, "circle") and not warned(result, "deep/up")
    assert found(result) == {"a.zone"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_devices_are_not_read(binary, root):
    try:
        os.mknod(root / "main.tf", 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("devices can't be made here")
    assert warned(audited(binary, root), "main.tf")


def test_an_enormous_file_is_not_read(binary, root):
    with open(root / "package-lock.json", "wb") as file:
        file.truncate(10 << 30)
    begun = time.monotonic()
    result = audited(binary, root)
    assert "32 MiB" in warned(result, "package-lock.json")[0]
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("name, content", [
    ("bomb.yaml", "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20))),
    ("deep.tf", "a {\n" * 1_000_000),
    ("brackets.tf", "x = " + "[" * 1_000_000),
    ("deep.json", "[" * 1_000_000),
    ("deep.yaml", "[" * 1_000_000),
    ("package.json", '{"a":' * 1_000_000),
    ("deep.toml", "a = " + "[" * 1_000_000),
    ("pom.xml", "<a>" * 1_000_000),
    ("pom.xml", '<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">' + "".join(
        f'<!ENTITY a{i + 1} "{10 * "&a%d;" % ((i,) * 10)}">' for i in range(12)) + "]><project>&a12;</project>"),
    ("pom.xml", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><project><name>&a;</name></project>'),
    ("long.py", "x = '" + "a" * 20_000_000 + "'"),
    ("quotes.js", "`${" * 500_000),
    (".env", "A=" + "https://" * 500_000),
    ("index.html", "<script src=" * 500_000),
    ("requirements.txt", "\\\n" * 1_000_000),
    ("Makefile", "\0" * 100 + "binary"),
    ("zero.zone", "@ IN NS a.example.\n" * 1000 + "\0 IN MX 1 b\0c.\n"),
    ("compose.yaml", "services:\n  a:\n    image: \xff\xfe\n".encode("latin-1")),
], ids=lambda value: value if len(value) < 20 else "")
def test_a_hostile_file_ends_in_time(binary, root, name, content):
    (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    begun = time.monotonic()
    result = audited(binary, root)
    assert time.monotonic() - begun < 20
    assert found(result) == {"a.zone"}


def test_names_in_every_encoding_are_shown(binary, root):
    folder = os.fsencode(root)
    for name in (b"\xff\xfe.d", b"new\nline", "déjà".encode(), b"esc\x1b[31m", b"x" * 250):
        os.mkdir(os.path.join(folder, name))
        with open(os.path.join(folder, name, b"a.zone"), "wb") as file:
            file.write(ZONE.encode())
    done = subprocess.run([binary, "audit", root, "--format", "json"], capture_output=True, timeout=60)
    assert done.returncode == 0
    result = json.loads(done.stdout.decode("utf-8"))
    assert len(found(result)) == 6
    assert "déjà/a.zone" in found(result)


def test_folders_in_folders_end_somewhere(binary, root):
    deep = root
    for _ in range(200):
        deep = deep / "d"
    os.makedirs(deep)
    (deep / "a.zone").write_text(ZONE)
    assert any("not entered" in warning["text"] for warning in audited(binary, root)["summary"]["warnings"])


def test_gitignore_of_100000_lines_is_respected(binary, root):
    (root / ".gitignore").write_text("".join(f"generated-{i}\n*.x{i}\n" for i in range(50_000)) + "left-out/\n")
    for name in ("left-out", "generated-4711", "kept"):
        (root / name).mkdir()
        (root / name / "a.zone").write_text(ZONE)
    begun = time.monotonic()
    assert found(audited(binary, root)) == {"a.zone", "kept/a.zone"}
    assert time.monotonic() - begun < 10
    assert "left-out/a.zone" in found(audited(binary, root, "--all"))


@pytest.fixture
def open_root():
    """A folder that everybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="bastide-open-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_what_may_not_be_read_is_warned_of(binary, open_root):
    root = open_root
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root reads everything, and setpriv isn't here")
    (root / "closed").mkdir(mode=0o000)
    (root / "closed.zone").write_text(ZONE)
    (root / "closed.zone").chmod(0)
    as_nobody = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    if as_nobody and subprocess.run([*as_nobody, "test", "-x", binary], capture_output=True).returncode != 0:
        pytest.skip("nobody else may run the program here")
    done = subprocess.run([*as_nobody, binary, "audit", root, "--format", "json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert warned(result, "closed") and warned(result, "closed.zone")


def test_the_same_folder_gives_the_same_bytes(binary, root):
    for i in range(200):
        (root / f"d{i}").mkdir()
        (root / f"d{i}" / "a.zone").write_text(ZONE)
    runs = {run(binary, root, "--threads", str(threads)).stdout for threads in (1, 2, 3, 7)}
    assert len(runs) == 1


@pytest.mark.skipif(not shutil.which("strace"), reason="strace isn't here")
def test_no_network_is_touched(binary, root):
    (root / ".env").write_text("SENTRY_DSN=https://x@o1.ingest.sentry.io/1\n")
    done = subprocess.run(["strace", "-f", "-qq", "-e", "trace=%network", "-o", root.parent / "calls", binary, "audit",
                           root], capture_output=True, timeout=120)
    calls = (root.parent / "calls").read_text()
    if "ptrace" in done.stderr.decode() or "Operation not permitted" in calls:
        pytest.skip("strace may not trace here")
    assert not [line for line in calls.splitlines() if "socket(" in line or "connect(" in line]


@pytest.mark.parametrize("words, status, says", [
    (["/no/such/folder"], 3, "no/such/folder"),
    ([".", "--format", "pdf"], 2, "--format pdf"),
    ([".", "--threads", "0"], 2, "threads"),
    ([".", "--providers", "/no/such/file"], 3, "no/such/file"),
    ([], 2, "audit"),
])
def test_wrong_use_is_said(binary, words, status, says, tmp_path):
    done = subprocess.run([binary, "audit", *words], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == status
    assert says in done.stderr


def test_a_result_is_written_whole_or_not_at_all(binary, root, tmp_path):
    target = tmp_path / "result.json"
    assert subprocess.run([binary, "audit", root, "-f", "json", "-o", target], timeout=60).returncode == 0
    assert json.loads(target.read_text())["schema"] == "bastide-audit-1"
    done = subprocess.run([binary, "audit", root, "-f", "json", "-o", "/dev/full"], capture_output=True, text=True)
    assert done.returncode == 3 and "full" in done.stderr.lower() or "space" in done.stderr.lower()
