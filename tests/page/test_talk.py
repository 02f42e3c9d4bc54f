"""A conversation on the page: sent, streamed, stopped, edited, taken up again."""
import json
import re

import pytest

pytestmark = pytest.mark.slow  # a browser; none of it depends on how the program was built

LONG = [f"word{number} " for number in range(200)]


def expect_url(page, pattern):
    page.wait_for_url(re.compile(pattern))


def test_a_whole_conversation(fake, visit, talk):
    chat = talk(visit(fake))
    assert chat.ask("Hello there") == "You said: Hello there"
    expect_url(chat.page, r"/c/\w{22}$")
    assert chat.ask("And again") == "You said: And again"
    assert chat.questions.count() == chat.answers.count() == 2
    assert chat.answers.last.get_attribute("data-state") == "done"
    assert "smollm2" in chat.answers.last.get_by_role("heading").inner_text()
    assert "48 tokens/s" in chat.answers.last.inner_text() and "Context 1" in chat.answers.last.inner_text()
    assert chat.page.title() == "Hello there · Bastide"


def test_shift_enter_breaks_the_line(fake, visit, talk):
    chat = talk(visit(fake))
    chat.box.press_sequentially("one")
    chat.box.press("Shift+Enter")
    chat.box.press_sequentially("two")
    chat.box.press("Enter")
    chat.finished()
    assert chat.questions.first.locator(".body").inner_text() == "one\ntwo"


def test_an_empty_message_is_not_sent(fake, visit, talk):
    chat = talk(visit(fake))
    chat.say("   ")
    assert not [request for request in fake.requests if request[0] == "POST"]


def test_stop_keeps_what_was_said(fake, visit, talk):
    fake.answer, fake.pause = lambda prompt: LONG, 60
    chat = talk(visit(fake))
    chat.say("Tell me a lot")
    chat.answers.get_by_text("word5 ").wait_for()
    with chat.page.expect_response("**/stop"):
        chat.button("Stop").click()
    fake.resume.set()
    said = chat.finished()
    assert chat.answers.last.get_attribute("data-state") == "stopped"
    assert "word5" in said and "word199" not in said
    assert chat.button("Send").is_visible()


def test_a_reload_in_the_middle_loses_and_doubles_nothing(fake, visit, talk):
    fake.answer, fake.pause = lambda prompt: LONG, 60
    page = visit(fake)
    chat = talk(page)
    chat.say("Tell me a lot")
    page.wait_for_function("() => document.body.innerText.includes('word20')")
    page.reload()
    page.wait_for_selector('article[data-state="streaming"]')
    fake.resume.set()
    assert chat.finished().split() == "".join(LONG).split()


def test_a_stream_that_breaks_is_taken_up_at_its_next_piece(fake, visit, talk):
    """The connection is cut in the middle; the page asks for what follows, and nothing is there twice."""
    fake.answer, fake.gap = lambda prompt: LONG, 0.01
    page = visit(fake)
    page.expected = ["net::ERR", "Failed to load resource"]
    cut = []

    def cut_once(route):
        if cut:
            return route.continue_()
        cut.append(route.request.url)
        return route.fulfill(status=200, content_type="text/event-stream",
                             body='data: {"index": 0, "text": "word0 "}\n\ndata: {"index": 1, "text": "word1 "}\n\n')

    page.route("**/stream?from=*", cut_once)
    chat = talk(page)
    chat.say("Tell me a lot")
    assert chat.finished().split() == "".join(LONG).split()
    asked = [url for _, url, _ in fake.requests if "/stream" in url]
    assert cut and asked and asked[0].endswith("from=2")


def test_two_tabs_show_one_conversation(fake, visit, talk):
    fake.answer, fake.pause = lambda prompt: LONG, 60
    first = visit(fake)
    one = talk(first)
    one.say("Tell me a lot")
    expect_url(first, r"/c/\w{22}$")
    first.wait_for_function("() => document.body.innerText.includes('word10')")
    second = visit(fake, first.url.removeprefix(fake.url), context=first.context)
    two = talk(second)
    second.wait_for_selector('article[data-state="streaming"]')
    fake.resume.set()
    assert two.finished().split() == one.finished().split() == "".join(LONG).split()
    fake.answer = lambda prompt: ["Short."]
    two.ask("And now?")
    first.wait_for_function("() => document.querySelectorAll('article').length === 4")
    assert one.finished() == "Short."


def test_edit_makes_a_branch_and_arrows_go_between(fake, visit, talk):
    chat = talk(visit(fake))
    chat.ask("first question")
    chat.ask("second question")
    chat.questions.first.hover()
    chat.questions.first.get_by_role("button", name="Edit").click()
    assert chat.box.input_value() == "first question" and chat.box.evaluate("box => box === document.activeElement")
    assert chat.ask("better question") == "You said: better question"
    assert chat.questions.count() == 1
    assert "2/2" in chat.questions.first.inner_text()
    chat.questions.first.get_by_role("button", name="Previous version").click()
    assert chat.questions.count() == 2 and "first question" in chat.questions.first.inner_text()
    chat.page.reload()
    chat.page.wait_for_function("() => document.querySelectorAll('article').length === 4")
    chat.questions.first.get_by_role("button", name="Next version").click()
    assert "better question" in chat.questions.first.inner_text()


def test_an_edit_is_given_up_with_escape(fake, visit, talk):
    chat = talk(visit(fake))
    chat.ask("first question")
    chat.box.fill("a draft")
    chat.questions.first.get_by_role("button", name="Edit").click()
    assert chat.box.input_value() == "first question"
    chat.box.press("Escape")
    assert chat.box.input_value() == "a draft"
    assert chat.ask("more") == "You said: more" and chat.questions.count() == 2


def test_regenerate_gives_another_answer_to_the_same_question(fake, visit, talk):
    answers = iter([["One."], ["Two."], ["Three."]])
    fake.answer = lambda prompt: next(answers)
    chat = talk(visit(fake))
    chat.ask("Say a number")
    chat.button("Regenerate").click()
    chat.answers.get_by_text("Two.").wait_for()
    assert chat.finished() == "Two." and chat.questions.count() == 1
    assert "2/2" in chat.answers.first.inner_text()
    chat.answers.first.get_by_role("button", name="Previous version").click()
    assert chat.answers.first.locator(".body").inner_text() == "One."


def test_continue_goes_on_with_the_same_answer(fake, visit, talk):
    chat = talk(visit(fake))
    chat.ask("Hello")
    chat.button("Continue").click()
    chat.answers.get_by_text("so on").wait_for()
    assert chat.finished() == "You said: Hello and so on" and chat.answers.count() == 1


def test_an_answer_that_went_on_before_the_page_heard_of_it_is_shown(fake, visit, talk):
    """The server may have finished before it answers the request that began it."""
    chat = talk(visit(fake))
    chat.ask("Hello")

    def answered_late(route):
        message = list(fake.messages.values())[-1]
        longer = {**message, "content": message["content"] + " again"}
        route.fulfill(status=201, json={"user": None, "assistant": longer})

    chat.page.route("**/messages", answered_late)
    chat.button("Continue").click()
    chat.answers.get_by_text("You said: Hello again").wait_for()


def test_what_was_read_before_an_answer_came_does_not_take_its_place(fake, visit, talk):
    """A look at the conversation may be answered late, too."""
    chat = talk(visit(fake))
    chat.ask("Hello")
    conversation, message = list(fake.conversations.values())[-1], list(fake.messages.values())[-1]
    old, looks = json.dumps(conversation), []
    chat.page.route(f"**/conversations/{conversation['id']}", lambda route: looks.append(route))
    conversation["updated_at"] = next(fake.clock)
    with chat.page.expect_request(f"**/conversations/{conversation['id']}"):
        chat.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def answer(route):
        message["content"] += " again"
        route.fulfill(status=201, json={"user": None, "assistant": message})

    chat.page.route("**/messages", answer)
    chat.button("Continue").click()
    chat.answers.get_by_text("You said: Hello again").wait_for()
    with chat.page.expect_response(f"**/conversations/{conversation['id']}"):
        looks[0].fulfill(body=old, content_type="application/json")
    chat.page.unroute(f"**/conversations/{conversation['id']}")
    chat.page.evaluate("new Promise((done) => setTimeout(done, 100))")  # it has been read and what follows is drawn
    assert chat.answers.last.locator(".body").inner_text() == "You said: Hello again"


def test_the_model_and_the_settings_go_with_the_message(fake, visit, talk):
    chat = talk(visit(fake))
    chat.page.get_by_role("combobox", name="Model").select_option("gemma-3-270m-q4_k_m")
    chat.button("Settings").click()
    chat.page.get_by_label("System prompt").fill("Answer in verse.")
    chat.page.get_by_label("Temperature").fill("0.4")
    chat.page.get_by_label("Temperature").press("Tab")
    chat.button("Done").click()
    chat.ask("Hello")
    body = next(body for method, path, body in fake.requests if method == "POST" and path.endswith("/messages"))
    assert body["model"] == "gemma-3-270m-q4_k_m"
    assert body["settings"] == {"system": "Answer in verse.", "temperature": 0.4}
    chat.page.reload()
    chat.page.wait_for_selector("article")
    assert chat.page.get_by_role("combobox", name="Model").input_value() == "gemma-3-270m-q4_k_m"


def test_settings_of_one_conversation_are_not_anothers(fake, visit, talk):
    made = fake.conversation("Old", [("user", "Question"), ("assistant", "Answer")])
    chat = talk(visit(fake))
    chat.button("Settings").click()
    chat.page.get_by_label("System prompt").fill("Answer in verse.")
    chat.button("Done").click()
    chat.page.get_by_role("link", name="Old").click()
    chat.page.wait_for_selector("article")
    chat.ask("More")
    body = [body for method, path, body in fake.requests if path.endswith(f"{made['id']}/messages")][-1]
    assert "system" not in body["settings"]
    chat.button("New chat").click()
    chat.ask("Hello")
    assert fake.requests and [body for method, path, body in fake.requests
                              if path.endswith("/messages")][-1]["settings"] == {"system": "Answer in verse."}


def test_models_that_do_not_fit_are_set_apart(fake, visit):
    page = visit(fake)
    page.wait_for_selector("#model optgroup", state="attached")
    groups = page.locator("#model optgroup")
    names = [group.get_attribute("label") for group in groups.all()]
    assert names == ["Fit this machine", "Too large for this machine"]
    assert "qwen3-32b" in groups.last.inner_text()
    assert page.locator("#model option", has_text="qwen3-32b").is_disabled()


def test_a_draft_survives_a_reload_and_belongs_to_its_conversation(fake, visit, talk):
    chat = talk(visit(fake))
    chat.ask("Hello")
    chat.box.fill("not yet sent")
    chat.page.reload()
    chat.page.wait_for_selector("article")
    assert chat.box.input_value() == "not yet sent"
    chat.button("New chat").click()
    assert chat.box.input_value() == ""
    chat.page.go_back()
    chat.page.wait_for_selector("article")
    assert chat.box.input_value() == "not yet sent"


def test_text_files_are_attached_and_others_are_refused(fake, visit, talk, tmp_path):
    (tmp_path / "notes.txt").write_text("line one\n```\ncode\n```\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0\xff")
    chat = talk(visit(fake))
    chat.page.locator("input[type=file]").set_input_files([tmp_path / "notes.txt", tmp_path / "picture.png"])
    chat.page.get_by_text("picture.png is not a text file.").wait_for()
    assert "notes.txt" in chat.page.get_by_role("list", name="Attached files").inner_text()
    chat.say("Summarise")
    chat.finished()
    sent = next(body["content"] for method, path, body in fake.requests if path.endswith("/messages"))
    assert sent == "Summarise\n\nFile: notes.txt\n````\nline one\n```\ncode\n```\n````"
    assert chat.questions.first.locator("details").inner_text() == "notes.txt"
    chat.questions.first.get_by_role("button", name="Edit").click()
    assert chat.box.input_value() == "Summarise"
    assert "notes.txt" in chat.page.get_by_role("list", name="Attached files").inner_text()
    chat.box.press("Escape")
    assert chat.page.get_by_role("list", name="Attached files").count() == 0


def test_scrolling_up_stops_following_and_a_button_goes_down(fake, visit, talk):
    fake.answer, fake.gap = lambda prompt: [f"Line {number}\n\n" for number in range(300)], 0.01
    page = visit(fake)
    chat = talk(page)
    chat.say("Go on and on")
    page.wait_for_function("() => document.body.innerText.includes('Line 60')")
    end = "() => { const s = document.getElementById('scroll'); return s.scrollHeight - s.clientHeight - s.scrollTop; }"
    assert page.evaluate(end) < 60
    page.mouse.move(700, 300)
    page.mouse.wheel(0, -600)
    page.get_by_role("button", name="Go to the newest message").wait_for()
    at = page.evaluate("() => document.getElementById('scroll').scrollTop")
    page.wait_for_function("() => document.body.innerText.includes('Line 120')")
    assert abs(page.evaluate("() => document.getElementById('scroll').scrollTop") - at) < 5
    page.get_by_role("button", name="Go to the newest message").click()
    page.wait_for_function("() => document.body.innerText.includes('Line 160')")
    assert page.evaluate(end) < 60
    chat.button("Stop").click()
    chat.finished()


@pytest.mark.parametrize("secure", [True, False], ids=["clipboard", "plain HTTP"])
def test_copy(fake, visit, talk, secure):
    page = visit(fake, permissions=["clipboard-read", "clipboard-write"])
    if not secure:
        page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    chat = talk(page)
    chat.ask("Hello *there*")
    chat.answers.last.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied").wait_for()
    chat.box.fill("")
    chat.box.press("Control+v")
    assert chat.box.input_value() == "You said: Hello *there*"


def test_a_new_chat_leaves_the_old_answer_running(fake, visit, talk):
    fake.answer, fake.pause = lambda prompt: LONG, 60
    chat = talk(visit(fake))
    chat.say("Tell me a lot")
    chat.page.wait_for_function("() => document.body.innerText.includes('word10')")
    chat.button("New chat").click()
    assert chat.page.locator("article").count() == 0
    chat.page.get_by_role("link", name="Tell me a lot").click()
    fake.resume.set()
    assert chat.finished().split() == "".join(LONG).split()
