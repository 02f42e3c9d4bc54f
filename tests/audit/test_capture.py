"""Captures of a network: names that were asked for and talked to, packet by packet, written here byte by byte."""
import json
import socket
import struct
import subprocess

import pytest

from tests.audit.conftest import places, providers

CLIENT, RESOLVER, SERVER = "192.168.1.5", "192.168.1.1", "203.0.113.80"


# ---- packets --------------------------------------------------------------------------------------------------------

def ip4(protocol, body, source=CLIENT, target=SERVER, fragment=0):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, fragment, 64, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(target)) + body


def ip6(protocol, body, source="fd00::5", target="2001:db8::80"):
    return struct.pack("!IHBB16s16s", 6 << 28, len(body), protocol, 64, socket.inet_pton(socket.AF_INET6, source),
                       socket.inet_pton(socket.AF_INET6, target)) + body


def udp(body, source=40000, target=53):
    return struct.pack("!HHHH", source, target, 8 + len(body), 0) + body


def tcp(body=b"", source=40001, target=443, sequence=1000, flags=0x18):
    return struct.pack("!HHIIBBHHH", source, target, sequence, 0, 0x50, flags, 65535, 0, 0) + body


def labels(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def question(name, kind=1):
    return struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels(name) + struct.pack("!HH", kind, 1)


def answer(name, *records):
    """records: (owner, type, data)"""
    head = struct.pack("!HHHHHH", 7, 0x8180, 1, len(records), 0, 0) + labels(name) + struct.pack("!HH", 1, 1)
    return head + b"".join(labels(owner) + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
                           for owner, kind, data in records)


def hello(name):
    names = b"\0" + struct.pack("!H", len(name)) + name.encode()
    server_name = struct.pack("!HHH", 0, len(names) + 2, len(names)) + names
    padding = struct.pack("!HH", 21, 3000) + bytes(3000)
    extensions = padding + server_name
    body = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + struct.pack("!H", len(extensions)) + extensions
    return b"\x16\3\1" + struct.pack("!H", len(body) + 4) + b"\1" + struct.pack("!I", len(body))[1:] + body


# ---- files ----------------------------------------------------------------------------------------------------------

def ethernet(packet, tags=0):
    kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0"
    return bytes(12) + b"\x81\0\0\7" * tags + kind + packet


FRAMES = {
    1: ethernet,
    101: lambda packet: packet,
    113: lambda packet: bytes(14) + ethernet(packet)[12:14] + packet,
    276: lambda packet: ethernet(packet)[12:14] + bytes(18) + packet,
    0: lambda packet: b"\2\0\0\0" + packet,
}


def pcap(packets, link=1, order="<", magic=0xA1B2C3D4, frame=None):
    frame = frame or FRAMES[link]
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for i, packet in enumerate(packets):
        data = frame(packet)
        out += struct.pack(order + "IIII", 1700000000 + i, 0, len(data), len(data)) + data
    return out


def block(kind, body, order="<"):
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def pcapng(packets, link=1, order="<"):
    out = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    nanoseconds = struct.pack(order + "HH", 9, 1) + b"\x09\0\0\0"
    out += block(1, struct.pack(order + "HHI", link, 0, 0) + nanoseconds + bytes(4), order)
    for i, packet in enumerate(packets):
        data = FRAMES[link](packet)
        ticks = (1700000000 + i) * 10**9
        head = struct.pack(order + "IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
        out += block(6, head + data, order)
    return out


@pytest.fixture
def heard(binary, tmp_path):
    """heard(bytes) audits a capture; the whole result."""
    def run(content):
        path = tmp_path / "net.pcap"
        path.write_bytes(content)
        done = subprocess.run([binary, "audit", str(path), "--format", "json"], capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return run


def ask(name, **way):
    return ip4(17, udp(question(name)), target=RESOLVER, **way)


# ---- what is promised -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("link", FRAMES)
@pytest.mark.parametrize("write", [pcap, lambda packets, link: pcap(packets, link, ">"), pcapng,
                                   lambda packets, link: pcapng(packets, link, ">"),
                                   lambda packets, link: pcap(packets, link, "<", 0xA1B23C4D)])
def test_each_form_and_link_is_read(heard, write, link):
    findings = heard(write([ip4(1, b"ping"), ask("s3.eu-west-1.amazonaws.com")], link))["findings"]
    assert places(findings, "aws") == {("net.pcap", 2)}
    assert {finding["evidence"] for finding in findings} == {"observed"}
    assert "2023-11-14 22:13:21" in findings[0]["text"]


def test_tags_of_networks_and_ip_of_either_version(heard):
    packets = [ask("api.stripe.com"), ip6(17, udp(question("api.openai.com")))]
    findings = heard(pcap(packets, frame=lambda packet: ethernet(packet, 2)))["findings"]
    assert providers(findings) == {"stripe", "openai"}


def test_a_name_is_one_finding_however_often_it_is_heard(heard):
    findings = heard(pcap([ask("api.stripe.com")] * 5))["findings"]
    assert places(findings, "stripe") == {("net.pcap", 1)}
    assert "5 times" in findings[0]["text"]


def test_the_name_in_tls_is_found_in_pieces(heard):
    whole = hello("api.openai.com")
    pieces = [whole[:3], whole[3:1400], whole[1400:2800], whole[2800:]]
    packets, at = [ip4(6, tcp(flags=2, sequence=999))], 1000
    for piece in pieces:
        packets.append(ip4(6, tcp(piece, sequence=at)))
        packets.append(ip4(6, tcp(piece, sequence=at)))  # sent again
        at += len(piece)
    findings = heard(pcap(packets))["findings"]
    assert places(findings, "openai") == {("net.pcap", 8)}
    assert providers(findings) == {"openai"}  # the connection's address has its name by now


def test_hosts_of_plain_requests(heard):
    request = b"GET /v1 HTTP/1.1\r\nUser-Agent: x\r\nHost: api.stripe.com\r\nCookie: session=topsecret99\r\n\r\n"
    result = heard(pcap([ip4(6, tcp(request, target=80))]))
    assert places(result["findings"], "stripe") == {("net.pcap", 1)}
    assert "topsecret99" not in json.dumps(result)


def test_questions_over_tcp(heard):
    message = question("api.stripe.com")
    stream = struct.pack("!H", len(message)) + message
    packets = [ip4(6, tcp(stream[:9], target=53), target=RESOLVER),
               ip4(6, tcp(stream[9:], target=53, sequence=1009), target=RESOLVER)]
    assert places(heard(pcap(packets))["findings"], "stripe") == {("net.pcap", 2)}


def test_an_alias_tells_who_delivers(heard):
    packet = ip4(17, udp(answer("www.bistum.org", ("www.bistum.org", 5, labels("d111.cloudfront.net")),
                                ("d111.cloudfront.net", 1, socket.inet_aton(SERVER))), 53, 40000),
                 RESOLVER, CLIENT)
    findings = heard(pcap([packet, ip4(6, tcp(flags=2))]))["findings"]
    assert providers(findings) == {"aws", "bistum.org"}
    assert any("alias in DNS of www.bistum.org" in finding["text"] for finding in findings)


def test_addresses_that_nobody_named_count_by_their_network(heard):
    packets = [ip4(6, tcp(flags=2), target="8.8.8.8"), ip4(6, tcp(flags=2), target="198.41.0.4"),
               ip4(6, tcp(flags=2), target="10.0.0.9")]
    findings = heard(pcap(packets))["findings"]
    assert places(findings, "google") == {("net.pcap", 1)}
    assert places(findings, "198.41.0.4") == {("net.pcap", 2)}
    assert len(findings) == 2


def test_fragments_are_passed_over(heard):
    assert heard(pcap([ask("api.stripe.com", fragment=0x2000)]))["findings"] == []


@pytest.mark.parametrize("cut", [1, 30, 60])
def test_a_capture_that_ends_early_is_read_as_far_as_it_goes(heard, cut):
    result = heard(pcap([ask("api.stripe.com"), ask("api.openai.com")])[:-cut])
    assert places(result["findings"], "stripe") == {("net.pcap", 1)}
    assert "cut or broken" in json.dumps(result)


def test_lengths_that_lie_end_the_reading(heard):
    good = pcap([ask("api.stripe.com")])
    lie = struct.pack("<IIII", 1, 1, 0xFFFFFFFF, 60)
    assert places(heard(good + lie + bytes(100))["findings"], "stripe")
    for length in (0, 4, 0xFFFFFFFC):
        assert places(heard(pcapng([ask("api.stripe.com")]) + struct.pack("<II", 6, length) + bytes(64))["findings"],
                      "stripe")
