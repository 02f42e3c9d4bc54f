"""The room Dependencies: the report on the page, its filters, waivers and notes."""
import json
import subprocess

import pytest

READY = "#room:not([hidden])"


@pytest.fixture(scope="session")
def report(binary):
    """report(services): a result as the program writes it."""
    def make(services):
        words = [binary.parent / "tests/result_sample", "json", str(services)]
        return json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True, timeout=60).stdout)
    return make


@pytest.fixture
def room(fake, visit, report):
    """room(services=40, ...) opens the page with such a report; more goes to visit."""
    def enter(services=40, title="shop", state="done", **more):
        fake.audits.append({"title": title, "state": state, "version": 1, "report": report(services),
                            "kept": {"waivers": [], "notes": []}})
        page = visit(fake, "/dependencies", ready=READY, **more)
        page.wait_for_selector(".sentence")
        return page
    return enter


def services(page):
    return page.locator(".service strong").all_inner_texts()


def test_without_a_folder_the_room_says_how_to_name_one(fake, visit):
    page = visit(fake, "/dependencies", ready=".explained")
    assert "bastide serve --audit PATH" in page.locator("#room").inner_text()
    assert page.locator(".service").count() == 0 and page.locator("#message").is_hidden()


def test_a_key_without_that_right_is_told(fake, visit):
    fake.failures.append(("GET", "audits", 403, "this key may not administer"))
    page = visit(fake, "/dependencies", ready=".explained")
    page.expected.append("403")
    assert "--scopes admin" in page.locator("#room").inner_text()


def test_the_sentence_and_the_services_are_shown(room):
    page = room()
    assert page.locator(".sentence").inner_text().startswith("11 of 20 providers are under the law of the United")
    assert len(services(page)) == 44
    assert "44 services in 83 places" in page.locator("#room").inner_text()


def test_the_room_is_entered_and_left_by_links_and_by_the_history(fake, visit, report):
    fake.audits.append({"title": "shop", "state": "done", "version": 1, "report": report(3),
                        "kept": {"waivers": [], "notes": []}})
    page = visit(fake)
    page.get_by_role("link", name="Dependencies").click()
    page.wait_for_selector(".sentence")
    assert page.url.endswith("/dependencies") and page.title().startswith("Dependencies")
    page.go_back()
    page.wait_for_selector("#message:visible")
    page.go_forward()
    page.wait_for_selector(".sentence")
    page.get_by_role("link", name="Chat", exact=True).click()
    page.wait_for_selector("#message:visible")
    assert page.locator("#room").is_hidden()


@pytest.mark.parametrize("name, choice, count", [
    ("Any owner", "Maison Dupont SAS", 6), ("Any level", "note", 3), ("Any law", "National Intelligence Law", 6),
    ("Any provider", "Provider 3", 2), ("Any category", "chat", 6), ("Any evidence", "declared", 40),
])
def test_filters_leave_what_fits(room, name, choice, count):
    page = room()
    page.get_by_label(name, exact=True).select_option(choice)
    page.wait_for_function("count => document.querySelectorAll('.service').length === count", arg=count)
    page.get_by_role("button", name="Clear filters").click()
    page.wait_for_function("() => document.querySelectorAll('.service').length === 44")


def test_words_filter_files_and_texts(room):
    page = room()
    page.get_by_label("Service, file or text").fill("main.py unknown-2")
    page.wait_for_function("() => document.querySelectorAll('.service').length === 1")
    page.get_by_label("Service, file or text").fill("nothing like it")
    page.wait_for_function("() => document.querySelectorAll('.service').length === 0")


def test_a_service_is_waived_in_two_clicks(room, fake):
    page = room()
    page.locator(".toggle").first.click()
    page.locator(".details").get_by_role("button", name="Waive").first.click()
    page.get_by_label("Reason").fill("moving in spring")
    page.get_by_label("Until").fill("2027-04-30")
    page.get_by_role("dialog").get_by_role("button", name="Waive").click()
    page.wait_for_selector(".kept")
    entry, = fake.audits[0]["kept"]["waivers"]
    assert entry["reason"] == "moving in spring" and entry["expires"] == "2027-04-30"
    assert entry["service"].startswith("service-") and entry["file"].startswith("deploy/")
    page.locator(".kept").get_by_role("button", name="Delete: moving in spring").click()
    page.wait_for_selector(".kept", state="detached")
    assert fake.audits[0]["kept"]["waivers"] == []


def test_a_note_is_kept_and_copied_as_yaml(room, fake):
    page = room()
    page.evaluate("document.execCommand = (command) => { window.copied = document.activeElement.value; return true; }")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.locator(".service").first.get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Add a note").click()
    page.get_by_label("Note", exact=True).fill('ask "Nadia"')
    page.get_by_role("button", name="Keep").click()
    page.wait_for_selector(".kept")
    page.get_by_role("button", name="Copy as YAML").click()
    page.wait_for_function("() => window.copied")
    assert page.evaluate("window.copied") == ('notes:\n  - service: "service-025"\n    note: "ask \\"Nadia\\""\n'
                                              ).replace("service-025", fake.audits[0]["kept"]["notes"][0]["service"])


def test_progress_is_shown_and_the_result_comes_by_itself(room, fake, report):
    page = room(3)
    fake.audits[0]["state"] = "reading"
    page.get_by_role("button", name="Read again").click()
    page.wait_for_selector("progress")
    fake.audits[0].update(state="done", version=9, report=report(12))
    page.wait_for_function("() => document.querySelectorAll('.service').length === 13")
    assert page.locator("progress").count() == 0


def test_of_several_folders_one_is_chosen(room, fake, report):
    fake.audits.append({"title": "first", "state": "done", "version": 1, "report": report(3),
                        "kept": {"waivers": [], "notes": []}})
    page = room(12, title="second")
    assert len(services(page)) == 3
    page.get_by_label("Folder").select_option("second")
    page.wait_for_function("() => document.querySelectorAll('.service').length === 13")


def test_it_is_spoken_in_french(room):
    page = room(locale="fr-FR")
    assert page.locator(".sentence").inner_text().startswith("11 prestataires sur 20 relèvent d’un même droit : États")
    assert page.get_by_label("Toute loi").count() == 1


@pytest.mark.parametrize("width, scheme", [(320, "light"), (1280, "dark")])
def test_nothing_is_wider_than_the_page(room, width, scheme):
    page = room(width=width, color_scheme=scheme)
    page.locator(".toggle").first.click()
    page.wait_for_selector(".details")
    assert page.evaluate("""() => document.documentElement.scrollWidth <= innerWidth
        && document.getElementById("room").scrollWidth <= document.getElementById("room").clientWidth""")


def test_it_is_used_by_keyboard(room):
    page = room()
    page.locator(".toggle").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".details")
    assert page.evaluate("document.activeElement.className") == "toggle"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=menu]")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.role") == "menu"


def test_four_thousand_services_stay_quick(room):
    page = room(4000)
    assert page.locator(".service").count() == 100
    took = page.evaluate("""async () => {
        const field = document.querySelector(".filters input"), began = performance.now();
        field.value = "s39";
        field.dispatchEvent(new Event("input"));
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        return performance.now() - began; }""")
    assert took < 1000


def test_a_server_that_was_away_is_found_again(room, fake, report):
    page = room(3)
    page.expected.append("Failed to load resource")
    page.route("**/api/bastide/v1/audits*", lambda route: route.abort())
    page.get_by_role("button", name="Read again").click()
    page.wait_for_selector("#notice p")
    fake.audits[0].update(version=9, report=report(12))
    page.unroute("**/api/bastide/v1/audits*")
    page.wait_for_function("() => document.querySelectorAll('.service').length === 13")
    assert page.locator("#notice p").count() == 0
