"""Who may include whom: an arrow between rooms only ever points down."""
import re
from pathlib import Path

# From the ground up: a room may include those before it, and itself.
ROOMS = ["base", "kernels", "engine", "models", "scheduler", "chat", "store", "access", "traffic", "providers",
         "audit", "cutoff", "server", "cli"]

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def includes(c_files, folder):
    """(path, room of path, included, room of included) for each include of a project's header below folder."""
    for path, text in c_files.items():
        if path.parts[0] != folder:
            continue
        for included in INCLUDE.findall(text):
            yield path, path.parts[1], included, included.split("/")[0]


def test_every_room_has_its_place_in_the_order(c_files):
    rooms = {path.parts[1] for path in c_files if path.parts[0] == "src"}
    assert rooms <= set(ROOMS), f"add {rooms - set(ROOMS)} to ROOMS"


def test_headers_are_named_from_the_root_of_the_sources(c_files):
    wrong = [f"{path}: {included}" for path, _, included, room in includes(c_files, "src")
             if room not in ROOMS or not (Path("src") / included) in c_files]
    assert not wrong


def test_no_header_is_included_upwards(c_files):
    wrong = [f"{path} includes {included}" for path, room, included, other in includes(c_files, "src")
             if other in ROOMS and ROOMS.index(other) > ROOMS.index(room)]
    assert not wrong


def test_from_outside_only_a_rooms_public_header_is_included(c_files):
    """base/base.h is base's; all other headers of the room are private to it."""
    wrong = [f"{path} includes {included}" for path, room, included, other in includes(c_files, "src")
             if other in ROOMS and other != room and included != f"{other}/{other}.h"]
    assert not wrong


def test_headers_may_be_included_twice(c_files):
    guards = {}
    wrong = []
    for path, text in c_files.items():
        if path.suffix == ".h":
            guard = re.search(r"^#ifndef (BASTIDE_\w*)\n#define \1$", text, re.MULTILINE)
            if not guard or not guard.group(1).endswith(f"{path.stem.upper()}_H"):
                wrong.append(f"{path}: no guard BASTIDE_..._{path.stem.upper()}_H")
            elif guards.setdefault(guard.group(1), path) != path:
                wrong.append(f"{path}: the guard of {guards[guard.group(1)]}")
    assert not wrong


def test_inline_functions_are_static(bare_c):
    """Some folders are compiled for processors that not every machine has. Of an inline function that is not static the
    linker keeps one copy for all, and that may be the one an older processor cannot run."""
    wrong = [f"{path}:{number}" for path, lines in bare_c.items() for number, line in enumerate(lines, 1)
             if re.search(r"\binline\b", line) and not re.search(r"\bstatic\b", line)]
    assert not wrong
