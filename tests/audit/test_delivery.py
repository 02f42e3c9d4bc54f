"""What builds, tests and delivers: workflows and pipelines, platforms by their files, tools, Makefiles."""
import pytest

from tests.audit.conftest import places, providers

WORKFLOW = """name: Deploy to Stripe https://stripe.com
on: push
env:
  SENTRY_DSN: https://abc@o1.ingest.sentry.io/1
jobs:
  image:
    name: image of ghcr.io/x/y
    runs-on: ubuntu-latest
    container: ghcr.io/x/base:1
    services:
      db:
        image: postgres:16
    steps:
      # - uses: aws-actions/configure-aws-credentials@v4
      - uses: actions/checkout@v4
      - uses: ./local
      - uses: docker://quay.io/x/y:1
      - uses: google-github-actions/auth@v2
        if: contains(github.ref, 'https://vercel.com')
      - uses: docker/login-action@v3
        with:
          username: ${{ secrets.SENTRY_AUTH_TOKEN }}
      - uses: actions/github-script@v7
        with:
          script: curl https://api.openai.com
      - name: Notify https://api.openai.com
        run: |
          # curl https://api.openai.com
          echo "see https://api.openai.com/docs"
          curl -fsS \\
            https://api.stripe.com/v1/x
"""


def test_a_workflow_names_runner_actions_images_settings_and_commands(audit):
    findings = audit({".github/workflows/x.yml": WORKFLOW})
    path = ".github/workflows/x.yml"
    github = {line for _, line in places(findings, "github")}
    assert {8, 9, 15} <= github
    assert places(findings, "stripe") == {(path, 31)}
    assert places(findings, "sentry") == {(path, 4), (path, 22)}
    assert (path, 18) in places(findings, "google-cloud")
    assert {finding["line"] for finding in findings} == {4, 8, 9, 12, 15, 17, 18, 20, 22, 23, 31}
    assert not {"openai", "vercel", "aws"} & providers(findings)


def test_an_action_is_read_as_a_workflow_and_its_metadata_are_not(audit):
    findings = audit({"action.yml": "name: x\ndescription: https://stripe.com\nauthor: a@gmail.com\nruns:\n"
                                    "  using: composite\n  steps:\n    - run: pip install sentry-sdk\n"})
    assert places(findings, "sentry") == {("action.yml", 7)}
    assert providers(findings) == {"sentry", "pypi"}


def test_forgejo_takes_actions_from_its_own_mirror(audit):
    findings = audit({".forgejo/workflows/x.yml": "jobs:\n  a:\n    runs-on: docker\n    steps:\n"
                                                  "      - uses: actions/checkout@v4\n"
                                                  "      - uses: https://gitlab.com/x/y@v1\n"})
    assert "github" not in providers(findings)
    assert places(findings, "gitlab") == {(".forgejo/workflows/x.yml", 6)}


GITLAB = """image: ghcr.io/x/y
include:
  - project: group/templates
    file: x.yml
  - remote: https://gitlab.example.org/x.yml
  - template: Jobs/Build.gitlab-ci.yml
variables:
  SENTRY_DSN: https://abc@o1.ingest.sentry.io/1
test:
  services: [{name: "docker.io/postgres:16", alias: db}]
  image: $CI_REGISTRY_IMAGE/x
  script:
    - pip install flask
    - echo "https://stripe.com"
  environment: {name: x, url: "https://shop.vercel.app"}
"""


def test_gitlabs_pipeline_runs_on_any_gitlab(audit):
    findings = audit({".gitlab-ci.yml": GITLAB})
    assert "gitlab" not in providers(findings, "warning", "critical")
    assert {finding["line"] for finding in findings if finding["provider_id"] != "gitlab"} == {1, 8, 10, 13}
    assert {finding["level"] for finding in findings if finding["provider_id"] == "gitlab"} == {"note"}


def test_tags_of_gitlabs_own_runners_make_it_a_provider(audit):
    findings = audit({".gitlab-ci.yml": "a:\n  tags: [saas-linux-small-amd64]\n  script: [make]\n"})
    assert "gitlab" in providers(findings, "warning", "critical")


@pytest.mark.parametrize("path, content, lines", [
    (".circleci/config.yml", "version: 2.1\norbs:\n  aws: circleci/aws-cli@4\njobs:\n  a:\n    machine:\n"
                             "      image: ubuntu-2204:current\n    steps:\n"
                             "      - run: {name: x, command: pip install a}\n",
     {1, 3, 9}),
    (".travis.yml", "language: node\nenv:\n  - SENTRY_AUTH_TOKEN=abc\nscript:\n  - pip install a\n", {1, 3, 5}),
    ("azure-pipelines.yml", "pool: {vmImage: ubuntu-latest}\nsteps:\n- script: pip install a\n", {1, 3}),
    ("bitbucket-pipelines.yml", "image: node:20\npipelines:\n  default:\n    - step:\n        script:\n"
                                "          - pip install a\n", {1, 6}),
    ("cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, .]\n", {1, 2}),
    (".woodpecker.yml", "steps:\n  a:\n    image: node:20\n    commands:\n      - pip install a\n", {3, 5}),
    ("Jenkinsfile", "pipeline {\n agent { docker { image 'node:20' } } // image 'quay.io/x'\n"
                    " stages { stage('https://stripe.com') { steps { sh 'pip install a' } } } }\n", {2, 3}),
    ("Makefile", "# curl https://api.stripe.com\nURL ?= https://api.openai.com/v1\nall: x\n\t@pip install \\\n\t\ta\n"
                 "\t@echo https://stripe.com\n", {2, 5}),
])
def test_other_builds(audit, path, content, lines):
    assert {finding["line"] for finding in audit({path: content})} == lines


@pytest.mark.parametrize("path, content, provider", [
    ("vercel.json", '{"redirects": [{"destination": "https://stripe.com"}]}', "vercel"),
    ("netlify.toml", '[build]\ncommand = "make"\n[[redirects]]\nto = "https://stripe.com"\n', "netlify"),
    ("heroku.yml", "build:\n  docker:\n    web: Dockerfile\n", "heroku"),
    ("app.json", '{"name": "x", "website": "https://stripe.com", "stack": "heroku-22"}', "heroku"),
    ("fly.toml", 'app = "x"\n', "fly"),
    ("render.yaml", "services:\n  - type: web\n", "render"),
    ("firebase.json", '{"hosting": {}}', "google"),
    (".readthedocs.yaml", "version: 2\n", "read-the-docs"),
])
def test_platforms_know_a_project_by_its_file(audit, path, content, provider):
    findings = audit({path: content})
    assert [finding["provider_id"] or "" for finding in findings] == [provider]


def test_expos_app_json_is_not_herokus(audit):
    assert audit({"app.json": '{"expo": {"name": "x", "slug": "x"}}'}) == []


def test_tools_know_a_project_by_their_file(audit):
    findings = audit({
        "renovate.json": '{"$schema": "https://docs.renovatebot.com/renovate-schema.json"}',
        ".github/dependabot.yml": "# comment\nversion: 2\n",
        "own/sonar-project.properties": "sonar.projectKey=x\nsonar.host.url=https://sonar.intern\n",
        ".pre-commit-config.yaml": "repos:\n- repo: local\n- repo: https://github.com/a/b\n"
                                   "- repo: https://github.com/a/c\n",
        ".gitmodules": '[submodule "x"]\n\turl = git@gitlab.com:a/b.git\n[submodule "y"]\n\turl = ../y\n',
    })
    where = {(finding["file"], finding["line"]) for finding in findings}
    assert where == {("renovate.json", 1), (".github/dependabot.yml", 2), (".pre-commit-config.yaml", 3),
                     (".gitmodules", 2)}
