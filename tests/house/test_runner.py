"""./test explains itself and refuses what it does not know, before it installs or builds anything."""
import subprocess


def test_help_comes_at_once(root):
    done = subprocess.run([root / "test", "--help"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0 and done.stdout.startswith("usage: ./test") and "examples:" in done.stdout


def test_an_unknown_option_is_wrong_use(root):
    done = subprocess.run([root / "test", "--fast"], capture_output=True, text=True, timeout=10)
    assert (done.returncode, done.stdout) == (2, "") and "--fast" in done.stderr


def test_continuous_integration_runs_all_of_it(root):
    assert (root / ".ci/run").read_text().rstrip().endswith("exec ./test")
