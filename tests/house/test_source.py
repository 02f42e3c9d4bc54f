"""How the sources are written, as far as a script can tell."""
import re
import shutil
import subprocess

import pytest

# Calls that write without knowing how much room there is, or that do not say whether they failed.
BANNED = ("sprintf vsprintf strcpy strcat stpcpy strncpy strncat gets atoi atol atoll atof strtok system alloca rand "
          "srand tmpnam tempnam mktemp").split()

# Only the command line speaks to the user or ends the program; main() does it by returning.
BANNED_BELOW_CLI = "exit abort assert printf vprintf puts putchar perror".split()


def calls(bare_c, names, under):
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(names) + r")\s*\(")
    return [f"{path}:{number}: {match.group(1)}" for path, lines in bare_c.items() if path.parts[:len(under)] == under
            for number, line in enumerate(lines, 1) for match in pattern.finditer(line)]


def test_nothing_calls_what_is_banned(bare_c):
    assert not calls(bare_c, BANNED, ())


@pytest.mark.parametrize("room", ["base", "kernels", "engine", "models", "access", "server"])
def test_below_the_command_line_nothing_prints_or_ends_the_program(bare_c, room):
    assert not calls(bare_c, BANNED_BELOW_CLI, ("src", room))
    streams = [f"{path}:{number}" for path, lines in bare_c.items() if path.parts[:2] == ("src", room)
               for number, line in enumerate(lines, 1) if re.search(r"\bstd(out|err)\b", line)]
    assert not streams


def test_every_c_file_opens_with_what_it_is(c_files):
    wrong = []
    for path, text in c_files.items():
        named = text.startswith(f"/* {path.name}: ")
        if not (named or (path.parts[0] != "src" and text.startswith("/* "))):
            wrong.append(f"{path}: does not open with /* {path.name}: ... */")
    assert not wrong


def test_scripts_open_with_what_they_are(texts):
    wrong = []
    for path, text in texts.items():
        if text.startswith("#!"):
            second = (text.splitlines() + [""])[1]
            if not second.startswith(("# ", '"""')):
                wrong.append(str(path))
    assert not wrong


def test_nothing_is_left_for_later(texts):
    marks = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
    wrong = [f"{path}:{number}: {line.strip()[:80]}" for path, text in texts.items()
             if path.suffix in (".c", ".h", ".py", ".sh", ".build", "")
             for number, line in enumerate(text.splitlines(), 1) if marks.search(line)]
    assert not wrong


def test_no_type_of_ours_ends_in_t(bare_c):
    """POSIX keeps those names for itself."""
    wrong = [f"{path}:{number}" for path, lines in bare_c.items() for number, line in enumerate(lines, 1)
             if re.search(r"\btypedef\b.*\w+_t\s*;|\b(struct|enum|union)\s+\w+_t\b|^}\s*\w+_t\s*;", line)]
    assert not wrong


def test_lines_fit_the_screen(texts):
    wrong = [f"{path}:{number}: {len(line)}" for path, text in texts.items()
             if path.suffix in (".c", ".h", ".py", ".build") or text.startswith("#!")
             for number, line in enumerate(text.splitlines(), 1) if len(line) > 120]
    assert not wrong


def test_no_space_at_the_end_of_a_line(texts):
    wrong = [f"{path}:{number}" for path, text in texts.items()
             if path.suffix in (".c", ".h", ".py", ".build", ".yaml") or text.startswith("#!")
             for number, line in enumerate(text.splitlines(), 1) if line != line.rstrip() or "\t" in line[:1]]
    assert not wrong


def test_c_is_formatted(c_files, root):
    """scripts/format does it."""
    if not shutil.which("clang-format"):
        pytest.skip("clang-format is not installed")
    done = subprocess.run(["clang-format", "--dry-run", *c_files], cwd=root, capture_output=True, text=True, check=True)
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "clang-format-violations" in line})
    assert not wrong, "run scripts/format"


def test_shell_scripts_parse(texts, root):
    for path, text in texts.items():
        shell = re.match(r"#!/bin/(ba)?sh\n", text)
        if shell:
            subprocess.run([f"/bin/{shell.group(1) or ''}sh", "-n", path], cwd=root, check=True)


def test_no_room_below_the_command_line_keeps_state(binary, root):
    """Variables that may change and belong to nobody: the sections .data and .bss of the rooms' libraries."""
    if not shutil.which("objdump"):
        pytest.skip("objdump is not installed")
    libraries = sorted(path for path in (binary.parent / "src").rglob("*.a") if "cli" not in path.parts)
    if not libraries:
        pytest.skip("the program under test has no build folder around it")
    shown = subprocess.run(["objdump", "--syms", *libraries], capture_output=True, text=True, check=True).stdout
    symbol = re.compile(r"^[0-9a-f]+ .{7} \.(?:data|bss)(?:\.(?!rel\.ro)\S*)?\s+([0-9a-f]+)\s+(\S+)$", re.MULTILINE)
    wrong = [name for size, name in symbol.findall(shown) if int(size, 16) > 0]
    assert not wrong
