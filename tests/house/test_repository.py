"""What lies in the repository: nothing large, nothing of the machine on which it was written."""
import os
import re
import stat

MEGABYTE = 1024 * 1024


def test_no_file_is_large(files, root):
    wrong = [f"{path}: {(root / path).stat().st_size} bytes" for path in files
             if (root / path).stat().st_size > 4 * MEGABYTE]
    assert not wrong


def test_all_files_together_are_small(files, root):
    assert sum((root / path).stat().st_size for path in files) < 100 * MEGABYTE


def test_no_path_of_somebodys_machine(texts):
    """Folders of a home, and places where models and other engines lay while something was measured."""
    private = re.compile("|".join(["/wo" + r"rk/\w", "/ho" + r"me/(?!me\b)\w", "/ro" + r"ot/\w", "/Us" + r"ers/\w",
                                   "/tm" + r"p/(models|peers)"]))
    wrong = [f"{path}:{number}: {match.group()}" for path, text in texts.items() if path.name != "LICENSE"
             for number, line in enumerate(text.splitlines(), 1) for match in private.finditer(line)]
    assert not wrong


def test_scripts_and_nothing_else_can_be_run(files, root):
    wrong = []
    for path in files:
        runs = bool((root / path).stat().st_mode & stat.S_IXUSR)
        with open(root / path, "rb") as file:
            script = file.read(2) == b"#!"
        if runs != script:
            wrong.append(f"{path}: {'executable but no script' if runs else 'a script that is not executable'}")
    assert not wrong


def test_names_of_files_are_plain(files):
    """They travel to every file system: small letters, digits and a few signs."""
    wrong = [str(path) for path in files if not re.fullmatch(r"[\w./-]+", str(path), re.ASCII)]
    assert not wrong
    folded = [os.fspath(path).lower() for path in files]
    assert len(folded) == len(set(folded))
