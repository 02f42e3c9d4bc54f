"""Manifests and lockfiles of Python: PyPI unless they name another index, and the SDKs that are asked for."""
import pytest

from tests.audit.conftest import places, providers


def test_requirements_name_packages_indexes_and_code_hosts(audit):
    findings = audit({"requirements-dev.txt": "# boto3\n-c constraints.txt\nflask>=2 ; python_version > '3'\n"
                                              "Sentry_SDK[flask]==1.0 \\\n    --hash=sha256:aa\n./local\n"
                                              "git+https://github.com/x/y.git@v1#egg=y\n"
                                              "z @ https://gitlab.com/x/z/archive.zip\n"})
    assert places(findings, "pypi") == {("requirements-dev.txt", 3)}
    assert places(findings, "sentry") == {("requirements-dev.txt", 4)}
    assert places(findings, "github") == {("requirements-dev.txt", 7)}
    assert places(findings, "gitlab") == {("requirements-dev.txt", 8)}
    assert providers(findings) == {"pypi", "sentry", "github", "gitlab"}


def test_another_index_takes_the_place_of_pypi(audit):
    findings = audit({"requirements.txt": "--index-url https://gitlab.com/api/v4/projects/1/pypi/simple\nflask\n"})
    assert providers(findings) == {"gitlab"}


@pytest.mark.parametrize("content, line", [
    ('[project]\nname = "x"\nurls = { homepage = "https://x.wordpress.com" }\ndependencies = [\n"sentry-sdk>=1"]', 5),
    ('[project.optional-dependencies]\na = ["sentry-sdk"]\n', 2),
    ('[dependency-groups]\ndev = [\n"sentry-sdk", {include-group = "x"}]\n', 3),
    ('[tool.poetry.dependencies]\npython = "^3.11"\nsentry-sdk = {version = "^1", extras = ["x"]}\n', 3),
    ('[tool.poetry.group.dev.dependencies]\nsentry_sdk = "^1"\n', 2),
    ('[tool.pdm.dev-dependencies]\na = ["sentry-sdk"]\n', 2),
    ('[tool.hatch.envs.default]\ndependencies = ["sentry-sdk"]\n', 2),
])
def test_every_kind_of_pyproject_names_its_packages(audit, content, line):
    findings = audit({"pyproject.toml": content})
    assert places(findings, "sentry") == {("pyproject.toml", line)}
    assert places(findings, "pypi") == {("pyproject.toml", line)}
    assert providers(findings) == {"pypi", "sentry"}


def test_what_poetry_takes_from_elsewhere_is_from_there(audit):
    findings = audit({"pyproject.toml": '[tool.poetry.dependencies]\na = {git = "https://github.com/x/a"}\n'
                                        'b = {path = "../b"}\n[[tool.poetry.source]]\nname = "p"\n'
                                        'url = "https://gitlab.com/api/v4/x"\npriority = "primary"\n'})
    assert places(findings, "github") == {("pyproject.toml", 2)}
    assert places(findings, "gitlab") == {("pyproject.toml", 6)}
    assert providers(findings) == {"github", "gitlab"}


def test_lockfiles_name_their_sources(audit):
    findings = audit({
        "a/uv.lock": '[[package]]\nname = "sentry-sdk"\nsource = { registry = "https://pypi.org/simple" }\n'
                     'sdist = { url = "https://files.pythonhosted.org/x" }\n'
                     '[[package]]\nname = "b"\nsource = { git = "https://github.com/x/b?rev=1#2" }\n',
        "b/poetry.lock": '[[package]]\nname = "a"\n',
        "c/Pipfile.lock": '{"_meta": {"sources": [\n{"name": "pypi", "url": "https://pypi.org/simple"}]}}',
    })
    assert places(findings, "pypi") == {("a/uv.lock", 3), ("b/poetry.lock", 1), ("c/Pipfile.lock", 2)}
    assert places(findings, "github") == {("a/uv.lock", 7)}
    assert providers(findings) == {"pypi", "github"}


def test_setup_files_name_what_they_require_and_nothing_of_the_metadata(audit):
    findings = audit({
        "a/setup.py": 'from setuptools import setup\n# install_requires=["openai"]\nsetup(\n'
                      '    url="https://github.com/x/y", author_email="a@gmail.com",\n    install_requires=[\n'
                      '        "sentry-sdk>=1",  # "stripe"\n    ],\n    extras_require={"stripe": ["flask"]},\n)\n',
        "b/setup.cfg": "[metadata]\nurl = https://github.com/x\n[options]\ninstall_requires =\n    sentry-sdk\n"
                       "packages = find:\n",
    })
    assert places(findings, "sentry") == {("a/setup.py", 6), ("b/setup.cfg", 5)}
    assert places(findings, "pypi") == {("a/setup.py", 6), ("b/setup.cfg", 5)}
    assert providers(findings) == {"pypi", "sentry"}


def test_conda_and_pip_are_two_in_one_environment(audit):
    findings = audit({"environment.yml": "name: x\nchannels: [conda-forge]\ndependencies:\n  - python=3.11\n  - pip:\n"
                                         "    - sentry-sdk\n"})
    assert places(findings, "pypi") == {("environment.yml", 6)}
    assert places(findings, "sentry") == {("environment.yml", 6)}
    assert any(finding["line"] == 4 for finding in findings)
