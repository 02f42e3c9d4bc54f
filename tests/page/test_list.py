"""The conversations on the page: found, pinned, renamed, deleted, taken out as files and in again."""
import json
import re

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def listed(fake, visit):
    for title in ("Budget for spring", "Letter to the mayor", "Soup recipes"):
        fake.conversation(title, [("user", f"About {title}"), ("assistant", f"Yes, {title}.")])
    page = visit(fake)
    page.get_by_role("link", name="Soup recipes").wait_for()
    return page


def titles(page):
    return page.get_by_role("navigation", name="Conversations").get_by_role("link").all_inner_texts()


def act(page, title, action):
    page.get_by_role("button", name=f"Actions for “{title}”").click()
    page.get_by_role("menuitem", name=action, exact=True).click()


def wait_titles(page, expected):
    page.wait_for_function("""expected => JSON.stringify([...document.querySelectorAll(".list .title")]
        .map((link) => link.textContent)) === expected""", arg=json.dumps(expected, separators=(",", ":")))


def test_the_newest_stand_first_and_open_with_a_click(listed):
    assert titles(listed) == ["Soup recipes", "Letter to the mayor", "Budget for spring"]
    listed.get_by_role("link", name="Letter to the mayor").click()
    listed.wait_for_url(re.compile(r"/c/\w+"))
    listed.get_by_text("Yes, Letter to the mayor.").wait_for()


def test_search_finds_in_titles_and_messages(listed):
    box = listed.get_by_role("searchbox", name="Search conversations")
    box.fill("mayor")
    wait_titles(listed, ["Letter to the mayor"])
    box.fill("about soup")
    wait_titles(listed, ["Soup recipes"])
    box.fill("nothing like it")
    listed.get_by_text("Nothing found.").wait_for()
    box.fill("")
    wait_titles(listed, ["Soup recipes", "Letter to the mayor", "Budget for spring"])


def test_pinned_ones_stand_above(listed):
    act(listed, "Budget for spring", "Pin")
    wait_titles(listed, ["Budget for spring", "Soup recipes", "Letter to the mayor"])
    assert listed.get_by_role("heading", name="Pinned").is_visible()
    act(listed, "Budget for spring", "Unpin")
    wait_titles(listed, ["Soup recipes", "Letter to the mayor", "Budget for spring"])


def test_rename(listed):
    act(listed, "Soup recipes", "Rename")
    field = listed.get_by_role("textbox", name="Title")
    field.fill("Winter soups")
    field.press("Enter")
    wait_titles(listed, ["Winter soups", "Letter to the mayor", "Budget for spring"])
    act(listed, "Winter soups", "Rename")
    field.fill("Not this")
    field.press("Escape")
    wait_titles(listed, ["Winter soups", "Letter to the mayor", "Budget for spring"])


def test_delete_asks_first(listed, fake):
    listed.get_by_role("link", name="Soup recipes").click()
    listed.get_by_text("Yes, Soup recipes.").wait_for()
    act(listed, "Soup recipes", "Delete")
    listed.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert len(fake.conversations) == 3
    act(listed, "Soup recipes", "Delete")
    listed.get_by_role("dialog").get_by_role("button", name="Delete").click()
    wait_titles(listed, ["Letter to the mayor", "Budget for spring"])
    assert listed.locator("article").count() == 0 and listed.url.endswith("/")


@pytest.mark.parametrize("action, suffix, begins", [("Export as Markdown", ".md", "# Soup recipes"),
                                                    ("Export as JSON", ".json", "{")])
def test_one_conversation_as_a_file(listed, tmp_path, action, suffix, begins):
    with listed.expect_download() as download:
        act(listed, "Soup recipes", action)
    assert download.value.suggested_filename == "Soup-recipes" + suffix
    download.value.save_as(tmp_path / "file")
    assert (tmp_path / "file").read_text().startswith(begins)


def test_all_conversations_go_out_and_come_in_again(listed, fake, tmp_path):
    with listed.expect_download() as download:
        listed.get_by_role("button", name="More", exact=True).click()
        listed.get_by_role("menuitem", name="Export all as JSON").click()
    download.value.save_as(tmp_path / "all.json")
    fake.conversations.clear()
    listed.reload()
    listed.get_by_text("Your conversations will be listed here.").wait_for()
    with listed.expect_file_chooser() as chooser:
        listed.get_by_role("button", name="More", exact=True).click()
        listed.get_by_role("menuitem", name="Import JSON…").click()
    chooser.value.set_files(tmp_path / "all.json")
    listed.get_by_text("3 conversations imported.").wait_for()
    assert sorted(titles(listed)) == ["Budget for spring", "Letter to the mayor", "Soup recipes"]


def test_a_file_that_is_no_export_is_refused(listed, tmp_path):
    (tmp_path / "odd.json").write_text('{"a": 1}')
    with listed.expect_file_chooser() as chooser:
        listed.get_by_role("button", name="More", exact=True).click()
        listed.get_by_role("menuitem", name="Import JSON…").click()
    chooser.value.set_files(tmp_path / "odd.json")
    listed.get_by_text("This file is no export of conversations.").wait_for()
