"""What holds for every command: how it is asked for, its help, and output that nobody can take."""


def test_without_a_command_the_list_is_shown_and_the_use_is_wrong(bastide):
    done = bastide()
    assert done.returncode == 2
    assert b"usage: bastide COMMAND" in done.stderr
    assert done.stdout == b""


def test_an_unknown_command_is_named(bastide):
    done = bastide("dance")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"bastide: dance: no such command: see bastide --help\n"


def test_the_version_is_one_line(bastide):
    done = bastide("--version", check=True)
    assert done.stdout.startswith(b"bastide 0.")
    assert done.stdout.count(b"\n") == 1
