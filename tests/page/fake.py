"""The server's side of the page, small and obedient: tests say what it answers, how fast, and where it fails.

It serves web/ as the program does (same policy, same places) and keeps conversations in memory. What the page does
with the real server is tested beside this, in test_server.py.
"""
import itertools
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

WEB = Path(__file__).resolve().parents[2] / "web"
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self'; "
          "manifest-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; "
          "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html",
         ".webmanifest": "application/manifest+json"}
MODELS = [
    {"id": "smollm2-135m-instruct-q4_1", "default": True, "loaded": True, "bytes": 98_000_000, "context": 8192,
     "fits": True, "parameters": 134_515_008},
    {"id": "gemma-3-270m-q4_k_m", "default": False, "loaded": False, "bytes": 253_000_000, "context": 32768,
     "fits": True, "parameters": 268_098_176},
    {"id": "qwen3-32b-q4_k_m", "default": False, "loaded": False, "bytes": 19_800_000_000, "context": 40960,
     "fits": False, "parameters": 32_762_123_264},
]


class Fake:
    """What the server knows. answer(prompt) gives the pieces of an answer; gap: seconds between them; pause: the number
    of the piece before which it waits for `resume`, so that a test can do something in the middle."""

    def __init__(self):
        self.conversations, self.messages, self.pieces = {}, {}, {}
        self.ids = ("%022d" % number for number in itertools.count(1))
        self.answer = lambda prompt: ["You said: ", prompt]
        self.gap = 0.005
        self.pause, self.resume = None, threading.Event()
        self.key = None
        self.failures = []  # (method, pattern of the path, status, message), each used once
        self.requests = []
        self.clock = itertools.count(1_700_000_000)
        self.models = MODELS
        self.audits = []  # {"title", "state", "version", "report", "kept"}

    def conversation(self, title="Talk", messages=(), **more):
        made = {"id": next(self.ids), "title": title, "pinned": False, "updated_at": next(self.clock), "settings": {},
                "messages": [], **more}
        self.conversations[made["id"]] = made
        parent = None
        for role, content in messages:
            parent = self.message(made, parent, role, content)["id"]
        return made

    def message(self, conversation, parent, role, content, state="done"):
        made = {"id": next(self.ids), "parent": parent, "role": role, "content": content, "state": state,
                "model": MODELS[0]["id"] if role == "assistant" else "", "figures": None, "created_at": time.time()}
        self.messages[made["id"]] = made
        self.pieces[made["id"]] = [content] if content else []
        conversation["messages"].append(made)
        conversation["updated_at"] = next(self.clock)
        return made

    def generate(self, message, pieces):
        for number, piece in enumerate(pieces):
            if number == self.pause:
                self.resume.wait(60)
            if message["state"] != "streaming":
                break
            time.sleep(self.gap)
            self.pieces[message["id"]].append(piece)
            message["content"] += piece
        count = len(self.pieces[message["id"]])
        message["figures"] = {"tokens": count, "tokens_per_second": 48.3, "prompt_tokens": 120, "cached_tokens": 80,
                              "context": 8192, "context_used": 120 + count, "first_token_seconds": 0.12,
                              "finish": "stop"}
        if message["state"] == "streaming":
            message["state"] = "done"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def send(self, status, body=b"", kind="application/json", **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def fail(self, status, message):
        self.send(status, {"error": {"message": message, "code": status}})

    def route(self):
        fake, url = self.server.fake, urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        fake.requests.append((self.command, self.path, body))
        path = unquote(url.path)
        if path in ("/", "/dependencies") or path.startswith("/c/"):
            return self.index(url)
        if path.startswith("/page/"):
            return self.file(path)
        if not path.startswith("/api/bastide/v1/"):
            return self.fail(404, "nothing here")
        if fake.key and self.headers.get("Authorization") != f"Bearer {fake.key}":
            return self.fail(401, "a key is needed")
        path = path[len("/api/bastide/v1/"):]
        for failure in fake.failures:
            if failure[0] == self.command and re.search(failure[1], path):
                fake.failures.remove(failure)
                return self.fail(*failure[2:])
        return self.api(path, parse_qs(url.query), body)

    do_GET = do_POST = do_PATCH = do_DELETE = route

    def index(self, url):
        languages = parse_qs(url.query).get("lang") or [self.headers.get("Accept-Language", "en")]
        modules = re.findall(r'from "\./(\w+\.js)"', "".join(path.read_text() for path in WEB.glob("*.js")))
        text = (WEB / "index.html").read_text().replace("{{lang}}", "fr" if languages[0][:2] == "fr" else "en")
        text = text.replace("{{root}}", "/page/0/").replace("{{preload}}", "".join(
            f'<link rel="modulepreload" href="/page/0/{name}">' for name in sorted(set(modules))))
        self.send(200, text.encode(), "text/html; charset=utf-8")

    def file(self, path):
        file = WEB / path.split("/")[-1]
        if not file.is_file():
            return self.fail(404, "no such file")
        return self.send(200, file.read_bytes(), TYPES[file.suffix] + "; charset=utf-8", Cache_Control="no-store")

    def api(self, path, query, body):
        fake, parts = self.server.fake, path.split("/")
        if path == "status":
            return self.send(200, {"models": fake.models, "keys": bool(fake.key), "version": "0.1.0",
                                   "memory": {"budget": 8_000_000_000, "used": 300_000_000}})
        if parts[0] == "audits":
            return self.audit(parts[1:], body)
        if path == "export":
            return self.export_all(query["format"][0])
        if path == "conversations":
            return self.add(body) if self.command == "POST" else self.list(query.get("q", [""])[0])
        if parts[0] == "messages" and parts[1] in fake.messages:
            message = fake.messages[parts[1]]
            if parts[2] == "stop":
                if message["state"] == "streaming":
                    message["state"] = "stopped"
                return self.send(204)
            return self.stream(message, int(query.get("from", ["0"])[0]))
        conversation = fake.conversations.get(parts[1] if len(parts) > 1 else "")
        if not conversation:
            return self.fail(404, "no such conversation")
        return self.one(conversation, parts[2:], query, body)

    def audit(self, parts, body):
        audits = self.server.fake.audits
        if not parts:
            return self.send(200, {"folders": [
                {"id": number, "path": "/srv/" + one["title"], "what": "reading", "done": 3, "total": 8, "error": "",
                 "made": 1_700_000_000, **{name: one[name] for name in ("title", "state", "version")}}
                for number, one in enumerate(audits)]})
        one = audits[int(parts[0])]
        if parts[1:] == ["kept"]:
            entries = one["kept"][body["kind"]]
            (entries.append if body["do"] == "add" else entries.remove)(body["entry"])
            one["version"] += 1
            return self.send(204)
        if self.command == "POST":
            one["version"] += 1
            return self.send(202, {})
        return self.send(200, {"kept": one["kept"], "report": one["report"]})

    def add(self, body):
        fake = self.server.fake
        made = fake.conversation(body.get("title", ""))
        parent = None
        for message in body.get("messages", []):
            parent = fake.message(made, parent, message["role"], message["content"])["id"]
        self.send(201, made)

    def list(self, words):
        rows = [row for row in self.server.fake.conversations.values() if all(
            word in (row["title"] + " ".join(m["content"] for m in row["messages"])).lower()
            for word in words.lower().split())]
        rows.sort(key=lambda row: (not row["pinned"], -row["updated_at"]))
        self.send(200, {"conversations": [{name: row[name] for name in ("id", "title", "pinned", "updated_at")}
                                          for row in rows]})

    def export_all(self, form):
        rows = list(self.server.fake.conversations.values())
        if form == "json":
            return self.send(200, {"conversations": rows})
        return self.send(200, "".join(f"# {row['title']}\n" for row in rows).encode(), "text/markdown; charset=utf-8")

    def one(self, conversation, rest, query, body):
        if rest == ["messages"]:
            return self.talk(conversation, body)
        if rest == ["export"]:
            if query["format"] == ["json"]:
                return self.send(200, conversation)
            text = f"# {conversation['title']}\n" + "".join(f"\n## {m['role']}\n\n{m['content']}\n"
                                                            for m in conversation["messages"])
            return self.send(200, text.encode(), "text/markdown; charset=utf-8")
        if self.command == "DELETE":
            del self.server.fake.conversations[conversation["id"]]
            return self.send(204)
        if self.command == "PATCH":
            conversation.update({name: body[name] for name in ("title", "pinned", "settings") if name in body})
        return self.send(200, conversation)

    def talk(self, conversation, body):
        fake, user = self.server.fake, None
        if body.get("continue"):
            message = fake.messages[body["parent"]]
            message["state"] = "streaming"
            pieces = [" and", " so", " on"]
        else:
            if body.get("regenerate"):
                user = fake.messages[body["parent"]]
            else:
                user = fake.message(conversation, body.get("parent"), "user", body["content"])
            message = fake.message(conversation, user["id"], "assistant", "", "streaming")
            message["model"] = body.get("model") or MODELS[0]["id"]
            pieces = fake.answer(user["content"])
        threading.Thread(target=fake.generate, args=(message, pieces), daemon=True).start()
        self.send(201, {"user": user, "assistant": message})

    def stream(self, message, start):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()
        pieces = self.server.fake.pieces[message["id"]]
        while True:
            ended = message["state"] != "streaming" and message["figures"] is not None or message["state"] == "done"
            count = len(pieces)
            for number in range(start, count):
                self.event({"index": number, "text": pieces[number]})
            start = max(start, count)
            if ended:
                return self.event({"state": message["state"], "figures": message["figures"]})
            self.wfile.flush()
            time.sleep(0.002)

    def event(self, event):
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def start(port=0):
    server = Server(("127.0.0.1", port), Handler)
    server.fake = Fake()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server
