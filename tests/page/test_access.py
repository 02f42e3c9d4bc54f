"""The page for everyone: by keyboard alone, with a screen reader, in French, on a phone, in the dark."""
import re

import pytest

pytestmark = pytest.mark.slow

# The contrast of each visible text with what lies behind it, by WCAG 2.1 (1.4.3): [ratio, text] below what is needed.
CONTRAST = """() => {
  const parse = (colour) => { const c = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    c.fillStyle = colour; c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92
    : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (node) => { for (; node; node = node.parentElement) {
    const colour = parse(getComputedStyle(node).backgroundColor); if (colour[3] > 250) return colour; }
    return parse(getComputedStyle(document.body).backgroundColor); };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, style = getComputedStyle(node);
    if (!walker.currentNode.data.trim() || !node.checkVisibility({ opacityProperty: true, visibilityProperty: true })
        || node.closest(".hidden-text, noscript, option, .skip, :disabled")) continue;
    const a = light(parse(style.color)), b = light(behind(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) bad.push([ratio.toFixed(2), walker.currentNode.data.trim().slice(0, 40)]);
  }
  return bad;
}"""

EVERYTHING = """# Title

Text with `code`, [a link](https://example.org) and $x^2$.

> a quote

| a | b |
|---|---|
| 1 | 2 |

```python
# a comment
def f(x: int): return "text" if x else 12
```
"""


def unnamed(page):
    """Controls without a name for who does not see them."""
    return page.evaluate("""() => [...document.querySelectorAll("button, input, textarea, select, a, dialog")]
        .filter((node) => node.checkVisibility() && !(node.getAttribute("aria-label") || node.textContent.trim()
            || node.labels?.length || node.getAttribute("aria-labelledby") || node.type === "checkbox"))
        .map((node) => node.outerHTML)""")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(fake, visit, talk, scheme):
    fake.answer = lambda prompt: [EVERYTHING]
    fake.failures.append(("PATCH", "conversations", 507, "it needs 12 GB, 3 GB are free"))
    page = visit(fake, color_scheme=scheme)
    assert not page.evaluate(CONTRAST)
    talk(page).ask("Show me")
    page.wait_for_selector("math, .hl-k")
    assert not page.evaluate(CONTRAST)
    page.get_by_role("button", name="Settings").click()
    assert not page.evaluate(CONTRAST)


def test_dark_by_the_system_and_by_choice(fake, visit):
    background = "() => getComputedStyle(document.body).backgroundColor"
    page = visit(fake, color_scheme="dark")
    dark = page.evaluate(background)
    page.get_by_role("button", name=re.compile("^Colours")).click()
    light = page.evaluate(background)
    assert dark != light
    page.reload()
    assert page.evaluate(background) == light
    page.get_by_role("button", name=re.compile("^Colours: light")).click()
    assert page.evaluate(background) == dark


def test_by_keyboard_alone(fake, visit, talk):
    """Write, send, copy, branch, rename: nothing but keys; the focus can always be seen and is never lost."""
    page = visit(fake)
    chat = talk(page)
    page.keyboard.type("Hello there")
    page.keyboard.press("Enter")
    chat.finished()
    assert page.evaluate("() => document.activeElement.id") == "message"
    page.keyboard.press("Shift+Tab")
    seen = set()
    for _ in range(40):
        seen.add(page.evaluate("() => document.activeElement.getAttribute('aria-label') ?? ''"))
        outline = page.evaluate("""() => { const s = getComputedStyle(document.activeElement);
            return document.activeElement === document.body || s.outlineStyle !== "none"
              || document.activeElement.closest(".search, #composer") !== null; }""")
        assert outline, page.evaluate("() => document.activeElement.outerHTML")
        page.keyboard.press("Shift+Tab")
    assert {"Copy", "Regenerate", "Continue", "Edit", "Model", "Settings", "Search conversations"} <= seen
    page.get_by_role("button", name="Actions for “Hello there”").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("() => document.activeElement.textContent") == "Rename"
    page.keyboard.press("Enter")
    page.keyboard.type("Greetings")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Greetings").wait_for()
    page.get_by_role("button", name="Actions for “Greetings”").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.evaluate("() => document.activeElement.getAttribute('aria-label')") == "Actions for “Greetings”"


def test_the_skip_link_comes_first(fake, visit):
    page = visit(fake)
    first = page.evaluate("() => document.querySelector('a[href], button, input, textarea, select').textContent")
    assert first == "Skip to the message"
    page.locator(".skip").focus()
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "message"


def test_everything_has_a_name_and_its_place(fake, visit, talk):
    page = visit(fake)
    talk(page).ask("Hello")
    assert not unnamed(page)
    page.get_by_role("button", name="Settings").click()
    assert not unnamed(page)
    page.keyboard.press("Escape")
    assert page.get_by_role("main").count() == 1
    for name in ("Sections", "Conversations"):
        assert page.get_by_role("navigation", name=name).is_visible()
    coming = page.get_by_role("navigation", name="Sections")
    for name in ("Documents", "Backups", "Dependencies", "Strategy", "Approvals"):
        assert name in coming.inner_text()
    assert coming.get_by_role("link").all_inner_texts() == ["Chat", "Dependencies"]


def test_a_finished_answer_is_announced_once(fake, visit, talk):
    fake.answer, fake.gap = lambda prompt: [f"word{number} " for number in range(50)], 0.01
    page = visit(fake)
    page.evaluate("""() => { window.said = [];
      for (const region of document.querySelectorAll("[aria-live=polite], [role=status], [role=alert]"))
        new MutationObserver(() => region.textContent && window.said.push(region.textContent))
          .observe(region, { childList: true, subtree: true, characterData: true }); }""")
    talk(page).ask("Count")
    said = page.evaluate("() => window.said")
    assert len(said) == 1 and said[0].startswith("Answer finished. word0 word1")


@pytest.mark.parametrize("how", ["?lang=fr", "Accept-Language", "switch"])
def test_in_french(fake, visit, talk, how):
    page = visit(fake, "/" + how if how[0] == "?" else "/", locale="fr-FR" if how == "Accept-Language" else "en-GB")
    if how == "switch":
        page.get_by_role("button", name="Français").click()
    page.get_by_role("textbox", name="Message").wait_for()
    assert page.evaluate("() => document.documentElement.lang") == "fr"
    for name in ("Envoyer", "Nouvelle conversation", "Réglages"):
        assert page.get_by_role("button", name=name).is_visible()
    assert page.get_by_role("combobox", name="Modèle").is_visible()
    assert page.get_by_role("searchbox", name="Rechercher dans les conversations").is_visible()
    chat = talk(page)
    chat.ask("Bonjour")
    for name in ("Copier", "Régénérer", "Continuer", "Modifier"):
        assert page.get_by_role("button", name=name, exact=True).count() == 1
    assert "48 tokens/s" in chat.answers.last.inner_text()


def test_lang_wins_over_the_browsers_language(fake, visit):
    page = visit(fake, "/?lang=en", locale="fr-FR")
    assert page.evaluate("() => document.documentElement.lang") == "en"
    assert page.get_by_role("button", name="Send").is_visible()


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280, 2560])
def test_it_fits_every_width(fake, visit, talk, width, lang):
    """Nothing sticks out, even of a wide table, long code and a long word; the navigation can be reached."""
    fake.answer = lambda prompt: [EVERYTHING, "\n```\n", "x" * 500, "\n```\n", "w" * 300, "\n\n|" + "column|" * 20,
                                  "\n|" + "-|" * 20, "\n|" + "value|" * 20, "\n\n$$" + "x+" * 200 + "x$$"]
    page = visit(fake, f"/?lang={lang}", width=width, height=700)
    chat = talk(page)
    chat.ask("A" * 200)
    wide = page.evaluate("""() => [...document.querySelectorAll("#main, #main *")].filter((node) =>
        node.checkVisibility() && !node.closest(".hidden-text, pre, .table, .formula, svg, math")
        && node.getBoundingClientRect().right > innerWidth + 1).map((node) => node.outerHTML.slice(0, 80))""")
    assert not wide
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    if width < 800:
        page.get_by_role("button", name="Menu", exact=True).click()
    page.get_by_role("button", name={"en": "New chat", "fr": "Nouvelle conversation"}[lang]).click()
    page.wait_for_selector(".welcome")
    box = page.locator("#composer").bounding_box()
    assert box["y"] + box["height"] <= 700 and box["x"] >= 0 and box["x"] + box["width"] <= width


def test_motion_is_reduced_on_request(fake, visit, talk):
    fake.answer, fake.gap = lambda prompt: ["a"] * 100, 0.02
    page = visit(fake, reduced_motion="reduce")
    talk(page).say("Go")
    page.wait_for_selector(".dots i")
    assert page.evaluate("""() => document.getAnimations().filter((one) => one.playState === "running"
        && one.effect.getTiming().duration > 1).length""") == 0
