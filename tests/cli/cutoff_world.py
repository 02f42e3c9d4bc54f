"""A network of its own, with servers that note what reaches them: unshare --net --mount python3 cutoff_world.py FOLDER.

Writes FOLDER/ready when all listen and a line for each call to FOLDER/log, "tcp 203.0.113.10 80 LENGTH" or "udp ...".

  203.0.113.53             the resolver; FOLDER/resolv.conf names it
  203.0.113.54             another resolver, which notes questions
  203.0.113.10, 2001:db8::10   gone.test, *.gone.test; alias.other.test is another name of cdn.gone.test
  203.0.113.20, 2001:db8::20   kept.test
  FOLDER/daemon            a UNIX socket whose server calls for others: "ADDRESS PORT"
"""
import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

NAMES = {"gone.test": 10, "api.gone.test": 10, "cdn.gone.test": 10, "kept.test": 20}
ALIASES = {"alias.other.test": "cdn.gone.test"}
folder = Path(sys.argv[1])
lock = threading.Lock()


def note(*words):
    with lock, open(folder / "log", "a") as log:
        log.write(" ".join(map(str, words)) + "\n")


def name_bytes(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(name, kind, data):
    return name_bytes(name) + struct.pack(">HHIH", kind, 1, 5, len(data)) + data


def records(name, kind):
    """The answers to a question; None if there is no such name."""
    target = ALIASES.get(name, name)
    if target not in NAMES:
        return None
    found = [record(name, 5, name_bytes(target))] if target != name else []
    if kind == 1:
        found.append(record(target, 1, bytes([203, 0, 113, NAMES[target]])))
    if kind == 28:
        found.append(record(target, 28, socket.inet_pton(socket.AF_INET6, f"2001:db8::{NAMES[target]}")))
    if kind == 16:  # a text too long for a datagram
        found += [record(target, 16, b"\xf0" + b"x" * 240) for _ in range(20)]
    return found


def answer(query, stream):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    found = records(".".join(labels), struct.unpack(">H", query[at + 1:at + 3])[0])
    body = b"".join(found or [])
    cut = not stream and len(body) > 1000
    flags = 0x8180 | (3 if found is None else 0) | (0x200 if cut else 0)
    count = 0 if cut else len(found or [])
    return query[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) + query[12:at + 5] + (b"" if cut else body)


def resolve_datagrams(address, noted):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    while True:
        query, peer = server.recvfrom(4096)
        if noted:
            note("dns", address, 53, len(query))
        server.sendto(answer(query, False), peer)


def resolve_stream(connection):
    with connection:
        length = connection.recv(2, socket.MSG_WAITALL)
        if length:
            reply = answer(connection.recv(struct.unpack(">H", length)[0], socket.MSG_WAITALL), True)
            connection.sendall(struct.pack(">H", len(reply)) + reply)


def serve_stream(connection, address, port):
    """Notes what came first, and answers in HTTP."""
    with connection:
        connection.settimeout(20)
        try:
            if port == 25:
                connection.sendall(b"220 first\r\n")
            heard = connection.recv(65536)
            note("tcp", address, port, len(heard))
            if port == 7:
                while heard:
                    connection.sendall(heard)
                    heard = connection.recv(65536)
            else:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")
        except OSError:
            note("tcp", address, port, "broken")


def listen(address, port, serve):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.socket(family)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(64)

    def loop():
        while True:
            threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()


def echo_datagrams(address, port):
    server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, port))
    while True:
        heard, peer = server.recvfrom(65536)
        note("udp", address, port, len(heard))
        server.sendto(heard, peer)


def serve_for_others(connection):
    with connection:
        address, port = connection.recv(100).decode().split()
        with socket.create_connection((address, int(port)), 5) as other:
            other.sendall(b"GET / HTTP/1.0\r\n\r\n")
            connection.sendall(other.recv(100))


def daemon():
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / "daemon"))
    server.listen(8)
    while True:
        threading.Thread(target=serve_for_others, args=(server.accept()[0],), daemon=True).start()


def main():
    def ip(*words):
        subprocess.run(["ip", *words], check=True)

    ip("link", "set", "lo", "up")
    for last in (10, 20, 53, 54):
        ip("address", "add", f"203.0.113.{last}/32", "dev", "lo")
        ip("-6", "address", "add", f"2001:db8::{last}/128", "dev", "lo", "nodad")
    (folder / "resolv.conf").write_text("nameserver 203.0.113.53\noptions timeout:2 attempts:2\n")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "--bind", folder / "resolv.conf", "/etc/resolv.conf"], check=True)
    if len(sys.argv) > 2:  # a device that everybody may open, as most systems have it
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/dev/net"], check=True)
        os.mknod("/dev/net/tun", 0o20666, os.makedev(10, 200))
        os.chmod("/dev/net/tun", 0o666)
    for last in (10, 20):
        for address in (f"203.0.113.{last}", f"2001:db8::{last}"):
            for port in (7, 25, 80, 443, 853, 8080):
                listen(address, port, lambda connection, a=address, p=port: serve_stream(connection, a, p))
            for port in (443, 9999):
                threading.Thread(target=echo_datagrams, args=(address, port), daemon=True).start()
    for address, noted in (("203.0.113.53", False), ("203.0.113.54", True)):
        threading.Thread(target=resolve_datagrams, args=(address, noted), daemon=True).start()
    listen("203.0.113.53", 53, resolve_stream)
    threading.Thread(target=daemon, daemon=True).start()
    (folder / "log").touch()
    (folder / "ready").touch()
    threading.Event().wait()


main()
