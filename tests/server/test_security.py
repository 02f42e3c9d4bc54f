"""Who may ask for what: Host, Origin, keys, scopes, rates, TLS; and one key never sees what is another's."""
import http.client
import json
import re
import signal
import socket
import ssl
import subprocess
import time
import warnings
from pathlib import Path

import pytest

from running import PATIENCE

MESSAGE = [{"role": "user", "content": "Hi"}]
SMALL = {"messages": MESSAGE, "max_tokens": 2}


@pytest.fixture(scope="module")
def add_key(binary):
    """add_key(home, name, *options) makes a key and returns it."""
    def add(home, name, *options):
        done = subprocess.run([binary, "key", "add", name, *options, "--json"], capture_output=True, check=True,
                              env={"BASTIDE_HOME": str(home)})
        made = json.loads(done.stdout)
        assert made["name"] == name and made["key"].startswith("bst_")
        return made["key"]
    return add


@pytest.fixture(scope="module")
def open_server(serve, smollm2):
    """A server without keys."""
    return serve(smollm2, "--allow-origin", "https://ai.example", "--allow-origin", "app://desk",
                 "--allow-host", "Box.Example")


@pytest.fixture(scope="module")
def keyed(serve, smollm2, add_key, tmp_path_factory):
    """A server with keys: (server, {role: key})."""
    home = tmp_path_factory.mktemp("keyed")
    keys = {role: add_key(home, role, "--scopes", scopes) for role, scopes in
            (("chat", "chat"), ("other", "chat"), ("admin", "admin"), ("documents", "documents"), ("revoked", "chat"))}
    keys["expired"] = add_key(home, "expired", "--scopes", "chat,admin", "--expires", "1s")
    keys["limited"] = add_key(home, "limited", "--rate", "3/h")
    made = time.time()
    server = serve(smollm2, "--slot-dir", home / "slots", home=home)
    revoke(server, "revoked")
    while time.time() <= made + 1.1:
        time.sleep(0.05)
    return server, keys


def revoke(server, name):
    binary = server.process.args[0]
    subprocess.run([binary, "key", "revoke", name], check=True, capture_output=True,
                   env={"BASTIDE_HOME": str(server.home)})
    reload(server)


def reload(server):
    seen = server.log.count("reload:")
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10 * PATIENCE
    while server.log.count("reload:") == seen:
        assert time.monotonic() < deadline, server.log
        time.sleep(0.01)


def bearer(key):
    return {"Authorization": f"Bearer {key}"} if key else {}


def status_of(server, *lines, request="GET /v1/models HTTP/1.1"):
    """Status of a request with these very header lines, and no others."""
    said = server.raw("\r\n".join((request, *lines, "Connection: close", "", "")).encode("latin-1"))
    return int(said.split(b" ", 2)[1]) if said else None


# ---- the table of routes, out of the sources --------------------------------------------------------------

def routes(root):
    """(method, path, scope) of every row of every table of routes."""
    rows = []
    for path in sorted((root / "src/server").rglob("*.c")):
        text = path.read_text()
        found = re.findall(r'\{\s*"([A-Z]+)",\s*"(/[^"]*)",\s*SCOPE_(\w+),', text)
        tables = len(re.findall(r"^(?:static )?const struct route \w+\[\] = \{$", text, re.MULTILINE))
        assert bool(found) == bool(tables), f"{path.name}: a table of routes that this test cannot read"
        rows += found
    return sorted(set(rows))


def test_the_tables_of_routes_were_found(root):
    named = {path for _, path, _ in routes(root)}
    assert {"/", "/health", "/metrics", "/v1/chat/completions", "/api/chat", "/v1/messages", "/completion",
            "/api/bastide/v1/conversations"} <= named
    tables = re.search(r"tables\[\] = \{(.*?)\};", (root / "src/server/routes.c").read_text(), re.DOTALL).group(1)
    sources = "".join(path.read_text() for path in (root / "src/server").rglob("*.c"))
    for name in re.findall(r"\w+", tables):
        assert re.search(rf"^const struct route {name}\[\] = \{{$", sources, re.MULTILINE), name


def ask(server, method, path, key):
    """A request that does nothing but tell whether it was let in: what is asked for is not there."""
    path = path.replace("*", "nothing-of-that-name")
    headers = bearer(key) | {"Accept": "*/*"}
    return server.request(method, path, None if method == "GET" else {}, headers)


def test_each_route_lets_in_whom_it_should(keyed, root):
    server, keys = keyed
    granted = {"chat": {"CHAT"}, "other": {"CHAT"}, "admin": {"ADMIN"}, "documents": {"DOCUMENTS"}}
    wrong = []
    for method, path, scope in routes(root):
        for role in (None, "wrong", "expired", "revoked", *granted):
            status = ask(server, method, path, keys.get(role, role and "bst_" + 43 * "x")).status
            expected = ("in" if scope == "NONE" else 401 if role not in granted else
                        "in" if scope in granted[role] else 403)
            if (status if status in (401, 403) else "in") != expected:
                wrong.append((method, path, role, status, expected))
    assert not wrong


def test_admin_routes_are_admin(root):
    scopes = {(method, path): scope for method, path, scope in routes(root)}
    for row in (("POST", "/api/pull"), ("DELETE", "/api/delete"), ("GET", "/metrics"), ("GET", "/slots"),
                ("POST", "/slots/*"), ("GET", "/api/bastide/v1/audits/*"), ("POST", "/api/bastide/v1/audits/*")):
        assert scopes[row] == "ADMIN", row
    open_to_all = {path for (_, path), scope in scopes.items() if scope == "NONE"}
    assert open_to_all <= {"/", "/health", "/v1/health", "/page/*", "/c/*", "/dependencies"}, open_to_all


def test_what_is_not_there_tells_nothing_without_a_key(keyed):
    server, keys = keyed
    assert server.get("/nothing").status == 401
    assert server.get("/nothing", bearer(keys["chat"])).status == 404
    assert server.request("PUT", "/v1/models", {}).status == 401
    assert server.request("PUT", "/v1/models", {}, bearer(keys["chat"])).status == 405


# ---- keys --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("headers", [
    {"Authorization": "Bearer {}"}, {"authorization": "bearer {}"}, {"Authorization": "Bearer   {}  "},
    {"x-api-key": "{}"}, {"X-API-Key": " {}"}, {"Authorization": "Basic eDp5", "x-api-key": "{}"},
    {"Authorization": "Bearer {}", "x-api-key": "another"},
])
def test_a_key_is_taken_from_either_header(keyed, headers):
    server, keys = keyed
    filled = {name: value.format(keys["chat"]) for name, value in headers.items()}
    assert server.get("/v1/models", filled).status == 200


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {}x", "Bearer x{}",
                                   "Bearer {} {}", "Bearer " + 20000 * "x"])
def test_what_is_no_key_is_refused(keyed, value):
    server, keys = keyed
    answer = server.get("/v1/models", {"Authorization": value.replace("{}", keys["chat"])})
    assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"


def test_a_key_in_the_query_or_a_cookie_is_none(keyed):
    server, keys = keyed
    assert server.get(f"/v1/models?key={keys['chat']}&api_key={keys['chat']}").status == 401
    assert server.get("/v1/models", {"Cookie": f"key={keys['chat']}"}).status == 401


@pytest.mark.parametrize("path, shape", [
    ("/v1/chat/completions", lambda body: body["error"]["type"] and body["error"]["message"]),
    ("/v1/messages", lambda body: body["error"]["type"] == "authentication_error" and body["type"] == "error"),
    ("/api/chat", lambda body: isinstance(body["error"], str)),
    ("/completion", lambda body: body["error"]["code"] == 401),
])
def test_each_api_tells_in_its_own_form(keyed, path, shape):
    answer = keyed[0].post(path, SMALL)
    assert answer.status == 401 and shape(answer.json)


def test_only_hashes_are_on_the_disk_and_in_the_log(keyed):
    server, keys = keyed
    server.get("/v1/models", bearer(keys["chat"]))
    for path in Path(server.home).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [name for name, key in keys.items() if key.encode()[4:] in content], path
    assert (Path(server.home) / "keys.json").stat().st_mode & 0o777 == 0o600
    assert not [name for name, key in keys.items() if key in server.log]


def test_a_rate_is_kept_and_says_when_to_come_again(keyed):
    server, keys = keyed
    answers = [server.get("/v1/models", bearer(keys["limited"])) for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert 1 <= int(answers[3].headers["retry-after"]) <= 3600
    assert server.get("/health", bearer(keys["limited"])).status == 200
    reload(server)
    assert server.get("/v1/models", bearer(keys["limited"])).status == 429, "a reload forgot the count"
    assert server.get("/v1/models", bearer(keys["chat"])).status == 200


def test_a_new_key_opens_after_a_reload(keyed, add_key):
    server, _ = keyed
    key = add_key(server.home, "late", "--scopes", "chat")
    assert server.get("/v1/models", bearer(key)).status == 401
    reload(server)
    assert server.get("/v1/models", bearer(key)).status == 200
    revoke(server, "late")
    assert server.get("/v1/models", bearer(key)).status == 401


def test_a_broken_file_of_keys_leaves_the_old_ones(keyed):
    server, keys = keyed
    path = Path(server.home) / "keys.json"
    kept = path.read_bytes()
    path.write_bytes(b"[{")
    server.process.send_signal(signal.SIGHUP)
    server.wait_log("keys.json")
    assert server.get("/v1/models", bearer(keys["chat"])).status == 200
    assert server.get("/v1/models").status == 401
    path.write_bytes(kept)
    reload(server)


def test_an_unused_key_does_not_shut_out_who_needs_none(open_server):
    """Programs send some key always, since their libraries demand one."""
    assert open_server.get("/v1/models", bearer("sk-anything")).status == 200


# ---- what is another's -------------------------------------------------------------------------------------

def test_conversations_are_their_owners(keyed):
    server, keys = keyed
    mine, other = bearer(keys["chat"]), bearer(keys["other"])
    top = "/api/bastide/v1/conversations"
    created = server.post(top, {"title": "secret", "messages": MESSAGE}, mine).json
    path = f"{top}/{created['id']}"
    message = server.get(path, mine).json["messages"][0]["id"]
    assert server.get(path, mine).status == 200
    for method, where, body in (
            ("GET", path, None), ("PATCH", path, {"title": "x"}), ("DELETE", path, None),
            ("GET", f"{path}/export?format=md", None), ("GET", f"{path}/export?format=json", None),
            ("POST", f"{path}/messages", {"parent": message, "content": "x"}),
            ("GET", f"/api/bastide/v1/messages/{message}/stream?from=0", None),
            ("POST", f"/api/bastide/v1/messages/{message}/stop", {})):
        absent = server.request(method, where.replace(created["id"], "0" * len(created["id"]))
                                .replace(message, "0" * len(message)), body, other)
        answer = server.request(method, where, body, other)
        assert answer.status == absent.status == 404, (method, where, answer.text)
    for listed in (top, f"{top}?q=secret", f"{top}?q=Hi"):
        assert created["id"] not in server.get(listed, other).text
        assert created["id"] in server.get(listed, mine).text
    assert server.get(path, mine).json["title"] == "secret"


def test_kept_answers_are_their_owners(keyed):
    server, keys = keyed
    answer = server.post("/v1/responses", {"input": "Hi", "max_output_tokens": 2}, bearer(keys["chat"])).json
    path = f"/v1/responses/{answer['id']}"
    assert server.get(path, bearer(keys["chat"])).status == 200
    assert server.get(path, bearer(keys["other"])).status == 404
    assert server.request("DELETE", path, None, bearer(keys["other"])).status == 404
    follow = {"input": "On", "previous_response_id": answer["id"], "max_output_tokens": 2}
    assert server.post("/v1/responses", follow, bearer(keys["other"])).status in (400, 404)
    assert server.post("/v1/responses", follow, bearer(keys["chat"])).status == 200


def test_a_cached_beginning_serves_its_own_key_alone(keyed):
    """Whoever could see that a text is in the cache, by a count or by the time, would know that somebody wrote it."""
    server, keys = keyed
    text = " ".join(f"word{n}" for n in range(150))
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": 1}

    def count():
        text = server.get("/metrics", bearer(keys["admin"])).text
        return float(re.search(r"^bastide_prompt_tokens_total (\S+)$", text, re.MULTILINE).group(1))

    def computed(key):
        before = count()
        usage = server.post("/v1/chat/completions", body, bearer(key)).json["usage"]
        cached = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
        assert count() - before == usage["prompt_tokens"] - cached, "the time tells what the count does not"
        return usage["prompt_tokens"], cached

    total, cached = computed(keys["chat"])
    assert cached < total / 4, "nothing of it was there before"
    assert computed(keys["chat"])[1] > total / 2, "its own key finds it again"
    assert computed(keys["other"])[1] < total / 4, "another key found it"


# ---- Host --------------------------------------------------------------------------------------------------

OWN = socket.gethostname()


@pytest.mark.parametrize("host", [
    "localhost", "LOCALHOST:1", "localhost.", "a.localhost:80", "127.0.0.1", "127.0.0.1:8484", "127.1.2.3", "[::1]",
    "[::1]:8484", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "box.local", "host.docker.internal:8484", "box.example",
    "BOX.EXAMPLE:443", OWN, f"{OWN}:8484", "localhost:",
])
def test_a_host_of_ours_is_served(open_server, host):
    assert status_of(open_server, f"Host: {host}") == 200


@pytest.mark.parametrize("host", [
    "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:8484", "xlocalhost", ".localhost",
    "local", ".local", "a..local", "evil.example#.local", "evil.example/.local", "evil.example?.local", "a@localhost",
    "localhost@evil.example", "localhost:8484@evil.example", "localhost evil.example", "localhost,evil.example", "",
    " ", "[::1", "::1", "[::1]x", "[fe80::1%25lo]", "[::2]", "10.0.0.1", "0.0.0.0", "169.254.169.254", "127.1",
    "0x7f000001", "2130706433", "0177.0.0.1", "localhost:99999", "localhost:-1", "localhost:80:80", "local\xfeost",
    "sub.box.example", "box.example.evil", "%6cocalhost", "localhost\\evil", "x" * 300 + ".local", "xn--evil.example",
])
def test_another_host_is_421(open_server, host):
    assert status_of(open_server, f"Host: {host}") == 421
    assert status_of(open_server, f"Host: {host}", request="POST /v1/chat/completions HTTP/1.1") == 421
    assert status_of(open_server, f"Host: {host}", request="GET / HTTP/1.1") == 421


def test_a_host_is_named_once(open_server):
    assert status_of(open_server) in (400, 421)
    assert status_of(open_server, request="GET /v1/models HTTP/1.0") == 421
    assert status_of(open_server, "Host: localhost", "Host: evil.example") in (400, 421)
    assert status_of(open_server, "Host: evil.example", "Host: localhost") in (400, 421)
    assert status_of(open_server, "Host: localhost", "Host: localhost") in (400, 421)


def test_the_target_of_a_request_is_no_way_around_host(open_server):
    for target in ("http://localhost/v1/models", "//localhost/v1/models", "localhost/v1/models"):
        assert status_of(open_server, "Host: evil.example", request=f"GET {target} HTTP/1.1") in (400, 404, 421)


# ---- Origin ------------------------------------------------------------------------------------------------

def test_our_own_page_may_ask(open_server):
    for host in ("localhost", "127.0.0.1", "box.example"):
        own = f"{host}:{open_server.port}"
        assert status_of(open_server, f"Host: {own}", f"Origin: http://{own}") == 200
    assert status_of(open_server, "Host: box.example", "Origin: http://box.example") == 200
    assert status_of(open_server, "Host: box.example:80", "Origin: http://BOX.example") == 200
    assert status_of(open_server, "Host: localhost") == 200, "programs send no Origin"


@pytest.mark.parametrize("origin", [
    "null", "", "*", "http://evil.example", "https://localhost:{port}", "http://localhost", "http://localhost:1",
    "http://127.0.0.1:{port}", "http://localhost:{port}/", "http://localhost:{port}.evil.example", "file://",
    "http://x@localhost:{port}", "http://localhost:{port} http://evil.example", "localhost:{port}",
    "ws://localhost:{port}",
    "chrome-extension://abcdef", "http://[::1]:{port}", "https://ai.example.evil", "http://ai.example",
    "https://ai.example:444", "https://sub.ai.example", "app://desk2",
])
def test_another_page_is_403(open_server, origin):
    line = "Origin: " + origin.format(port=open_server.port)
    for request in ("GET /v1/models HTTP/1.1", "POST /api/chat HTTP/1.1", "GET / HTTP/1.1", "GET /health HTTP/1.1",
                    "OPTIONS /v1/models HTTP/1.1"):
        assert status_of(open_server, f"Host: localhost:{open_server.port}", line, request=request) == 403


def test_two_origins_are_none(open_server):
    own = f"http://localhost:{open_server.port}"
    assert status_of(open_server, f"Host: localhost:{open_server.port}", f"Origin: {own}", f"Origin: {own}") == 403


@pytest.mark.parametrize("headers, status", [
    ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
    ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
    ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, 200),
    ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 200),
])
def test_a_link_may_lead_here_but_no_picture_or_script(open_server, headers, status):
    assert open_server.get("/v1/models", headers).status == status


def test_a_form_of_another_site_does_nothing(open_server):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate",
               "Content-Type": "application/x-www-form-urlencoded"}
    assert open_server.post("/api/chat", "model=x", headers).status == 403


def test_an_allowed_page_may_ask_and_read(open_server):
    for origin in ("https://ai.example", "https://AI.example:443", "app://desk"):
        answer = open_server.post("/v1/chat/completions", SMALL, {"Origin": origin, "Sec-Fetch-Site": "cross-site"})
        assert answer.status == 200 and answer.headers["access-control-allow-origin"] == origin
        assert "origin" in answer.headers["vary"].lower()
        assert "access-control-allow-credentials" not in answer.headers
    refused = open_server.post("/v1/chat/completions", {}, {"Origin": "https://ai.example"})
    assert refused.status == 400 and refused.headers["access-control-allow-origin"] == "https://ai.example"


def test_a_preflight_is_answered_for_allowed_pages_alone(keyed, open_server):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    answer = open_server.request("OPTIONS", "/v1/chat/completions", None, {"Origin": "https://ai.example"} | asked)
    assert answer.status == 204 and answer.body == b""
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    refused = open_server.request("OPTIONS", "/v1/chat/completions", None, {"Origin": "https://evil.example"} | asked)
    assert refused.status == 403 and "access-control-allow-origin" not in refused.headers
    assert keyed[0].request("OPTIONS", "/v1/models", None, {"Origin": "https://ai.example"} | asked).status == 403


def test_no_answer_names_an_origin_unasked(open_server):
    for headers in ({}, {"Origin": f"http://127.0.0.1:{open_server.port}"}, {"Origin": "https://evil.example"}):
        answer = open_server.get("/v1/models", headers)
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"


# ---- other machines ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_no_door_is_open_to_others_without_a_key(bastide, smollm2, host):
    done = bastide("serve", smollm2, "--port", "0", "--host", host)
    assert done.returncode == 2 and b"bastide key add" in done.stderr and b"--allow-anonymous" in done.stderr


@pytest.mark.parametrize("option", [("--allow-origin", "*"), ("--allow-origin", "null"), ("--allow-host", "http://a"),
                                    ("--allow-origin", "ai.example"), ("--allow-host", "a:80")])
def test_names_that_are_none_are_refused_at_the_start(bastide, smollm2, option):
    assert bastide("serve", smollm2, "--port", "0", *option).returncode == 2


def own_address():
    """An address of this machine that is not loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
            return s.getsockname()[0]
        except OSError:
            return None


def ask_at(address, server, path, headers=None):
    connection = http.client.HTTPConnection(address, server.port, timeout=20 * PATIENCE)
    connection.request("GET", path, None, headers or {})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def test_anonymous_others_get_answers_and_change_nothing(serve, smollm2):
    address = own_address()
    if not address:
        pytest.skip("this machine has no address but loopback")
    server = serve(smollm2, "--host", "0.0.0.0", "--allow-anonymous")
    assert ask_at(address, server, "/v1/models") == 200
    assert ask_at(address, server, "/metrics") == 403
    assert ask_at("127.0.0.1", server, "/metrics") == 200
    assert ask_at("127.0.0.1", server, "/metrics", {"X-Forwarded-For": "10.0.0.9"}) == 403, "a proxy's client"
    assert ask_at(address, server, "/v1/models", {"Host": "10.9.8.7"}) == 421


def test_with_keys_others_need_one(serve, smollm2, add_key, tmp_path):
    address = own_address()
    if not address:
        pytest.skip("this machine has no address but loopback")
    key = add_key(tmp_path, "a")
    server = serve(smollm2, "--host", "0.0.0.0", home=tmp_path)
    for at in (address, "127.0.0.1"):
        assert ask_at(at, server, "/v1/models") == 401
        assert ask_at(at, server, "/v1/models", bearer(key)) == 200
        assert ask_at(at, server, "/health") == 200


# ---- what peers were broken by -----------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "..", ".", "a/../../b",
                                  "file:///etc/passwd", "%2e%2e/x",
                                  "sha256-../../x", "\u0000", "x" * 5000, "https://evil.example/x.gguf"])
@pytest.mark.parametrize("path, field", [("/api/show", "model"), ("/api/pull", "model"), ("/api/chat", "model"),
                                         ("/v1/chat/completions", "model")])
def test_a_models_name_leads_nowhere_else(open_server, path, field, name):
    answer = open_server.post(path, {field: name, "messages": MESSAGE, "stream": False, "max_tokens": 1})
    assert 400 <= answer.status <= 404, answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/..%2f..%2fetc/passwd", "/page/../../../etc/passwd",
                                  "/page/..%2f..%2fsrc", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
                                  "/page//etc/passwd"])
def test_a_path_leads_nowhere_else(open_server, path):
    answer = open_server.get(path)
    assert answer.status in (400, 404) and "root:" not in answer.text


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/b", "..", "", "x\u0000y", "x" * 300])
def test_a_slots_file_leads_nowhere_else(keyed, name):
    server, keys = keyed
    for action in ("save", "restore"):
        answer = server.post(f"/slots/0?action={action}", {"filename": name}, bearer(keys["admin"]))
        assert 400 <= answer.status <= 404, answer.text
    assert not list(Path(server.home).rglob("passwd"))


@pytest.mark.parametrize("field, value", [
    ("n_predict", -5), ("n_discard", -2**31), ("n_keep", -2**63), ("top_k", -5), ("top_k", 2**40),
    ("n_probs", -1), ("n_probs", 10**9), ("id_slot", 10**9), ("id_slot", -7), ("repeat_last_n", 2**40),
    ("temperature", -1), ("temperature", 1e308), ("seed", -2**63), ("t_max_predict_ms", -5), ("min_keep", -1),
])
def test_no_number_of_a_request_breaks_the_server(open_server, field, value):
    body = {"prompt": "Hi", "n_predict": 1} | {field: value}
    assert open_server.post("/completion", body).status in (200, 400)
    assert open_server.get("/health").status == 200


# ---- TLS ---------------------------------------------------------------------------------------------------

def secure(server, certificate, host="localhost", **options):
    context = ssl.create_default_context(cafile=str(certificate))
    for name, value in options.items():
        setattr(context, name, value)
    connection = http.client.HTTPSConnection(host, server.port, context=context, timeout=20 * PATIENCE)
    connection.connect()
    return connection


def get_health(connection):
    connection.request("GET", "/health")
    response = connection.getresponse()
    return response.status, response.read()


def test_a_certificate_is_made_on_first_use_and_stays(serve, smollm2, tmp_path):
    prints = []
    for _ in range(2):
        server = serve(smollm2, "--tls", "auto", home=tmp_path)
        assert server.url.startswith("https://")
        for host in ("localhost", "127.0.0.1"):
            connection = secure(server, tmp_path / "tls/certificate.pem", host)
            assert get_health(connection) == (200, b'{"status":"ok"}')
            own = f"https://{host}:{server.port}"
            connection.request("GET", "/v1/models", headers={"Origin": own})
            assert connection.getresponse().status == 200
        prints.append(re.search(r"SHA-256 ([0-9A-F:]{95})", server.log).group(1))
        assert server.stop() == 0
    assert prints[0] == prints[1]
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "tls").iterdir()} == {
        "server.pem": 0o600, "certificate.pem": 0o600}


def test_old_versions_of_tls_are_refused(serve, smollm2, tmp_path):
    server = serve(smollm2, "--tls", "auto", home=tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", server.port)) as s, pytest.raises((ssl.SSLError, OSError)):
        context.wrap_socket(s)
    assert b"200" not in server.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", timeout=2), "plain HTTP"
    assert get_health(secure(server, tmp_path / "tls/certificate.pem"))[0] == 200


def test_a_certificate_is_replaced_without_a_connection_lost(serve, smollm2, tmp_path):
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        other = serve(smollm2, "--tls", "auto", home=tmp_path / name)
        made.append((tmp_path / name / "tls/server.pem").read_bytes())
        other.stop()
    (tmp_path / "home").mkdir()
    used = tmp_path / "used.pem"
    used.write_bytes(made[0])
    server = serve(smollm2, "--tls-cert", used, "--tls-key", used, home=tmp_path / "home")
    old = secure(server, used)
    assert get_health(old)[0] == 200
    fresh = tmp_path / "fresh.pem"
    fresh.write_bytes(made[1])
    fresh.rename(used)
    reload(server)
    new = secure(server, used)
    assert get_health(new)[0] == 200 and get_health(old)[0] == 200
    assert new.sock.getpeercert(True) != old.sock.getpeercert(True)
    used.write_bytes(b"nonsense")
    server.process.send_signal(signal.SIGHUP)
    server.wait_log("used.pem")
    assert get_health(new)[0] == 200


def test_what_is_no_certificate_stops_the_start(bastide, smollm2, serve, tmp_path):
    pairs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        serve(smollm2, "--tls", "auto", home=tmp_path / name).stop()
        pairs.append(tmp_path / name / "tls/server.pem")
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"")
    for certificate, key in ((empty, pairs[0]), (pairs[0], empty), (pairs[0], pairs[1]), (pairs[0], tmp_path / "no")):
        done = bastide("serve", smollm2, "--port", "0", "--tls-cert", certificate, "--tls-key", key)
        assert done.returncode == 3, done.stderr
