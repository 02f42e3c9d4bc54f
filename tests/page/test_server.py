"""The page from the program itself, with a real model: what is served, and a whole conversation."""
import gzip
import http.client
import re
import threading

import pytest

KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".webmanifest": "application/manifest"}
POLICY = ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "font-src 'self'",
          "manifest-src 'self'", "img-src 'self' data: blob:", "base-uri 'none'", "form-action 'none'",
          "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"]
KILOBYTE = 1024


@pytest.fixture(scope="module")
def server(serve, smollm2):
    return serve(smollm2)


def page_of(server, **headers):
    return server.get("/", {"Accept": "text/html,*/*", **{name.replace("_", "-"): value
                                                          for name, value in headers.items()}})


def files_of(server):
    """Paths of all files: those that the page names, and those that modules name."""
    text = page_of(server).text
    folder = re.search(r'(/page/[0-9a-f]{16}/)main\.js', text).group(1)
    found, ahead = set(), [name.removeprefix(folder) for name in re.findall(r'(?:href|src)="(/page/[^"]+)"', text)]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            if name.endswith((".js", ".css", ".webmanifest")):
                ahead += re.findall(r'(?:from |import\()"\./([\w.]+)"', server.get(folder + name).text)
                ahead += re.findall(r'url\("([\w.-]+)"\)', server.get(folder + name).text)
    return [folder + name for name in sorted(found)]


# ---- what is served --------------------------------------------------------------------------------------------------


def test_html_only_for_who_names_it(server):
    assert page_of(server).headers["content-type"] == "text/html; charset=utf-8"
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "text/html;q=0"}):
        answer = server.get("/", headers)
        assert (answer.status, answer.text) == (200, "Ollama is running")
    head = server.request("HEAD", "/", None, {"Accept": "text/html"})
    assert head.status == 200 and not head.body


def test_the_policy_is_strict_and_the_page_needs_nothing_else(server):
    answer = page_of(server)
    assert [part.strip() for part in answer.headers["content-security-policy"].split(";")] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]* src=)|https?://", answer.text)


def test_files_are_kept_for_ever_and_the_page_is_asked_for_again(server):
    page = page_of(server)
    assert page.headers["cache-control"] == "no-cache"
    again = page_of(server, If_None_Match=page.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    for path in files_of(server):
        answer = server.get(path)
        assert answer.status == 200, path
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"].startswith(KINDS["." + path.rsplit(".", 1)[1]])


def test_files_travel_packed_if_the_client_unpacks(server):
    path = next(path for path in files_of(server) if path.endswith("words.js"))
    plain = server.get(path)
    assert "content-encoding" not in plain.headers
    for accepted in ("gzip", "br, gzip;q=0.5", "GZIP"):
        packed = server.get(path, {"Accept-Encoding": accepted})
        assert packed.headers["content-encoding"] == "gzip" and gzip.decompress(packed.body) == plain.body
        assert packed.headers["etag"] == plain.headers["etag"]
    for refused in ("br", "gzip;q=0", "x-gzip-not"):
        assert "content-encoding" not in server.get(path, {"Accept-Encoding": refused}).headers


@pytest.mark.parametrize("query, accepted, language", [
    ("", None, "en"), ("", "fr-FR,fr;q=0.9,en;q=0.8", "fr"), ("", "de,fr;q=0.5", "fr"), ("", "en-US", "en"),
    ("?lang=fr", "en", "fr"), ("?lang=en", "fr", "en"), ("?lang=xx", "fr", "fr"), ("?lang=", None, "en")])
def test_the_language_stands_in_the_page(server, query, accepted, language):
    headers = {"Accept": "text/html"} | ({"Accept-Language": accepted} if accepted else {})
    assert f'<html lang="{language}">' in server.get("/" + query, headers).text


@pytest.mark.parametrize("path", ["/page/", "/page/x", "/page/../en", "/page/%2e%2e/x", "/en", "/fr", "/c/", "/page//",
                                  "/page/0000000000000000/main.js"])
def test_there_is_nothing_else(server, path):
    assert server.get(path, {"Accept": "text/html"}).status == 404


def test_the_page_is_small(server):
    """At most 60 KB over the wire and 200 KB raw for the first load, 300 KB with formulas and colours."""
    packed, raw = {}, {}
    for path in ["/", *files_of(server)]:
        answer = server.get(path, {"Accept": "text/html", "Accept-Encoding": "gzip"})
        packed[path], raw[path] = len(answer.body), len(gzip.decompress(answer.body))
    later = [path for path in packed if path.endswith(("math.js", "highlight.js"))]
    assert len(later) == 2
    first_packed, first_raw = (sum(size for path, size in sizes.items() if path not in later)
                               for sizes in (packed, raw))
    print(f"first load {first_packed} bytes packed, {first_raw} raw; all {sum(packed.values())} packed")
    assert first_packed <= 60 * KILOBYTE and first_raw <= 200 * KILOBYTE
    assert sum(packed.values()) <= 300 * KILOBYTE


def test_without_a_page_there_is_none(serve, smollm2):
    server = serve(smollm2, "--no-page")
    assert page_of(server).text == "Ollama is running"
    for path in ("/c/abc", "/api/bastide/v1/conversations"):
        assert server.get(path, {"Accept": "text/html"}).status == 404


# ---- used ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_whole_conversation_with_a_real_model(server, visit, talk):
    page = visit(server)
    chat = talk(page)
    first = chat.ask("Name three rivers of France.")
    assert first and chat.answers.last.get_attribute("data-state") == "done"
    assert re.search(r"[\d.]+ tokens/s", chat.answers.last.inner_text())
    assert re.search(r"Context \d+\s?%", chat.answers.last.inner_text())
    page.get_by_role("button", name="Regenerate").click()
    page.get_by_text("2/2").wait_for()
    chat.finished()
    with page.expect_response(re.compile("/messages$")) as gone_on:
        page.get_by_role("button", name="Continue").click()
    assert gone_on.value.status == 201
    chat.finished()
    chat.questions.first.get_by_role("button", name="Edit").click()
    chat.ask("Name three rivers of Spain.")
    assert "2/2" in chat.questions.first.inner_text()
    page.reload()
    page.wait_for_selector("article")
    assert "Spain" in chat.questions.first.inner_text()
    assert page.get_by_role("link", name="Name three rivers of France.").is_visible()


@pytest.mark.slow
def test_stop_and_reload_with_a_real_model(server, visit, talk):
    page = visit(server)
    chat = talk(page)
    chat.say("Write a very long story about a castle, with many details.")
    page.wait_for_function("() => document.querySelector('[data-role=assistant] .body')?.innerText.length > 40")
    page.reload()
    page.wait_for_selector('article[data-role="assistant"]')
    chat.button("Stop").click()
    said = chat.finished()
    state = chat.answers.last.get_attribute("data-state")
    assert state == "stopped" and said
    conversation = server.get("/api/bastide/v1/conversations/" + page.url.rsplit("/", 1)[1]).json
    stored = conversation["messages"][-1]
    assert stored["state"] == "stopped"
    assert re.sub(r"\W", "", stored["content"]) == re.sub(r"\W", "", said)


@pytest.mark.slow
def test_two_tabs_and_two_browsers_see_the_same(server, visit, talk):
    one = visit(server)
    first = talk(one)
    first.say("Count from one to forty in words.")
    one.wait_for_url(re.compile(r"/c/\w+"))
    path = one.url.removeprefix(server.url)
    second, elsewhere = talk(visit(server, path, context=one.context)), talk(visit(server, path))
    assert first.finished() == second.finished() == elsewhere.finished()


@pytest.mark.slow
def test_a_key_opens_the_page(serve, smollm2, visit, talk, bastide, environment, tmp_path):
    home = tmp_path / "home"
    made = bastide("key", "add", "anna", "--scopes", "chat", "--json", env={"BASTIDE_HOME": str(home)})
    assert made.returncode == 0, made.stderr
    key = re.search(rb'"key":\s*"(bst_[^"]+)"', made.stdout).group(1).decode()
    page = visit(serve(smollm2, home=home))
    page.expected = ["Failed to load resource"]
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Unlock").click()
    assert talk(page).ask("Say hello.")


def test_many_ask_for_the_page_at_once(server):
    """A browser opens several connections; twenty browsers open many."""
    paths, wrong = files_of(server), []

    def fetch():
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        for path in paths:
            connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
            response = connection.getresponse()
            body = response.read()
            if response.status != 200 or len(body) != int(response.headers["Content-Length"]):
                wrong.append((path, response.status))
        connection.close()

    threads = [threading.Thread(target=fetch) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
