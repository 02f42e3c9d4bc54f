"""When something is missing: the key, the server, a model, room. The page says what it is, and nothing is lost."""
import pytest

pytestmark = pytest.mark.slow

FAILED = "Failed to load resource"


@pytest.mark.parametrize("status, said, expected", [
    (429, "the queue is full", "The server is busy."),
    (503, "loading", "Old conversations can be read meanwhile."),
    (507, "qwen3 needs 20 GB, 8 GB are free: gemma-3-270m would fit", "gemma-3-270m would fit"),
    (400, "temperature: must be at most 100", "temperature: must be at most 100"),
    (500, "out of luck", "That did not work (500)."),
], ids=lambda value: str(value)[:12])
def test_a_message_that_was_refused_is_still_there(fake, visit, talk, status, said, expected):
    page = visit(fake)
    page.expected = [FAILED]
    fake.failures.append(("POST", "messages$", status, said))
    chat = talk(page)
    chat.say("Precious words")
    page.get_by_role("alert").filter(has_text=expected).wait_for()
    assert chat.box.input_value() == "Precious words"
    assert page.locator("article").count() == 0
    chat.box.press("Enter")
    assert chat.finished() == "You said: Precious words"
    assert not page.get_by_role("alert").filter(has_text=expected).count()


def test_a_first_message_that_was_refused_leaves_no_conversation(fake, visit, talk):
    page = visit(fake)
    page.expected = [FAILED]
    fake.failures.append(("POST", "messages$", 429, "the queue is full"))
    talk(page).say("Hello")
    page.get_by_role("alert").filter(has_text="The server is busy.").wait_for()
    page.wait_for_url(fake.url + "/")
    assert not fake.conversations


def test_an_edit_that_was_refused_is_still_there(fake, visit, talk):
    page = visit(fake)
    page.expected = [FAILED]
    chat = talk(page)
    chat.ask("first")
    chat.questions.first.get_by_role("button", name="Edit").click()
    fake.failures.append(("POST", "messages$", 503, "loading"))
    chat.say("second")
    page.get_by_role("alert").filter(has_text="The model is loading").wait_for()
    assert chat.box.input_value() == "second"
    chat.box.press("Enter")
    page.locator("article").get_by_text("You said: second").wait_for()
    assert chat.questions.count() == 1 and "2/2" in chat.questions.first.inner_text()


def test_a_message_can_be_taken_back_while_the_model_loads(fake, visit, talk):
    page = visit(fake)
    page.expected = ["net::ERR_ABORTED"]
    page.route("**/messages", lambda route: None)  # never answered
    page.get_by_role("combobox", name="Model").select_option("gemma-3-270m-q4_k_m")
    chat = talk(page)
    chat.say("Hello")
    page.get_by_text("gemma-3-270m-q4_k_m is being loaded").wait_for()
    chat.button("Stop").click()
    chat.button("Send").wait_for()
    assert chat.box.input_value() == "Hello" and page.get_by_role("alert").count() == 0


def test_old_conversations_can_be_read_while_no_model_answers(fake, visit, talk):
    fake.conversation("Old", [("user", "Question"), ("assistant", "Answer of old")])
    fake.models = []
    page = visit(fake)
    page.expected = [FAILED]
    page.get_by_role("link", name="Old").click()
    page.locator("article").get_by_text("Answer of old").wait_for()
    fake.failures.append(("POST", "messages$", 503, "loading"))
    talk(page).say("More")
    page.get_by_role("alert").filter(has_text="The model is loading").wait_for()
    assert page.locator("article").get_by_text("Answer of old").is_visible()


def test_a_failed_answer_says_so(fake, visit, talk):
    made = fake.conversation("Odd", [("user", "Question")])
    answer = fake.message(made, made["messages"][0]["id"], "assistant", "Half an ans", "failed")
    answer["figures"] = {"error": "the model's file went away"}
    page = visit(fake, f"/c/{made['id']}")
    page.get_by_text("This answer could not be finished. the model's file went away").wait_for()
    assert page.locator("article").last.get_attribute("data-state") == "failed"
    assert page.get_by_role("button", name="Regenerate").is_visible()


def test_a_conversation_that_is_not_there(fake, visit):
    page = visit(fake)
    page.expected = [FAILED]
    page.goto(fake.url + "/c/nothing")
    page.get_by_role("alert").filter(has_text="This conversation is not there.").wait_for()


def test_without_the_server_the_page_says_so_and_comes_back(fake, visit, talk):
    page = visit(fake)
    page.expected = [FAILED, "ERR_"]
    page.context.set_offline(True)
    chat = talk(page)
    chat.say("Anyone?")
    page.get_by_role("alert").filter(has_text="The server cannot be reached.").wait_for()
    assert chat.box.input_value() == "Anyone?"
    page.context.set_offline(False)
    chat.box.press("Enter")
    assert chat.finished() == "You said: Anyone?"


def test_an_answer_is_taken_up_again_after_the_network_was_gone(fake, visit, talk):
    fake.answer, fake.pause = lambda prompt: [f"word{number} " for number in range(150)], 60
    page = visit(fake)
    page.expected = [FAILED, "ERR_"]
    chat = talk(page)
    chat.say("Count")
    page.wait_for_function("() => document.body.innerText.includes('word10')")
    page.context.set_offline(True)
    page.context.set_offline(False)
    fake.resume.set()
    assert chat.finished().split() == [f"word{number}" for number in range(150)]


@pytest.mark.parametrize("remember", [False, True])
def test_the_page_asks_for_a_key(fake, visit, talk, remember):
    fake.key = "bst_right"
    page = visit(fake)
    page.expected = [FAILED]
    field = page.get_by_label("API key")
    field.fill("bst_wrong")
    page.get_by_role("button", name="Unlock").click()
    page.get_by_text("This key was refused.").wait_for()
    field.fill("bst_right")
    if remember:
        page.get_by_label("Remember it in this browser").check()
    field.press("Enter")
    chat = talk(page)
    assert chat.ask("Hello") == "You said: Hello"
    page.reload()
    page.wait_for_selector("article")
    assert field.count() == 0
    other = visit(fake, context=page.context)
    other.expected = [FAILED]
    if remember:
        other.get_by_role("link", name="Hello").wait_for()
    else:
        other.get_by_label("API key").wait_for()
    stored = page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert ("bst_right" in stored.split("},{")[0]) == remember


def test_a_key_that_is_not_given_can_be_given_later(fake, visit):
    fake.key = "bst_right"
    page = visit(fake)
    page.expected = [FAILED]
    page.get_by_label("API key").press("Escape")
    page.get_by_role("alert").filter(has_text="A valid API key is needed.").wait_for()
    page.get_by_role("button", name="Enter a key").click()
    page.get_by_label("API key").fill("bst_right")
    page.get_by_role("button", name="Unlock").click()
    page.get_by_text("Your conversations will be listed here.").wait_for()


def test_a_script_from_an_answer_never_runs(fake, visit, talk):
    """The whole way: over the stream, into the page, under its policy."""
    fake.answer = lambda prompt: ["<script>window.hit = 1</script>\n\n<img src=x onerror=window.hit=1>\n\n",
                                  "![p](https://evil.example/p.png) [x](javascript:window.hit=1)\n\n```html\n",
                                  "<script>window.hit = 1</script>\n```\n"]
    page = visit(fake)
    chat = talk(page)
    said = chat.ask("<img src=x onerror=window.hit=1>")
    assert "<script>window.hit = 1</script>" in said
    assert page.evaluate("() => window.hit") is None
    assert chat.answers.last.locator("img, script").count() == 0
