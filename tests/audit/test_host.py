"""A machine is read below a root: what it is set to and made of, with file and line, and no value that is a secret."""
import json
import subprocess

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
