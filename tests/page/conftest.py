"""A browser for tests of the page, and two servers to point it at: the real one, and one that does as it is told.

    def test_x(fake, visit):
        page = visit(fake)                       # or visit(fake, "/c/ID", width=320, lang="fr")
        page.get_by_role("textbox", name="Message").fill("Hello")

Every page that was visited must end without an error in the console, without a request to another origin and without a
violation of its policy: that is checked after each test; a test that provokes one says so with `page.expected`.
"""
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import fake as fake_server  # noqa: E402
from running import PATIENCE  # noqa: E402

CHROMIUM = "/usr/bin/chromium"

REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("policy violated: " + event.violatedDirective + " " + event.blockedURI + " " + event.sample));
"""


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not os.path.exists(CHROMIUM):
        pytest.skip(f"{CHROMIUM} is not installed")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def fake():
    server = fake_server.start()
    server.fake.url = f"http://127.0.0.1:{server.server_port}"
    yield server.fake
    server.shutdown()
    server.server_close()


def watch(page, url, faults):
    """Notes whatever a good page never does."""
    page.expected = []
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("console", lambda message: message.type in ("error", "warning") and faults.append((page, message.text)))
    page.on("request", lambda request: request.url.startswith((url, "blob:", "data:")) or faults.append(
        f"a request to {request.url}"))


@pytest.fixture
def visit(browser):
    """visit(server, path="/", width=1280, height=800, context=None, ready=SELECTOR, ...) opens a page and waits for
    what ready finds; more goes to the context."""
    contexts, faults = [], []

    def open_page(server, path="/", width=1280, height=800, context=None, ready="#message[aria-label]", **more):
        if context is None:
            context = browser.new_context(viewport={"width": width, "height": height}, **{"locale": "en-GB", **more})
            context.set_default_timeout(10_000 * PATIENCE)
            context.add_init_script(REPORT_VIOLATIONS)
            contexts.append(context)
        page = context.new_page()
        watch(page, server.url, faults)
        page.goto(server.url + path)
        page.wait_for_selector(ready)
        return page

    yield open_page
    wrong = [fault if isinstance(fault, str) else fault[1] for fault in faults
             if isinstance(fault, str) or not any(part in fault[1] for part in fault[0].expected)]
    for context in contexts:
        context.close()
    assert not wrong, wrong


class Talk:
    """A page as a person uses it, by roles and names."""

    def __init__(self, page):
        self.page = page
        self.box = page.get_by_role("textbox", name="Message")
        self.answers = page.locator('article[data-role="assistant"]')
        self.questions = page.locator('article[data-role="user"]')

    def button(self, name, exact=True):
        return self.page.get_by_role("button", name=name, exact=exact)

    def say(self, text):
        self.box.fill(text)
        self.box.press("Enter")

    def ask(self, text):
        """Says it and waits for the whole answer; returns its text."""
        before = self.answers.last.get_attribute("data-id") if self.answers.count() else None
        self.say(text)
        self.page.wait_for_function("""before => { const last = [...document.querySelectorAll("article")].at(-1);
            return last?.dataset.role === "assistant" && last.dataset.id !== before }""", arg=before)
        return self.finished()

    def finished(self):
        """Waits until nothing is being written; returns the text of the last answer."""
        self.page.wait_for_function("""() => document.querySelector('article[data-role="assistant"]')
            && !document.querySelector('.waiting, [data-state="streaming"]')""", timeout=60_000 * PATIENCE)
        return self.answers.last.locator(".body").inner_text()


@pytest.fixture
def talk():
    return Talk
