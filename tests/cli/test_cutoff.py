"""bastide cutoff: what a command reaches, what is refused, and that there is no way round.

The servers, and Bastide, are in a network of their own (cutoff_world.py); what reaches the servers is in their log."""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from running import PATIENCE

HERE = Path(__file__).parent
WAYS = HERE / "cutoff_ways.py"
PYTHON = "/usr/bin/python3"

REGISTER = """
- id: gone
  name: Gone Inc.
  entity: Gone Inc.
  owner: Vanished Holding
  country: US
  source: none
  date: 2026-11-24
  services:
    - id: gone-api
      name: Gone API
      category: object-storage
      domains: [gone.test]
      networks: ["203.0.113.10/32", "2001:db8::10/128"]
- id: kept
  name: Kept SA
  entity: Kept SA
  owner: Kept SA
  country: FR
  source: none
  date: 2026-11-24
  services:
    - id: kept-api
      name: Kept API
      category: object-storage
      domains: [kept.test]
"""


class World:
    """Servers in a network of their own, and Bastide beside them."""

    def __init__(self, binary, folder, *more):
        self.binary, self.folder = binary, folder
        (folder / "providers.yaml").write_text(REGISTER)
        words = ["unshare", "--net", "--mount", PYTHON, HERE / "cutoff_world.py", folder, *more]
        self.process = subprocess.Popen(words,
                                        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 20 * PATIENCE
        while not (folder / "ready").exists():
            if self.process.poll() is not None:
                pytest.skip("no network namespace here: " + self.process.stderr.read().decode(errors="replace")[-200:])
            assert time.monotonic() < deadline, "the servers did not come up"
            time.sleep(0.02)

    def command(self, *words):
        return ["nsenter", "-t", str(self.process.pid), "-n", "-m", *map(str, words)]

    def cutoff(self, *words, timeout=90, env=None, before=(), **others):
        home = self.folder / "home"
        variables = os.environ | {"BASTIDE_HOME": str(home), "LC_ALL": "C.UTF-8"} | (env or {})
        return subprocess.run(self.command(*before, self.binary, "cutoff", "--providers",
                                           self.folder / "providers.yaml", *words),
                              capture_output=True, timeout=timeout * PATIENCE, env=variables, **others)

    def drill(self, *words, status=None, **others):
        done = self.cutoff("--json", *words, **others)
        assert done.stdout, done.stderr.decode(errors="replace")
        assert status is None or done.returncode == status, done.stderr.decode(errors="replace")
        return json.loads(done.stdout)

    def calls(self):
        """What reached the servers since the last time."""
        log = self.folder / "log"
        lines = log.read_text().splitlines()
        log.write_text("")
        return lines

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def world(binary, tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("needs root, to make a network with servers")
    made = World(binary, tmp_path_factory.mktemp("world"))
    yield made
    made.close()


def said(drill):
    """(what the run that was cut off wrote, what the other one wrote)"""
    return tuple(run["output"]["last_lines"].strip() for run in drill["runs"])


def rows(run, **wanted):
    return [row for row in run["tried"] if all(row[key] == value for key, value in wanted.items())]


# ---- no way round: the same program reaches the provider with nothing cut, so each of these can fail ---------------

WAYS_ROUND = [
    ("name",), ("name", "alias.other.test"), ("address",), ("address", "2001:db8::10"), ("host_header",),
    ("second_request",), ("proxy",), ("proxy_address",), ("tls_name",), ("tls_name_in_pieces",), ("own_resolver",),
    ("resolver_stream",), ("datagram",), ("datagram", "2001:db8::10"), ("fast_open",), ("child",),
]


@pytest.mark.parametrize("way", WAYS_ROUND, ids="-".join)
def test_a_provider_that_is_cut_cannot_be_reached(world, way):
    world.calls()
    drill = world.drill("gone", "--", PYTHON, WAYS, *way)
    cut, whole = said(drill)
    assert whole == "reached", drill["runs"][1]
    assert cut.startswith("blocked"), cut
    assert [row for row in drill["runs"][0]["tried"] if row["why"] == "cut"], "what was refused is not in the report"
    assert drill["runs"][1]["tried"] and not rows(drill["runs"][1], why="cut")
    heard = [line for line in world.calls() if line.split()[2] != "7" and line.split()[3] not in ("0", "broken")]
    assert len(heard) <= 1, "the run that was cut off was heard, too"


def test_names_are_answered_here_whomever_one_asks(world):
    world.calls()
    world.drill("gone", "--", PYTHON, WAYS, "own_resolver")
    assert not [line for line in world.calls() if line.startswith("dns")], "the other resolver was asked"


@pytest.mark.parametrize("port, why", [("853", "encrypted resolver")])
def test_encrypted_questions_for_names_are_refused_in_both_runs(world, port, why):
    world.calls()
    drill = world.drill("gone", "--", PYTHON, WAYS, "name", "kept.test", port)
    assert all(text.startswith("blocked") for text in said(drill))
    assert all(rows(run, why=why, port=int(port), allowed=False) for run in drill["runs"])
    assert world.calls() == []


def test_a_public_resolver_is_refused_over_https(world):
    drill = world.drill("gone", "--", PYTHON, "-c",
                        "import socket\ntry: socket.create_connection(('1.1.1.1', 443), 5)\nexcept OSError: pass")
    assert all(rows(run, why="encrypted resolver", address="1.1.1.1") for run in drill["runs"])


def test_quic_is_refused_in_both_runs_and_at_once(world):
    world.calls()
    drill = world.drill("gone", "--", PYTHON, WAYS, "datagram", "203.0.113.20", "443")
    assert all("refused" in text for text in said(drill)), said(drill)
    assert all(rows(run, why="quic", protocol="udp") for run in drill["runs"])
    assert world.calls() == []


def test_a_daemon_of_this_machine_does_not_call_for_the_command(world):
    world.calls()
    path = world.folder / "daemon"
    assert said(world.drill("gone", "--", PYTHON, WAYS, "daemon", path)) == (
        "blocked: [Errno 111] Connection refused",) * 2
    assert said(world.drill("gone", "--reach", path, "--", PYTHON, WAYS, "daemon", path)) == ("reached",) * 2


@pytest.mark.parametrize("way", [("unmounting", "daemon"), ("other_namespaces",), ("joining", "1")], ids="-".join)
def test_a_command_cannot_undo_its_world(world, way):
    words = [world.folder / word if word == "daemon" else word for word in way]
    world.calls()
    assert said(world.drill("gone", "--", PYTHON, WAYS, *words))[0].startswith("blocked")


@pytest.mark.parametrize("family", [40, 42, 44, 31], ids=["vsock", "qipcrtr", "xdp", "bluetooth"])
def test_sockets_that_no_network_namespace_holds_are_not_made(world, family):
    assert "not supported" in said(world.drill("gone", "--", PYTHON, WAYS, "family", family))[0]


@pytest.mark.parametrize("call", [425, 249], ids=["io_uring_setup", "request_key"])
def test_calls_that_pass_the_filter_by_are_not_there(world, call):
    assert "not implemented" in said(world.drill("gone", "--", PYTHON, WAYS, "call", call))[0]


def test_packets_cannot_be_written_by_hand(world):
    assert "not permitted" in said(world.drill("gone", "--", PYTHON, WAYS, "family", 17))[0]


def test_a_connection_that_was_there_before_is_not_inherited(world):
    """Descriptors above the standard ones stay outside."""
    script = ("import os, socket, sys\n"
              "c = socket.create_connection(('203.0.113.10', 80)); os.dup2(c.fileno(), 9)\n"
              "os.execvp(sys.argv[1], sys.argv[1:])")
    drill = world.drill("gone", "--", PYTHON, WAYS, "descriptor", 9, before=[PYTHON, "-c", script])
    assert said(drill) == ("blocked: [Errno 9] Bad file descriptor",) * 2


def test_static_programs_are_held_too(world, tmp_path):
    source = tmp_path / "call.c"
    source.write_text("""
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int count, char **words)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atol(words[count - 1])) };
    inet_pton(AF_INET, words[1], &to.sin_addr);
    long fd = syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    return fd < 0 || syscall(SYS_connect, fd, &to, sizeof to) != 0;
}""")
    built = subprocess.run(["gcc", "-static", "-o", tmp_path / "call", source], capture_output=True)
    if built.returncode:
        pytest.skip("no static C library here")
    assert said(world.drill("gone", "--", PYTHON, WAYS, "static_program", tmp_path / "call")) == (
        "blocked: no answer", "reached")


# ---- what is let through -------------------------------------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.parametrize("way", [("name", "kept.test"), ("address", "203.0.113.20"), ("address", "2001:db8::20"),
                                 ("datagram", "203.0.113.20"), ("datagram", "2001:db8::20"),
                                 ("resolver_stream", "kept.test")], ids="-".join)
def test_what_is_not_cut_is_reached_as_ever(world, way):
    drill = world.drill("gone", "--", PYTHON, WAYS, *way, status=0)
    assert said(drill) == ("reached", "reached") and drill["verdict"] == "survives"


def test_a_server_that_speaks_first_is_heard(world):
    drill = world.drill("gone", "--", PYTHON, "-c", "import socket\n"
                        "print(socket.create_connection(('kept.test', 25), 9).recv(99))")
    assert said(drill) == ("b'220 first\\r\\n'",) * 2


def test_megabytes_come_back_as_they_went(world):
    script = ("import hashlib, os, socket, threading\n"
              "data = os.urandom(8 << 20); c = socket.create_connection(('kept.test', 7), 30)\n"
              "threading.Thread(target=lambda: (c.sendall(data), c.shutdown(1))).start()\n"
              "back = b''.join(iter(lambda: c.recv(1 << 16), b''))\n"
              "print(back == data)")
    assert said(world.drill("gone", "--", PYTHON, "-c", script)) == ("True", "True")


def test_many_connections_at_once(world):
    script = ("import concurrent.futures as f, sys; sys.path.insert(0, sys.argv[1]); import cutoff_ways as w\n"
              "with f.ThreadPoolExecutor(40) as pool:\n"
              "    print(sum(pool.map(lambda _: w.talk('kept.test', 80), range(200))))")
    assert said(world.drill("gone", "--", PYTHON, "-c", script, HERE)) == ("200", "200")


def test_nobody_there_is_told_as_it_is(world):
    drill = world.drill("gone", "--", PYTHON, WAYS, "name", "kept.test", "81")
    assert said(drill) == ("blocked: [Errno 111] Connection refused",) * 2
    assert rows(drill["runs"][1], port=81, allowed=True, why="no answer")


def test_a_name_that_does_not_exist_is_told_as_it_is(world):
    drill = world.drill("gone", "--", PYTHON, WAYS, "name", "nobody.test")
    assert all("Name or service not known" in text for text in said(drill))
    assert all(rows(run, name="nobody.test", why="no such name") for run in drill["runs"])


# ---- what is cut ---------------------------------------------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.parametrize("names, cut", [
    (["gone"], True), (["Gone Inc."], True), (["gone-api"], True), (["owner:Vanished"], True), (["country:us"], True),
    (["gone.test"], True), (["203.0.113.0/28"], True), (["203.0.113.10"], True), (["--everything"], True),
    (["--all-but", "kept"], True), (["--all-but", "kept.test"], True), (["--all-but", "gone"], False),
    (["kept"], False), (["test.gone.test"], False), (["203.0.113.16/28"], False), (["one.test", "gone"], True),
])
def test_what_a_name_means(world, names, cut):
    drill = world.drill(*names, "--", PYTHON, "-c",
                        "import socket\ntry: socket.create_connection((socket.gethostbyname('gone.test'), 80), 5); "
                        "print('reached')\nexcept OSError: print('blocked')")
    assert said(drill) == ("blocked" if cut else "reached", "reached")


def test_the_report_names_provider_and_service(world):
    run = world.drill("example.com", "--", PYTHON, WAYS, "name")["runs"][1]
    named = rows(run, name="gone.test", protocol="tcp")[0]
    assert (named["address"], named["port"], named["provider_id"], named["service_id"]) in (
        ("203.0.113.10", 80, "gone", "gone-api"), ("2001:db8::10", 80, "gone", "gone-api"))
    run = world.drill("example.com", "--", PYTHON, WAYS, "address")["runs"][1]
    assert rows(run, name="", address="203.0.113.10", provider_id="gone", count=1)
    run = world.drill("example.com", "--", PYTHON, WAYS, "name", "alias.other.test")["runs"][1]
    assert rows(run, name="alias.other.test", protocol="tcp", provider_id="gone")


# ---- verdicts ------------------------------------------------------------------------------------------------------

TRY = "import sys; sys.path.insert(0, sys.argv[1]); import cutoff_ways as w, time\ntry: w.by_name(); ok = True\n" \
      "except OSError: ok = False\n"


@pytest.mark.slow
@pytest.mark.parametrize("then, verdict, status, timeout", [
    ("print('same')", "survives", 0, 60),
    ("print('with' if ok else 'without')", "degrades", 1, 60),
    ("print(1 if ok else 2)", "degrades", 1, 60),
    ("ok or print('warning', file=sys.stderr)", "degrades", 1, 60),
    ("ok or time.sleep(3)", "degrades", 1, 60),
    ("sys.exit(0 if ok else 7)", "stops", 1, 60),
    ("ok or time.sleep(60)", "stops", 1, 2),
    ("sys.exit(4)", "unclear", 3, 60),
])
def test_verdicts(world, then, verdict, status, timeout):
    drill = world.drill("gone", "--timeout", timeout, "--", PYTHON, "-c", TRY + then, HERE, status=status)
    assert (drill["schema"], drill["verdict"]) == ("bastide-cutoff-1", verdict) and drill["reasons"]


def test_a_command_that_needs_no_network_survives(world):
    drill = world.drill("--everything", "--", "sh", "-c", "date +%N; exit 0", status=0)
    assert drill["verdict"] == "survives" and drill["runs"][0]["tried"] == []


# ---- the command ---------------------------------------------------------------------------------------------------

def test_drills_are_kept_for_their_owner_alone(world):
    done = world.cutoff("gone", "--", "echo", "kept for later")
    drill = done.stderr.decode().rsplit("cutoff show ", 1)[1].strip()
    file = world.folder / "home/drills" / f"{drill}.json"
    assert file.stat().st_mode & 0o777 == 0o600
    record = json.loads(file.read_text())
    assert record["command"] == ["echo", "kept for later"] and record["cut"] == ["gone"]

    def bastide(*words):
        return subprocess.run([world.binary, "cutoff", *words], capture_output=True, text=True,
                              env=os.environ | {"BASTIDE_HOME": str(world.folder / "home")})
    assert json.loads(bastide("show", drill, "--json").stdout) == record
    assert bastide("show", drill).stdout == done.stdout.decode()
    assert drill in bastide("list").stdout
    assert drill in [row["id"] for row in json.loads(bastide("list", "--json").stdout)]
    assert bastide("show", "../../etc/passwd").returncode == 3


def test_what_the_runs_say_goes_to_standard_error_and_to_a_folder(world, tmp_path):
    done = world.cutoff("gone", "--keep", tmp_path / "kept", "--", "sh", "-c", "echo to-out; echo to-err >&2")
    assert done.stderr.count(b"to-out") == 2 and done.stderr.count(b"to-err") == 2
    assert {file.name: file.read_text() for file in (tmp_path / "kept").iterdir()} == {
        "run-1.out": "to-out\n", "run-1.err": "to-err\n", "run-2.out": "to-out\n", "run-2.err": "to-err\n"}
    assert b"to-" not in world.cutoff("gone", "--quiet", "--", "echo", "to-out").stderr


def test_a_flood_of_output_is_bounded(world):
    drill = world.drill("gone", "--quiet", "--", "sh", "-c", "yes 0123456789 | head -c 30000000; echo end")
    assert drill["runs"][0]["output"]["bytes"] == 30000004
    assert drill["runs"][0]["output"]["last_lines"].endswith("end\n")
    assert len(json.dumps(drill)) < 30000


def test_what_a_command_leaves_running_ends_with_it(world):
    mark = f"31{os.getpid()}7"
    started = time.monotonic()
    world.drill("gone", "--", "sh", "-c", f"setsid sleep {mark} & exec sleep 0.1", status=0)
    assert time.monotonic() - started < 20 * PATIENCE
    assert subprocess.run(["pgrep", "-f", f"sleep {mark}"]).returncode == 1


def test_folders_can_keep_what_they_have(world, tmp_path):
    (tmp_path / "file").write_text("before")
    script = "cat file; echo after > file; rm -rf new; mkdir new && echo made"
    drill = world.drill("gone", "--fresh", tmp_path, "--", "sh", "-c", script, before=["env", "-C", tmp_path])
    assert said(drill) == ("beforemade", "beforemade"), drill
    assert (tmp_path / "file").read_text() == "before" and not (tmp_path / "new").exists()


def test_both_runs_read_the_same_input(world, tmp_path):
    (tmp_path / "in").write_text("text\n")
    assert said(world.drill("gone", "--input", tmp_path / "in", "--", "cat")) == ("text", "text")
    assert said(world.drill("gone", "--", "cat", stdin=subprocess.DEVNULL)) == ("", "")


def test_a_command_that_is_not_there_is_told(world):
    done = world.cutoff("gone", "--", "no-such-command")
    assert done.returncode == 3 and b"no-such-command" in done.stderr


def test_ctrl_c_stops_both(world):
    process = subprocess.Popen(world.command(world.binary, "cutoff", "example.com", "--", "sh", "-c",
                                             "echo begun; sleep 60"), stderr=subprocess.PIPE,
                               env=os.environ | {"BASTIDE_HOME": str(world.folder / "home")}, start_new_session=True)
    while b"begun" not in process.stderr.readline():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    process.stderr.read()
    assert process.wait(20 * PATIENCE) == 130


@pytest.mark.slow
@pytest.mark.parametrize("words, message", [
    (["--", "true"], "name what to cut"), (["gone"], "no command"), (["gon", "--", "true"], "did you mean gone"),
    (["--everything", "gone", "--", "true"], "needs no names"), (["--everything", "--all-but", "--", "true"], "one of"),
    (["unknown provider", "--", "true"], "no such provider"), (["203.0.113.0/33", "--", "true"], "no such provider"),
])
def test_wrong_use_is_told(world, words, message):
    done = world.cutoff(*words)
    assert done.returncode == 2 and message in done.stderr.decode(), done.stderr


# ---- without root --------------------------------------------------------------------------------------------------

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@pytest.fixture(scope="module")
def open_world(binary, tmp_path_factory):
    """A world where everybody may make TUN devices, and a copy of the program that everybody may run."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to make a network with servers")
    folder = tmp_path_factory.mktemp("open")
    place = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
    place.chmod(0o777)
    for file in (binary, WAYS):
        subprocess.run(["cp", file, place], check=True)
    subprocess.run(["chmod", "-R", "a+rX", place], check=True)
    made = World(place / binary.name, folder, "open")
    (place / "providers.yaml").write_text(REGISTER)
    made.place = place
    yield made
    made.close()
    subprocess.run(["rm", "-rf", place], check=True)


def as_nobody(world, *words, cwd="/"):
    return subprocess.run(world.command(*NOBODY, world.binary, "cutoff", "--providers", world.place / "providers.yaml",
                                        *words), capture_output=True, cwd=cwd, timeout=60 * PATIENCE,
                          env=os.environ | {"BASTIDE_HOME": str(world.place / "home"), "LC_ALL": "C.UTF-8"})


def test_no_root_is_needed(open_world):
    if subprocess.run([*NOBODY, "unshare", "--user", "true"]).returncode:
        pytest.skip("this system allows no user namespaces without root")
    done = as_nobody(open_world, "--json", "gone", "--", PYTHON, open_world.place / WAYS.name, "address")
    assert done.returncode == 1, done.stderr
    assert said(json.loads(done.stdout))[1] == "reached" and json.loads(done.stdout)["runs"][0]["tried"]


def test_a_system_without_user_namespaces_is_told_what_to_do(open_world):
    limit = Path("/proc/sys/user/max_user_namespaces")
    script = f"echo 0 > {limit} && exec \"$@\""
    done = subprocess.run(["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", open_world.binary,
                           "cutoff", "example.com", "--", "true"], capture_output=True, timeout=60 * PATIENCE,
                          env=os.environ | {"BASTIDE_HOME": str(open_world.place / "home2")})
    if b"cannot" in done.stderr and b"user namespace" not in done.stderr:
        pytest.skip("cannot set the limit here")
    assert done.returncode == 3 and b"kernel.unprivileged_userns_clone" in done.stderr, done.stderr
