"""The page's own API: conversations as trees, answers that outlive whoever asked for them, export and import."""
import json
import signal
import threading
import time

import pytest

API = "/api/bastide/v1"


@pytest.fixture(scope="module")
def server(serve, smollm2):
    return serve(smollm2)


@pytest.fixture
def talk(server):
    """Id of a new, empty conversation."""
    return new(server)["id"]


def new(server, **fields):
    answer = server.post(f"{API}/conversations", fields)
    assert answer.status == 201, answer.text
    return answer.json


def read(server, talk):
    answer = server.get(f"{API}/conversations/{talk}")
    assert answer.status == 200, answer.text
    return answer.json


def ask(server, talk, content="Say something.", settings=None, **fields):
    body = {"content": content, "settings": {"temperature": 0, "max_tokens": 24} | (settings or {})} | fields
    answer = server.post(f"{API}/conversations/{talk}/messages", body)
    assert answer.status == 201, answer.text
    return answer.json


def events(server, message, start=0):
    """(indices, text, the last event) of an answer, from event number start."""
    indices, text = [], ""
    with server.stream(f"{API}/messages/{message}/stream?from={start}", method="GET") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for event in stream.events():
            if "state" in event:
                return indices, text, event
            indices.append(event["index"])
            text += event["text"]
    pytest.fail("the stream ended without a state")


def test_a_question_gets_an_answer_that_is_kept(server, talk):
    asked = ask(server, talk, "What is a fortress?", parent=None)
    indices, text, end = events(server, asked["assistant"]["id"])
    assert indices == list(range(len(indices))) and text
    assert end["state"] == "done"
    assert end["figures"]["tokens"] <= 24 and end["figures"]["context_used"] > 24
    whole = read(server, talk)
    user, assistant = whole["messages"]
    assert whole["title"] == "What is a fortress?"
    assert (user["role"], user["parent"], user["content"]) == ("user", None, "What is a fortress?")
    assert (assistant["parent"], assistant["state"], assistant["content"]) == (user["id"], "done", text)
    assert assistant["model"] and assistant["figures"] == end["figures"]


def test_a_tab_that_comes_back_neither_loses_nor_doubles_a_token(server, talk):
    message = ask(server, talk, settings={"max_tokens": 60})["assistant"]["id"]
    seen, text = [], ""
    with server.stream(f"{API}/messages/{message}/stream", method="GET") as stream:
        for event in stream.events():
            seen.append(event["index"])
            text += event["text"]
            if len(seen) == 5:
                break
    later, rest, end = events(server, message, start=5)
    assert seen + later == list(range(len(seen) + len(later)))
    assert text + rest == read(server, talk)["messages"][1]["content"]


def test_two_tabs_see_the_same(server, talk):
    message = ask(server, talk, settings={"max_tokens": 60})["assistant"]["id"]
    seen = [None, None]

    def follow(tab):
        seen[tab] = events(server, message)

    tabs = [threading.Thread(target=follow, args=(tab,)) for tab in (0, 1)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert seen[0] == seen[1] and seen[0][1]


def test_an_answer_is_stopped(server, talk):
    message = ask(server, talk, "Count to ten thousand.", settings={"max_tokens": 4000})["assistant"]["id"]
    with server.stream(f"{API}/messages/{message}/stream", method="GET") as stream:
        next(stream.events())
        assert server.post(f"{API}/messages/{message}/stop").status == 202
        last = list(stream.events())[-1]
    assert last["state"] == "stopped"
    kept = read(server, talk)["messages"][1]
    assert kept["state"] == "stopped" and kept["content"]


def test_the_answer_goes_on_when_nobody_listens(server, talk):
    message = ask(server, talk)["assistant"]["id"]
    assert events(server, message)[2]["state"] == "done"
    assert read(server, talk)["messages"][1]["state"] == "done"


def test_edits_and_second_answers_are_branches(server, talk):
    first = ask(server, talk, "One.")
    events(server, first["assistant"]["id"])
    edited = ask(server, talk, "Two.", parent=None)
    events(server, edited["assistant"]["id"])
    again = ask(server, talk, content=None, parent=first["user"]["id"], regenerate=True)
    events(server, again["assistant"]["id"])
    assert again["user"] is None
    parents = {message["id"]: message["parent"] for message in read(server, talk)["messages"]}
    assert parents[edited["user"]["id"]] is None
    assert parents[again["assistant"]["id"]] == parents[first["assistant"]["id"]] == first["user"]["id"]
    assert len(parents) == 5


def test_an_answer_that_was_cut_goes_on(server, talk):
    asked = ask(server, talk, "Tell me a story.", settings={"max_tokens": 5})
    _, begun, _ = events(server, asked["assistant"]["id"])
    more = ask(server, talk, content=None, parent=asked["assistant"]["id"], **{"continue": True})
    assert more["assistant"]["id"] == asked["assistant"]["id"]
    _, whole, end = events(server, asked["assistant"]["id"])
    assert end["state"] == "done" and whole.startswith(begun) and len(whole) > len(begun)
    assert read(server, talk)["messages"][1]["content"] == whole


def test_titles_pins_and_search(server):
    made = new(server, title="Zitadelle", messages=[{"role": "user", "content": "an unusual word: quokka"}])
    assert made["title"] == "Zitadelle" and made["messages"][0]["content"].endswith("quokka")
    found = server.get(f"{API}/conversations?q=quok%20zita").json["conversations"]
    assert [row["id"] for row in found] == [made["id"]]
    assert server.request("PATCH", f"{API}/conversations/{made['id']}", {"pinned": True}).status == 200
    assert server.get(f"{API}/conversations").json["conversations"][0]["id"] == made["id"]
    changed = server.request("PATCH", f"{API}/conversations/{made['id']}", {"title": "Neu", "settings": {"a": 1}}).json
    assert (changed["title"], changed["pinned"], changed["settings"]) == ("Neu", True, {"a": 1})
    assert server.request("DELETE", f"{API}/conversations/{made['id']}").status == 204
    assert server.get(f"{API}/conversations/{made['id']}").status == 404
    assert server.get(f"{API}/conversations?q=quokka").json["conversations"] == []


def test_moments_have_their_fraction(server, talk):
    """A tab sees by the moment of the last change whether another has changed the conversation."""
    moments = {read(server, talk)["updated_at"]}
    for i in range(3):
        before = time.time()
        ask(server, talk, f"Message {i}.", parent=None)
        whole = read(server, talk)
        assert before <= whole["updated_at"] <= time.time()
        assert before <= whole["messages"][-1]["created_at"] <= time.time()
        moments.add(whole["updated_at"])
    assert len(moments) == 4


def test_what_was_exported_can_be_taken_back_in(server, talk):
    first = ask(server, talk, "One.")
    events(server, first["assistant"]["id"])
    events(server, ask(server, talk, "Two.", parent=None)["assistant"]["id"])
    exported = server.get(f"{API}/conversations/{talk}/export?format=json").json
    again = new(server, **exported)
    before, after = exported["messages"], again["messages"]
    assert again["id"] != talk
    places = [{message["id"]: place for place, message in enumerate(rows)} for rows in (before, after)]
    for old, copy in zip(before, after, strict=True):
        assert (old["role"], old["content"], old["state"]) == (copy["role"], copy["content"], copy["state"])
        assert places[0].get(old["parent"]) == places[1].get(copy["parent"])
    text = server.get(f"{API}/conversations/{talk}/export?format=md")
    assert text.headers["content-type"].startswith("text/markdown")
    assert text.text.startswith("# One.\n") and "## User\n\nTwo.\n" in text.text
    everything = server.get(f"{API}/export?format=json").json["conversations"]
    assert talk in [conversation["id"] for conversation in everything]


@pytest.mark.parametrize("body, field", [
    ({}, "content"), ({"content": 3}, "content"), ({"content": "x", "parent": 7}, "parent"),
    ({"content": "x", "settings": {"temperature": "hot"}}, "temperature"),
    ({"content": "x", "settings": {"max_tokens": 0}}, "max_tokens"), ({"regenerate": True}, "parent"),
    ({"regenerate": "yes"}, "regenerate"), ({"continue": True, "regenerate": True}, "continue"),
])
def test_a_wrong_field_is_named_and_nothing_is_stored(server, talk, body, field):
    answer = server.post(f"{API}/conversations/{talk}/messages", body)
    assert answer.status == 400 and field in answer.json["error"]["message"]
    assert read(server, talk)["messages"] == []


@pytest.mark.parametrize("method, path", [
    ("GET", "conversations/nosuchidnosuchidnosuch"), ("GET", "conversations/x/export"), ("DELETE", "conversations/x"),
    ("PATCH", "conversations/x"), ("POST", "conversations/x/messages"), ("GET", "messages/x/stream"),
    ("POST", "messages/x/stop"), ("GET", "conversations/" + "x" * 500), ("GET", "nothing"),
])
def test_what_is_not_there_is_404(server, method, path):
    answer = server.request(method, f"{API}/{path}", {"content": "x"} if method in ("POST", "PATCH") else None)
    assert answer.status == 404 and answer.json["error"]["code"] == 404


@pytest.mark.parametrize("fields", [
    {"title": 3}, {"messages": {}}, {"messages": [3]}, {"messages": [{"role": "user"}]},
    {"messages": [{"role": "wizard", "content": "x"}]},
    {"messages": [{"id": "a", "parent": "b", "role": "user", "content": "x"}]}, {"settings": []},
])
def test_a_draft_that_makes_no_sense_leaves_nothing(server, fields):
    before = len(server.get(f"{API}/conversations").json["conversations"])
    assert server.post(f"{API}/conversations", fields).status == 400
    assert len(server.get(f"{API}/conversations").json["conversations"]) == before


def test_status_tells_of_the_models(server):
    status = server.get(f"{API}/status").json
    first = status["models"][0]
    assert first["default"] and first["loaded"] and first["fits"] and first["context"] > 0
    assert status["memory"]["available"] > 0 and status["keys"] is False


def test_a_killed_server_keeps_what_it_acknowledged(serve, smollm2, tmp_path):
    server = serve(smollm2, home=tmp_path)
    talk = new(server)["id"]
    asked = ask(server, talk, "Count to ten thousand.", settings={"max_tokens": 4000})
    with server.stream(f"{API}/messages/{asked['assistant']['id']}/stream", method="GET") as stream:
        next(stream.events())
    server.stop(signal.SIGKILL)
    server = serve(smollm2, home=tmp_path)
    user, assistant = read(server, talk)["messages"]
    assert user["content"] == "Count to ten thousand." and assistant["state"] == "stopped"
    indices, text, end = events(server, assistant["id"])
    assert (text, end["state"]) == (assistant["content"], "stopped")
    assert events(server, assistant["id"], start=3)[2]["content"] == assistant["content"]
