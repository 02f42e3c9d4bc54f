"""Nothing leaves the machine: a running server has no way out, and a canary shows that these tests can fail."""
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from running import PATIENCE, Server

# Ways of tests/server/canary.c.
OUT = ["socket", "unix", "connect", "sendto", "fastopen", "sendmsg_fastopen", "sendmmsg", "bind", "listen", "io_uring",
       "execve", "fork", "ptrace", "process_vm", "kill", "x32", "32_bit", "type_into_terminal"]
FILES = ["read_outside", "write_outside"]
USED = ["write_inside", "thread", "map", "accept", "pair"]

# Kernels are built without these, or keep them from containers: then nothing is there to be refused.
OPTIONAL = {"io_uring", "x32", "32_bit", "ptrace", "process_vm", "type_into_terminal"}

ADDRESSED = re.compile(r"\b(connect|sendto|sendmsg|sendmmsg)\(.*sa_family=(AF_INET6?)\b")


@pytest.fixture(scope="module")
def canary(binary):
    path = binary.parent / "tests/canary"
    if not path.is_file():
        pytest.skip("the canary is not built: it lies beside the tests of a build folder")
    return path


@pytest.fixture(scope="module")
def sanitized(binary):
    """Whether the program watches its memory: it then looks for leaks with what the sandbox else refuses."""
    return b"__asan_init" in binary.read_bytes()


def fly(canary, where, way, folder):
    folder.mkdir(exist_ok=True)
    return subprocess.run([canary, where, folder, way], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60 * PATIENCE)


@pytest.mark.parametrize("way", OUT)
def test_a_way_out_that_is_open_outside_is_shut_inside(canary, sanitized, tmp_path, way):
    outside = fly(canary, "outside", way, tmp_path / "folder")
    assert outside.returncode == 0 or way in OPTIONAL, f"the canary itself is caught: {outside}"
    if sanitized and way in ("fork", "ptrace"):
        pytest.skip("this build looks for leaks from a child that traces it")
    inside = fly(canary, "inside", way, tmp_path / "folder")
    killed = inside.returncode == -signal.SIGSYS
    assert killed or inside.stdout.startswith("refused: Operation not permitted"), inside


@pytest.mark.parametrize("way", FILES)
def test_files_outside_are_out_of_reach(canary, tmp_path, way):
    assert fly(canary, "outside", way, tmp_path / "folder").returncode == 0
    inside = fly(canary, "inside", way, tmp_path / "folder")
    if inside.returncode == 0 and not Path("/sys/kernel/security/landlock").exists():
        assert "Landlock" not in Path("/proc/self/status").read_text()
        pytest.skip("this kernel has no Landlock")
    assert inside.stdout == "refused: Permission denied\n", inside


@pytest.mark.parametrize("way", USED)
def test_what_a_server_does_goes_on_inside(canary, tmp_path, way):
    assert fly(canary, "inside", way, tmp_path / "folder").returncode == 0


def test_a_name_is_looked_up_nowhere(canary, tmp_path):
    assert fly(canary, "inside", "getaddrinfo", tmp_path / "folder").returncode == 1


def test_the_running_server_is_in_the_sandbox(serve, smollm2):
    server = serve(smollm2)
    for task in Path(f"/proc/{server.process.pid}/task").iterdir():
        status = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1", f"thread {task.name} is outside"
        assert int(status["CapEff"], 16) & ~0b1110 == 0, "capabilities but those over files"
    limits = Path(f"/proc/{server.process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)
    assert "seccomp" in server.log
    assert server.stop() == 0


def test_without_the_sandbox_it_says_so(serve, smollm2):
    server = serve(smollm2, "--no-sandbox")
    assert "Seccomp:\t0" in Path(f"/proc/{server.process.pid}/status").read_text()
    assert "--no-sandbox" in server.log


def use_everything(server):
    """Each API once, the page, a stream, a reload; and a pull of what is not to be pulled."""
    message = [{"role": "user", "content": "Hi"}]
    for path, body in {
            "/v1/chat/completions": {"messages": message, "max_tokens": 4},
            "/v1/completions": {"prompt": "Once", "max_tokens": 4},
            "/v1/embeddings": {"input": "a word"},
            "/v1/responses": {"input": "Hi", "max_output_tokens": 4},
            "/v1/messages": {"messages": message, "max_tokens": 4},
            "/api/chat": {"messages": message, "options": {"num_predict": 4}},
            "/completion": {"prompt": "Once", "n_predict": 4},
            "/tokenize": {"content": "http://canary.example/"},
    }.items():
        answer = server.post(path, {"model": "smollm2-135m-instruct-q4_1"} | body)
        assert answer.status == 200, f"{path}: {answer.text}"
    with server.stream("/v1/chat/completions", {"messages": message, "max_tokens": 4, "stream": True}) as stream:
        assert list(stream.events())[-1] == "[DONE]"
    assert server.post("/api/pull", {"model": "https://canary.example/x.gguf", "stream": False}).status >= 400
    created = server.post("/api/bastide/v1/conversations", {"messages": message})
    assert created.status == 201
    for path in ("/", "/metrics", "/slots", "/api/tags", "/v1/models"):
        assert server.get(path, {"Accept": "text/html, */*"}).status in (200, 501), path
    server.process.send_signal(signal.SIGHUP)
    server.wait_log("reload:")
    assert server.get("/health").status == 200


def test_no_call_of_the_system_names_an_address_elsewhere(binary, smollm2, tmp_path, canary):
    strace = shutil.which("strace")
    if not strace or subprocess.run([strace, "-f", "true"], capture_output=True).returncode != 0:
        pytest.skip("strace is not there or may not trace")
    environment = {"BASTIDE_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                   "ASAN_OPTIONS": "detect_leaks=0:exitcode=99"}
    trace = tmp_path / "trace"
    watch = [strace, "-f", "-qq", "-e", "trace=network,io_uring_setup", "-o", str(trace)]
    subprocess.run([*watch, canary, "outside", tmp_path, "connect"], check=True, capture_output=True, env=environment)
    assert ADDRESSED.search(trace.read_text()), "the canary was not seen"
    process = subprocess.Popen([*watch, binary, "serve", "--port", "0", smollm2], env=environment, cwd=tmp_path,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    server = Server(process, tmp_path / "home")
    try:
        server.wait_ready()
        pid = int(trace.read_text().split(maxsplit=1)[0])
        process.send_signal = lambda number: subprocess.run(["kill", f"-{int(number)}", str(pid)], check=True)
        use_everything(server)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30 * PATIENCE)
    lines = trace.read_text().splitlines()
    assert any("accept" in line for line in lines), "nothing was traced"
    assert not [line for line in lines if ADDRESSED.search(line) or "io_uring_setup(" in line]


INSIDE = r"""
import fcntl, json, os, struct, subprocess, sys
sys.path[:0] = {folders!r}
tripwire = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(tripwire, 0x400454CA, struct.pack("16sH22x", b"tripwire", 0x1001))  # TUNSETIFF: IFF_TUN | IFF_NO_PI
for line in ("link set lo up", "address add 198.51.100.2/24 dev tripwire", "link set tripwire up",
             "route add default via 198.51.100.1 dev tripwire"):
    subprocess.run(["ip", *line.split()], check=True)

def caught():
    packets = []
    while True:
        try:
            packets.append(os.read(tripwire, 65536))
        except BlockingIOError:
            return sum(packet[0] >> 4 == 4 for packet in packets)  # IPv6 greets its neighbours by itself

from running import Server
from test_nothing_leaves import use_everything
process = subprocess.Popen({command!r}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           cwd={home!r})
server = Server(process, {home!r})
server.wait_ready()
use_everything(server)
assert server.stop() == 0
served = caught()
subprocess.run({canary!r}, check=True)
print(json.dumps([served, caught()]))
"""


FOLDERS = [str(folder) for folder in Path(__file__).parents[:2]]


def test_no_packet_reaches_the_way_out_of_a_network_of_its_own(binary, smollm2, tmp_path, canary):
    """A network namespace whose only way out leads into this test."""
    make = "unshare -n ip tuntap add dev tripwire mode tun"
    may = subprocess.run(make.split(), capture_output=True)
    if may.returncode != 0:
        pytest.skip("no namespace with an interface may be made here")
    script = INSIDE.format(folders=FOLDERS, home=str(tmp_path),
                           command=["env", f"BASTIDE_HOME={tmp_path}/home", str(binary), "serve", "--port", "0",
                                    str(smollm2)],
                           canary=[str(canary), "outside", str(tmp_path), "sendto"])
    done = subprocess.run(["unshare", "-n", sys.executable, "-c", script], capture_output=True, text=True,
                          timeout=120 * PATIENCE)
    assert done.returncode == 0, done.stderr
    served, flown = json.loads(done.stdout.splitlines()[-1])
    assert served == 0, "packets left"
    assert flown > 0, "the canary was not seen"
