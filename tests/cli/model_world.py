"""What the tests of `bastide model` need: small GGUF files, wheels, a pip that downloads nothing, an HTTPS server."""
import http.server
import os
import ssl
import struct
import subprocess
import threading
import zipfile


def text(value):
    return struct.pack("<Q", len(value)) + value


def gguf(elements=64, seed=1):
    """A GGUF file (version 3): one key, one vector of float32."""
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1)
    head += text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama")
    head += text(b"weights") + struct.pack("<IQIQ", 1, elements, 0, 0)
    head += b"\0" * (-len(head) % 32)
    data = bytearray(elements * 4)
    for i in range(0, len(data), 4):
        seed = (seed * 1103515245 + 12345) % 2**31
        struct.pack_into("<f", data, i, seed / 2**31)
    return head + bytes(data)


def wheel(path, members, compression=zipfile.ZIP_DEFLATED):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


FAKE_PIP = """#!/bin/sh
[ "$4" = --version ] || [ "$3" = --version ] && { echo pip 99; exit 0; }
for word; do last=$word; [ "$before" = --dest ] && dest=$word; before=$word; done
printf '%s\\n' "$*" >>"$FAKE_WHEELS/calls"
[ -f "$FAKE_WHEELS/$last.sh" ] && . "$FAKE_WHEELS/$last.sh"
if [ -d "$FAKE_WHEELS/$last" ]; then cp "$FAKE_WHEELS/$last"/*.whl "$dest"; exit 0; fi
echo "Looking in indexes: nowhere"
echo "ERROR: No matching distribution found for $last"
exit 1
"""


def fake_pip(folder):
    """Environment in which `python3 -m pip download X` copies FOLDER/wheels/X/*.whl."""
    tools = folder / "tools"
    tools.mkdir(parents=True, exist_ok=True)
    (folder / "wheels").mkdir(exist_ok=True)
    program = tools / "python3"
    program.write_text(FAKE_PIP)
    program.chmod(0o755)
    return {"PATH": f"{tools}:{os.environ['PATH']}", "FAKE_WHEELS": str(folder / "wheels")}


def certificate(folder):
    """A throw-away certificate for localhost; returns the path of certificate and key in one file."""
    path = folder / "localhost.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", path, "-out", folder / "public.pem"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (folder / "public.pem").read_bytes())
    return path


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the server's routes: {path: function(handler)}."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))
        self.close_connection = True
        try:
            self.server.routes[self.path](self)
        except (ConnectionError, ssl.SSLError):
            pass  # the client has gone

    def head(self, status, **headers):
        self.send_response(status)
        self.send_header("Connection", "close")  # or the client's next request may meet a closing connection
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_):
        pass


class Server:
    """An HTTPS server on localhost. routes: {path: function(handler)}; seen: [(path, headers)]."""

    def __init__(self, pem):
        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.routes, self.httpd.seen = {}, []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True, do_handshake_on_connect=False)
        self.httpd.handle_error = lambda *_: None  # a client that trusts us not is a test, not an accident
        self.thread = threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def routes(self):
        return self.httpd.routes

    @property
    def seen(self):
        return self.httpd.seen

    def url(self, path, host="localhost"):
        return f"https://{host}:{self.httpd.server_address[1]}{path}"

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()


def file_route(content, etag='"one"', cut=(), ranges=True):
    """Serves content. cut: how many bytes the first answers give before they break off."""
    cuts = list(cut)

    def answer(handler):
        wanted = handler.headers.get("Range")
        condition = handler.headers.get("If-Range", etag)
        start = int(wanted[len("bytes="):-1]) if wanted and ranges and condition == etag else 0
        body = content[start:]
        if start:
            handler.head(206, Content_Length=len(body), ETag=etag,
                         Content_Range=f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            handler.head(200, Content_Length=len(body), **({"ETag": etag} if etag else {}))
        handler.wfile.write(body[:cuts.pop(0)] if cuts else body)
    return answer
