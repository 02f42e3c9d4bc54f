"""The documents tell the truth: commands they name exist, links lead somewhere."""
import re
from pathlib import Path

import pytest

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
COMMAND = re.compile(r"\bbastide((?: +[a-z]+){1,2})")


@pytest.fixture(scope="session")
def documents(texts):
    return {path: text for path, text in texts.items() if path.suffix == ".md"}


def test_the_documents_that_a_stranger_looks_for_are_there(root):
    for name in ["README.md", "LICENSE", "CONTRIBUTING.md", "ARCHITECTURE.md", "docs/decisions.md"]:
        assert (root / name).is_file(), name


def test_links_between_documents_lead_somewhere(documents, root):
    wrong = []
    for path, text in documents.items():
        for target in LINK.findall(text):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            place = (root / path).parent / file if file else root / path
            if not place.exists():
                wrong.append(f"{path}: {target}")
            elif anchor and anchor not in anchors(place.read_text()):
                wrong.append(f"{path}: {target}: no such heading")
    assert not wrong


def anchors(text):
    """The names that headings have in links."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


def test_files_that_documents_name_exist(documents, root):
    """Words in code that look like a path of the project."""
    top = {path.name for path in root.iterdir()}
    wrong = []
    for path, text in documents.items():
        for code in CODE.findall(text):
            for word in re.findall(r"(?<![\w/.~<-])(?:\./)?([\w.-]+(?:/[\w.-]+)+)", code):
                if "NAME" in word:
                    continue
                if word.split("/")[0] in top - {"build"} and not list(root.glob(word.rstrip("."))):
                    wrong.append(f"{path}: {word}")
    assert not wrong


def test_commands_that_documents_name_exist(documents, named_commands):
    wrong = []
    for path, text in documents.items():
        for code in CODE.findall(text):
            for words in COMMAND.findall(code):
                two = " ".join(words.split())
                if two not in named_commands and two.split()[0] not in named_commands:
                    wrong.append(f"{path}: bastide {two}")
    assert not wrong


def test_the_first_screen_of_the_readme_has_the_two_commands(root):
    first = (root / "README.md").read_text().splitlines()[:40]
    assert any("./up" in line for line in first) and any("./test" in line for line in first)
