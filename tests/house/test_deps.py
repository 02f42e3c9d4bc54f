"""scripts/deps calls apt-get for what is missing and only then, and says what to do where it may not."""
import subprocess

import pytest


@pytest.fixture
def machine(tmp_path, root):
    """machine(installed, user) runs scripts/deps where these packages are, as this user; apt-get is a fake that notes
    its words. Returns the result and what apt-get was asked for."""
    def run(*words, installed=(), user=0, apt_status=0):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        noted = tmp_path / "noted"
        fakes = {
            "dpkg-query": "".join(f"echo installed {name}\n" for name in installed) + "exit 1",
            "apt-get": f'echo "$*" >>{noted}; exit {apt_status}',
            "id": f"echo {user}",
            "sed": 'exec /usr/bin/sed "$@"', "grep": 'exec /usr/bin/grep "$@"', "env": 'exec /usr/bin/env "$@"',
        }
        for name, body in fakes.items():
            (folder / name).write_text(f"#!/bin/sh\n{body}\n")
            (folder / name).chmod(0o755)
        done = subprocess.run(["/bin/sh", root / "scripts/deps", *words], env={"PATH": str(folder)},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        return done, noted.read_text() if noted.exists() else ""
    return run


@pytest.fixture
def packages(root):
    shown = subprocess.run([root / "scripts/deps", "--tests", "--list"], capture_output=True, text=True, check=True)
    return shown.stdout.split()


def test_the_list_for_tests_holds_the_list_for_building(root, packages):
    shown = subprocess.run([root / "scripts/deps", "--list"], capture_output=True, text=True, check=True)
    assert set(shown.stdout.split()) < set(packages)
    assert {"gcc", "meson", "libcmocka-dev"} < set(packages)


def test_where_nothing_is_missing_nothing_is_called(machine, packages):
    for user in (0, 1000):
        done, asked = machine("--tests", installed=packages, user=user)
        assert (done.returncode, done.stdout, done.stderr, asked) == (0, "", "", "")


def test_only_what_is_missing_is_installed_without_a_question(machine, packages):
    done, asked = machine("--tests", installed=[name for name in packages if name not in ("gcc", "python3-pytest")])
    assert done.returncode == 0
    install = asked.splitlines()[-1].split()
    assert install[-2:] == ["gcc", "python3-pytest"] and "-y" in install and "install" in install


def test_without_the_right_to_install_the_missing_are_named(machine, packages):
    done, asked = machine(installed=[name for name in packages if name != "gcc"], user=1000)
    assert done.returncode == 3
    assert "as root, run 'apt-get update && apt-get install --no-install-recommends gcc'" in done.stderr
    assert asked == ""


def test_a_failed_installation_is_said(machine):
    done, _ = machine(apt_status=100)
    assert done.returncode == 3
    assert "could not install" in done.stderr


def test_an_unknown_option_is_wrong_use(machine):
    done, asked = machine("--everything")
    assert done.returncode == 2 and "--everything" in done.stderr and asked == ""
