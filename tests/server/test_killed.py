"""A server that is killed at any moment: the store is whole, and nothing that was acknowledged is lost.

BASTIDE_KILLS sets how often (10)."""
import http.client
import os
import random
import signal
import sqlite3
import threading
import time

import pytest

API = "/api/bastide/v1"
KILLS = int(os.environ.get("BASTIDE_KILLS", "10"))


class Writer(threading.Thread):
    """Does what a busy page does, and notes each thing that the server said is done."""

    def __init__(self, server, seed):
        super().__init__(daemon=True)
        self.server, self.random = server, random.Random(seed)
        self.kept = {}  # id of a conversation: {"title": ..., "messages": {id: content}}

    def run(self):
        try:
            while True:
                self.random.choice([self.begin, self.ask, self.ask, self.rename, self.take_in])()
        except (OSError, http.client.HTTPException, ValueError):
            pass  # the server is gone

    def send(self, method, path, body):
        answer = self.server.request(method, f"{API}/{path}", body)
        assert answer.status in (200, 201), answer.text
        return answer.json

    def begin(self):
        self.kept[self.send("POST", "conversations", {"title": "begun"})["id"]] = {"title": "begun", "messages": {}}

    def ask(self):
        if not self.kept:
            return
        talk = self.random.choice(list(self.kept))
        text = f"question {self.random.random()}"
        asked = self.send("POST", f"conversations/{talk}/messages",
                          {"content": text, "parent": None, "settings": {"max_tokens": 8}})
        self.kept[talk]["messages"][asked["user"]["id"]] = text

    def rename(self):
        if self.kept:
            talk, title = self.random.choice(list(self.kept)), f"title {self.random.random()}"
            self.kept[talk]["title"] = None  # whichever of the two, until it is acknowledged
            self.send("PATCH", f"conversations/{talk}", {"title": title})
            self.kept[talk]["title"] = title

    def take_in(self):
        messages = [{"role": "user", "content": f"message {i}"} for i in range(20)]
        made = self.send("POST", "conversations", {"title": "taken in", "messages": messages})
        contents = {row["id"]: row["content"] for row in made["messages"]}
        self.kept[made["id"]] = {"title": "taken in", "messages": contents}


def check_whole(home):
    database = sqlite3.connect(home / "conversations/conversations.db")
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    for table in ("words", "titles"):
        database.execute(f"INSERT INTO {table}({table}) VALUES('integrity-check')")
    database.close()


def check_kept(server, kept):
    for talk, facts in kept.items():
        answer = server.get(f"{API}/conversations/{talk}")
        assert answer.status == 200
        assert facts["title"] in (None, answer.json["title"])
        there = {message["id"]: message["content"] for message in answer.json["messages"]}
        assert facts["messages"].items() <= there.items()
        assert all(message["state"] != "streaming" for message in answer.json["messages"])


@pytest.mark.slow
def test_what_was_acknowledged_survives_kills(serve, smollm2, tmp_path):
    chance = random.Random(int(os.environ.get("BASTIDE_SEED", "1")))
    everything = {}
    for kill in range(KILLS):
        server = serve(smollm2, home=tmp_path)
        check_kept(server, everything)
        writers = [Writer(server, chance.random()) for _ in range(3)]
        for writer in writers:
            writer.start()
        time.sleep(chance.uniform(0, 0.4))  # the moment is the point
        server.stop(signal.SIGKILL)
        for writer in writers:
            writer.join(30)
        check_whole(tmp_path)
        everything = dict(list(everything.items())[-20:])  # the latest are enough, so that a round stays short
        for writer in writers:
            everything |= writer.kept
    check_kept(serve(smollm2, home=tmp_path), everything)
