"""Ways of reaching somebody, for test_cutoff.py: cutoff_ways.py WAY [ARGUMENT...] prints "reached" or "blocked: why".
Each tries once; the status is 0 whatever happened."""
import ctypes
import os
import socket
import ssl
import struct
import subprocess
import sys

GONE, GONE_SIX = "203.0.113.10", "2001:db8::10"
GET = b"GET / HTTP/1.0\r\n\r\n"
libc = ctypes.CDLL(None, use_errno=True)


def hear(connection, count):
    """So many bytes, or what comes until the end."""
    heard = b""
    while len(heard) < count and (more := connection.recv(count - len(heard))):
        heard += more
    return heard


def talk(address, port, words=GET):
    with socket.create_connection((address, port), 10) as connection:
        connection.sendall(words)
        return bool(connection.recv(100))


def by_name(name="gone.test", port="80"):
    return talk(name, int(port))


def by_address(address=GONE):
    return talk(address, 80)


def by_host_header():
    """An address that serves others too, and is not cut."""
    return talk("203.0.113.20", 80, b"GET / HTTP/1.1\r\nHost: api.gone.test\r\n\r\n")


def by_second_request():
    with socket.create_connection(("203.0.113.20", 7), 10) as connection:
        first, second = b"GET / HTTP/1.1\r\nHost: kept.test\r\n\r\n", b"GET / HTTP/1.1\r\nhOSt:gone.test:80\r\n\r\n"
        connection.sendall(first)
        if hear(connection, len(first)) != first:
            raise OSError("the first request did not come back")
        for byte in second:
            connection.sendall(bytes([byte]))
        return hear(connection, len(second)) == second


def by_proxy():
    return talk("203.0.113.20", 8080, b"CONNECT gone.test:443 HTTP/1.1\r\n\r\n")


def by_proxy_address():
    return talk("203.0.113.20", 8080, b"CONNECT 203.0.113.10:443 HTTP/1.1\r\n\r\n")


def hello(name):
    context = ssl.create_default_context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    wrapped = context.wrap_bio(incoming, outgoing, server_hostname=name)
    try:
        wrapped.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


def by_tls_name():
    return talk("203.0.113.20", 443, hello("api.gone.test"))


def by_tls_name_in_pieces():
    """One record for each 40 bytes of the message, each byte by itself."""
    message = hello("api.gone.test")[5:]
    with socket.create_connection(("203.0.113.20", 443), 10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(message), 40):
            part = message[at:at + 40]
            for byte in b"\x16\x03\x01" + struct.pack(">H", len(part)) + part:
                connection.sendall(bytes([byte]))
        return bool(connection.recv(100))


def question(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    return struct.pack(">HHHHHH", 77, 0x100, 1, 0, 0, 0) + labels + struct.pack(">HH", 1, 1)


def by_own_resolver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(5)
        asker.sendto(question("gone.test"), ("203.0.113.54", 53))
        reply = asker.recv(500)
        return struct.unpack(">H", reply[6:8])[0] > 0


def by_resolver_stream(name="gone.test"):
    with socket.create_connection(("203.0.113.53", 53), 10) as connection:
        query = question(name)
        connection.sendall(struct.pack(">H", len(query)) + query)
        length = struct.unpack(">H", hear(connection, 2))[0]
        return struct.unpack(">H", hear(connection, length)[6:8])[0] > 0


def by_datagram(address=GONE, port="9999"):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.settimeout(2)
        sender.connect((address, int(port)))
        sender.send(b"hello")
        return sender.recv(100) == b"hello"


def by_fast_open():
    """Bytes in the SYN itself."""
    with socket.socket() as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 5, 0))
        sender.sendto(GET, socket.MSG_FASTOPEN, (GONE, 80))
        return bool(sender.recv(100))


def by_child():
    """A grandchild in a session of its own, whose parent is gone."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            try:
                os.write(writing, b"1" if by_address() else b"0")
            except OSError:
                os.write(writing, b"0")
        os._exit(0)
    return os.read(reading, 1) == b"1"


def by_static_program(program):
    return subprocess.run([program, GONE, "80"], timeout=20).returncode == 0


def by_daemon(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(path)
        connection.sendall(f"{GONE} 80".encode())
        return bool(connection.recv(100))


def by_descriptor(number):
    """A connection that somebody made before."""
    with socket.socket(fileno=int(number)) as connection:
        connection.settimeout(5)
        connection.sendall(GET)
        return bool(connection.recv(100))


def by_family(number):
    """Whether a socket of that family can be made; also with bits that the kernel does not look at."""
    for family in (int(number), int(number) | 1 << 32):
        if libc.syscall(41, ctypes.c_long(family), 1, 0) >= 0:
            return True
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def by_call(number):
    """Whether the system has a call."""
    libc.syscall(int(number), 8, 0, 0, 0, 0)
    failure = ctypes.get_errno()
    if failure in (1, 38):
        raise OSError(failure, os.strerror(failure))
    return True


def by_other_namespaces():
    """A new user namespace has every privilege in itself: mounts that hide something must stay, networks be empty."""
    if libc.unshare(0x10000000 | 0x00020000 | 0x40000000):
        raise OSError(ctypes.get_errno(), "unshare")
    return by_address()


def by_unmounting(path):
    for flags in (0x00020000, 0x10000000 | 0x00020000):
        if os.fork() == 0:
            libc.unshare(flags)
            for _ in range(3):
                libc.umount2(path.encode(), 2)
            try:
                os._exit(0 if by_daemon(path) else 1)
            except OSError:
                os._exit(1)
        if os.wait()[1] == 0:
            return True
    return False


def by_joining(process):
    """The network of a process that is not in this world."""
    with open(f"/proc/{process}/ns/net") as network:
        if libc.setns(network.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")
    return by_address()


if __name__ == "__main__":
    try:
        print("reached" if globals()["by_" + sys.argv[1]](*sys.argv[2:]) else "blocked: no answer")
    except (OSError, subprocess.SubprocessError) as failure:
        print("blocked:", failure)
