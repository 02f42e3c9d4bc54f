"""A machine is read below a root: what it is set to and made of, with file and line, and no value that is a secret."""
import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.audit.conftest import places, providers


@pytest.fixture
def machine(binary, tmp_path):
    """machine(files, *words) writes {path: text or bytes} below a root and audits it; the whole result."""
    def run(files, *words):
        root = tmp_path / "root"
        root.mkdir(exist_ok=True)
        for name, content in files.items():
            path = root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = subprocess.run([binary, "audit", "--host", "--root", str(root), "--format", "json", *words],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return run


@pytest.mark.parametrize("path, text, provider, line", [
    ("/etc/resolv.conf", "# nameserver 9.9.9.9\nnameserver 8.8.8.8\n", "google", 2),
    ("/etc/systemd/resolved.conf",
     "[Resolve]\n#DNS=8.8.8.8\nDNS=1.1.1.1#cloudflare-dns.com 10.0.0.1\n", "cloudflare", 3),
    ("/etc/NetworkManager/system-connections/Home.nmconnection",
     "[wifi-security]\npsk=topsecret99\n[ipv4]\ndns=9.9.9.9;192.168.1.1;\n", "quad9", 4),
    ("/etc/netplan/01.yaml", "network:\n  ethernets:\n    eth0:\n      addresses: [192.0.2.7/24]\n      nameservers:\n"
     "        addresses: [10.0.0.1,\n          '2001:4860:4860::8888']\n", "google", 7),
    ("/etc/dnsmasq.d/up.conf", "server=/lan/10.0.0.1\nserver=1.0.0.1#53\n", "cloudflare", 2),
    ("/etc/unbound/unbound.conf", "forward-zone:\n  name: \".\"\n  forward-addr: 1.1.1.1@853#cloudflare-dns.com\n",
     "cloudflare", 3),
    ("/etc/chrony/chrony.conf",
     "! pool time.google.com\npool time.cloudflare.com iburst maxsources 4\n", "cloudflare", 2),
    ("/etc/systemd/timesyncd.conf", "[Time]\n#NTP=time.apple.com\nNTP=ntp.lan time.google.com\n", "google", 3),
])
def test_settings_name_who_is_asked(machine, path, text, provider, line):
    findings = machine({path: text})["findings"]
    assert places(findings, provider) == {(path, line)}
    assert providers(findings) == {provider}
    assert {finding["evidence"] for finding in findings} == {"configured"}


def test_apts_sources_are_read_in_both_forms(machine):
    findings = machine({
        "/etc/apt/sources.list": "deb http://deb.debian.org/debian bookworm main\n"
                                 "# deb https://packages.cloud.google.com/apt x\n",
        "/etc/apt/sources.list.d/docker.list":
            "deb [arch=amd64 signed-by=/k.asc] https://user:Passw0rd@download.docker.com/linux/debian x stable\n",
        "/etc/apt/sources.list.d/azure.sources":
            "Types: deb\nURIs:\n https://packages.microsoft.com/repos/azure-cli/\nSuites: bookworm\n\n"
            "Enabled: no\nTypes: deb\nURIs: https://packages.cloud.google.com/apt\n",
    })["findings"]
    assert ("/etc/apt/sources.list", 1) in places(findings, "debian")
    assert places(findings, "docker") == {("/etc/apt/sources.list.d/docker.list", 1)}
    assert {place for finding in findings if "azure" in finding["file"]
            for place in [(finding["file"], finding["line"])]} == {("/etc/apt/sources.list.d/azure.sources", 3)}
    assert not any("google" in str(finding["provider_id"]) for finding in findings)
    assert "Passw0rd" not in json.dumps(findings)


def test_packages_count_while_they_are_installed(machine):
    findings = machine({"/var/lib/dpkg/status":
                        "Package: awscli\nStatus: install ok installed\nVersion: 2\n\n"
                        "Package: azure-cli\nStatus: deinstall ok config-files\n\n"
                        "Package: bash\nStatus: install ok installed\n"})["findings"]
    assert places(findings, "aws") == {("/var/lib/dpkg/status", 1)}
    assert providers(findings) == {"aws"}


def test_links_lead_to_where_they_would_on_the_machine(machine, tmp_path):
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "resolv.conf").symlink_to("/run/systemd/resolve/stub.conf")
    (tmp_path / "secret").write_text("deb https://download.docker.com/x y z\n")
    (root / "etc" / "apt").mkdir()
    (root / "etc" / "apt" / "sources.list").symlink_to("../../../secret")
    findings = machine({"/run/systemd/resolve/stub.conf": "nameserver 8.8.8.8\n"})["findings"]
    assert places(findings, "google") == {("/etc/resolv.conf", 1)}
    assert providers(findings) == {"google"}


def test_services_count_by_what_they_start(machine, tmp_path):
    wants = tmp_path / "root" / "etc" / "systemd" / "system" / "multi-user.target.wants"
    wants.mkdir(parents=True)
    (wants / "newrelic-infra.service").symlink_to("/lib/systemd/system/newrelic-infra.service")
    findings = machine({
        "/lib/systemd/system/newrelic-infra.service": "[Service]\nExecStart=/usr/bin/newrelic-infra\n",
        "/lib/systemd/system/other.service": "[Service]\nExecStart=/x https://api.openai.com\n",
        "/etc/systemd/system/push.service": "[Unit]\nDescription=to https://api.openai.com\n[Service]\n"
        "Environment=\"SENTRY_DSN=https://k@o1.ingest.sentry.io/2\" MODE=x\n"
        "ExecStart=-/usr/bin/curl https://api.stripe.com/v1\n",
    })["findings"]
    assert places(findings, "newrelic") | places(findings, "new-relic") == {
        ("/etc/systemd/system/multi-user.target.wants/newrelic-infra.service", 1)}
    assert places(findings, "sentry") == {("/etc/systemd/system/push.service", 4)}
    assert places(findings, "stripe") == {("/etc/systemd/system/push.service", 5)}
    assert "openai" not in providers(findings)


def test_crons_tables_and_scripts(machine):
    findings = machine({
        "/etc/cron.d/push": "SHELL=/bin/sh\n# 0 0 * * * root curl https://api.openai.com\n"
                            "5 4 * * * root aws s3 sync /srv s3://bucket\n",
        "/var/spool/cron/crontabs/root": "@daily curl -fsS https://hc-ping.com/topsecret\n",
        "/etc/cron.daily/bill": "#!/bin/sh\ncurl https://api.stripe.com/v1/x\n",
    })["findings"]
    assert ("/etc/cron.d/push", 3) in places(findings, "aws")
    assert places(findings, "stripe") == {("/etc/cron.daily/bill", 2)}
    assert ("/var/spool/cron/crontabs/root", 1) in {(finding["file"], finding["line"]) for finding in findings}
    assert "openai" not in providers(findings)


def test_registries_and_images_of_containers(machine):
    findings = machine({
        "/etc/docker/daemon.json": '{"dns": ["1.1.1.1", "10.0.0.1"],\n "registry-mirrors": ["https://mirror.gcr.io"]}',
        "/etc/containers/registries.conf": 'unqualified-search-registries = ["quay.io"]\n',
        "/var/lib/docker/image/overlay2/repositories.json": '{"Repositories": {"nginx": {"nginx:1": "sha256:0"}}}',
    })["findings"]
    assert places(findings, "cloudflare") == {("/etc/docker/daemon.json", 1)}
    assert any(finding["file"] == "/etc/docker/daemon.json" and finding["line"] == 2 for finding in findings)
    assert any(finding["file"] == "/etc/containers/registries.conf" for finding in findings)
    assert {finding["provider_id"] for finding in findings if "repositories" in finding["file"]} == {"docker"}


def test_accounts_are_named_and_their_keys_are_not_shown(machine):
    home, root = "/home/" + "ada", "/" + "root"
    result = machine({
        "/etc/passwd": f"root:x:0:0::{root}:/bin/sh\nada:x:1000:1000::{home}:/bin/sh\n",
        f"{home}/.aws/credentials": "[prod]\naws_access_key_id = topsecret99\naws_secret_access_key = topsecret99\n",
        f"{home}/.netrc": "machine api.heroku.com login ada@x.org password topsecret99\n",
        f"{root}/.kube/config": "clusters:\n- name: main\n  cluster:\n"
                              "    server: https://0A1B.gr7.eu-west-1.eks.amazonaws.com\n"
                              "users:\n- user: {token: topsecret99}\n",
        f"{root}/.docker/config.json": '{"auths": {"https://index.docker.io/v1/": {"auth": "topsecret99"}}}',
        f"{root}/.config/gh/hosts.yml": "github.com:\n    oauth_token: topsecret99\n    user: ada\n",
    })
    findings = result["findings"]
    assert places(findings, "aws") == {(f"{home}/.aws/credentials", 1), (f"{root}/.kube/config", 4)}
    assert any(finding["text"] == "account prod" for finding in findings)
    assert {"heroku", "docker", "github"} <= providers(findings)
    assert "topsecret99" not in json.dumps(result) and "ada@x.org" not in json.dumps(result)


def made_certificate(folder, subject, *more):
    """A certificate in PEM that openssl made and signed with its own key."""
    done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                           "-keyout", str(folder / "key.pem"), "-subj", subject, "-days", "9", *more],
                          capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make certificates")
def test_certificates_in_use_and_trusted_roots(machine, tmp_path):
    used = made_certificate(tmp_path, "/O=Let's Encrypt/CN=www.bistum.org", "-addext",
                            "authorityInfoAccess=OCSP;URI:http://r3.o.lencr.org")
    french, german = (made_certificate(tmp_path, f"/C={code}/O=Root {code}/CN=Root") for code in ("FR", "DE"))
    result = machine({
        "/etc/nginx/sites-enabled/site": "server {\n  # ssl_certificate /etc/ssl/old.pem;\n"
                                         "  ssl_certificate /etc/ssl/site.pem;\n  ssl_certificate_key /etc/ssl/k;\n}\n",
        "/etc/ssl/site.pem": used,
        "/etc/ssl/certs/ca-certificates.crt": french + german + german,
        "/usr/local/share/ca-certificates/proxy.crt": made_certificate(tmp_path, "/O=Proxy Inc/CN=Proxy Root"),
    })
    assert places(result["findings"], "letsencrypt") == {("/etc/nginx/sites-enabled/site", 3)}
    told = json.dumps(result)
    assert "trusts 3 roots of 2 organisations in 2 countries (DE 2, FR 1)" in told
    assert "Proxy Root, Proxy Inc" in told


def environment(*settings):
    return b"".join(setting.encode() + b"\0" for setting in settings)


def test_processes_are_known_by_names_of_variables_and_no_value_is_shown(machine):
    result = machine({
        "/proc/1234/comm": "my app\n",
        "/proc/1234/environ": environment("HOME=/", "STRIPE_SECRET_KEY=topsecret99", "PATH=/bin", "AWS_CA_BUNDLE=/x"),
        "/proc/1235/comm": "my app\n",
        "/proc/1235/environ": environment("STRIPE_SECRET_KEY=topsecret99"),
        "/proc/1236/comm": "other\n",
        "/proc/1236/environ": environment("SENTRY_DSN=https://topsecret99@o1.ingest.sentry.io/2",
                                          "DATABASE_URL=postgres://u:topsecret99@db.hidden-company.io/x"),
        "/proc/1237/comm": "uploader\n",
        "/proc/1237/environ": environment("AWS_ACCESS_KEY_ID=topsecret99", "S3_ENDPOINT=http://minio:9000"),
    })
    assert places(result["findings"], "stripe") == {("process/1234 my_app", 1)}
    assert places(result["findings"], "sentry") == {("process/1236 other", 1)}
    assert providers(result["findings"]) == {"stripe", "sentry"}  # the keys are those of the MinIO
    assert {finding["text"] for finding in result["findings"]} == {"STRIPE_SECRET_KEY is set", "SENTRY_DSN is set"}
    assert "topsecret99" not in json.dumps(result) and "hidden-company" not in json.dumps(result)


TCP = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def socket_row(local, remote, state, inode):
    return f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000     0        0 {inode} 1 0 0\n"


def test_connections_have_their_process_and_clients_are_none(machine, tmp_path):
    descriptors = tmp_path / "root" / "proc" / "77" / "fd"
    descriptors.mkdir(parents=True)
    (descriptors / "3").symlink_to("socket:[4001]")
    mapped = "0000000000000000FFFF000004040808:01BB"
    findings = machine({
        "/proc/77/comm": "worker\n",
        "/proc/net/tcp": TCP
        + socket_row("0501A8C0:9C40", "08080808:01BB", "01", 4001)   # to 8.8.8.8
        + socket_row("00000000:01BB", "00000000:0000", "0A", 4002)   # listens at 443
        + socket_row("0501A8C0:01BB", "01010101:C001", "01", 4003)   # a client of it
        + socket_row("0501A8C0:9C41", "0901A8C0:1538", "01", 4004),  # in the same network
        "/proc/net/tcp6": TCP + socket_row(mapped.replace("01BB", "9C42"), mapped, "01", 4005),
    })["findings"]
    assert places(findings, "google") == {("process/77 worker", 1), ("process/unknown", 1)}
    assert providers(findings) == {"google"}
    assert {finding["evidence"] for finding in findings} == {"observed"}
    assert any("tcp to 8.8.8.8:443" in finding["text"] for finding in findings)


TALKER = """
import socket, sys
server = socket.create_server(("8.8.8.8", 4443))
client = socket.create_connection(("8.8.8.8", 4443))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def network():
    """The name of a network of its own where 8.8.8.8 is this machine."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("needs root and ip to make a network of its own")
    name = f"bastide-host-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
        pytest.skip("this system lets nobody make a network")
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        subprocess.run(["ip", "-n", name, "addr", "add", "8.8.8.8/32", "dev", "lo"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name])


def test_real_connections_are_watched_over_a_time(binary, network):
    inside = ["ip", "netns", "exec", network]
    talker = subprocess.Popen([*inside, sys.executable, "-c", TALKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert talker.stdout.readline() == b"ready\n"
        done = subprocess.run([*inside, binary, "audit", "--live", "--seconds", "1", "--format", "json"],
                              capture_output=True, text=True, timeout=60)
    finally:
        talker.stdin.close()
        talker.wait()
    assert done.returncode == 0, done.stderr
    seen = [finding for finding in json.loads(done.stdout)["findings"] if finding["provider_id"] == "google"
            and finding["file"].startswith(f"process/{talker.pid} ")]
    assert len(seen) == 1 and "tcp to 8.8.8.8:4443, first seen " in seen[0]["text"]
    assert " times" in seen[0]["text"] and seen[0]["evidence"] == "observed"


NAMES = """
import socket, sys, time
def labels(name): return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\\0"
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); server.bind(("8.8.8.8", 53))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
web = socket.create_server(("198.41.0.4", 443))
question = b"\\0\\7\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + labels("api.stripe.com") + b"\\0\\1\\0\\1"
head = question.replace(b"\\1\\0\\0\\1\\0\\0", b"\\x81\\x80\\0\\1\\0\\1", 1)
record = labels("api.stripe.com") + b"\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4" + socket.inet_aton("198.41.0.4")
print("ready", flush=True)
talk = None
while True:
    client.sendto(question, ("8.8.8.8", 53))
    server.sendto(head + record, server.recvfrom(512)[1])
    talk = talk or socket.create_connection(("198.41.0.4", 443))
    time.sleep(0.05)
"""


def test_answers_of_dns_name_addresses_while_one_watches(binary, network):
    subprocess.run(["ip", "-n", network, "addr", "add", "198.41.0.4/32", "dev", "lo"], check=True)
    inside = ["ip", "netns", "exec", network]
    talker = subprocess.Popen([*inside, sys.executable, "-c", NAMES], stdout=subprocess.PIPE)
    try:
        assert talker.stdout.readline() == b"ready\n"
        done = subprocess.run([*inside, binary, "audit", "--live", "--seconds", "2", "--format", "json"],
                              capture_output=True, text=True, timeout=60)
    finally:
        talker.kill()
        talker.wait()
    findings = json.loads(done.stdout)["findings"]
    seen = {finding["file"].split()[0]: finding["text"] for finding in findings
            if finding["provider_id"] == "stripe"}
    assert "198.41.0.4:443 (api.stripe.com)" in seen[f"process/{talker.pid}"]
    assert "api.stripe.com: DNS question" in seen["network"]


def test_a_hostile_disk_costs_warnings_and_nothing_else(machine, tmp_path):
    root = tmp_path / "root"
    (root / "etc" / "apt" / "sources.list.d").mkdir(parents=True)
    os.mkfifo(root / "etc" / "resolv.conf")
    (root / "etc" / "passwd").write_text("x:x:0:0::/home/../../outside:/bin/sh\n" * 3)
    (root / "etc" / "netplan").symlink_to("netplan")
    with open(root / "etc" / "hosts", "wb") as file:
        file.truncate(1 << 34)
    (root / "etc" / "chrony").symlink_to("/etc")
    (root / "etc" / "chrony.conf").write_bytes(b"pool \xff\xfe\0" + b"a" * 5000)
    (root / "etc" / "hostname").write_text("\33[31mred\n")
    result = machine({})
    assert result["findings"] == []
    assert "\33" not in json.dumps(result, ensure_ascii=False)


@pytest.mark.parametrize("words, message", [
    (["--host", "."], "--host --root FOLDER"), ([], "--host for this machine"),
    ([".", "--root", "/"], "goes with --host"), ([".", "--seconds", "3"], "goes with --live"),
    (["--live", "--seconds", "0"], "seconds"),
])
def test_wrong_use_is_explained(binary, words, message):
    done = subprocess.run([binary, "audit", *words], capture_output=True, text=True)
    assert done.returncode == 2 and message in done.stderr
