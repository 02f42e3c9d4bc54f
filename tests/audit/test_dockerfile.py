"""Dockerfiles: what they begin with, copy from, add and fetch."""
from .conftest import places, providers

DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG REGISTRY=quay.io
ARG TAG
FROM ${REGISTRY}/a/base:${TAG} AS build
LABEL org.opencontainers.image.source=https://gitlab.com/a/b
# RUN curl https://api.stripe.com
RUN curl -fsSL https://deb.nodesource.com/setup_20.x | sh && \\
    # curl https://api.openai.com
    pip install requests
ADD https://gitlab.com/a/b/-/archive/x.tar.gz /x
ENV SENTRY_DSN=https://x@o1.ingest.sentry.io/2
FROM build
COPY --from=build /a /a
COPY --from=ghcr.io/a/b:1 /a /a
COPY --from=0 /a /a
FROM scratch
CMD ["curl", "https://api.stripe.com"]
"""


def test_images_and_what_is_fetched(audit):
    findings = audit({"Dockerfile": DOCKERFILE})
    assert places(findings, "red-hat") == {("Dockerfile", 2), ("Dockerfile", 4)}
    assert places(findings, "nodesource.com") == {("Dockerfile", 7)} or "nodesource" in providers(findings)
    assert places(findings, "pypi") == {("Dockerfile", 9)}
    assert places(findings, "gitlab") == {("Dockerfile", 10)}
    assert places(findings, "sentry") == {("Dockerfile", 11)}
    assert places(findings, "github") == {("Dockerfile", 14)}
    assert not {"docker", "stripe", "openai"} & providers(findings)


def test_a_here_document_is_a_script(audit):
    findings = audit({"web.Dockerfile":
                      "FROM alpine\nRUN <<EOF\npip install x\nEOF\nRUN [\"npm\", \"install\", \"y\"]\n"})
    assert places(findings, "docker") == {("web.Dockerfile", 1)}
    assert places(findings, "pypi") == {("web.Dockerfile", 3)}
    assert places(findings, "npm") == {("web.Dockerfile", 5)}


def test_a_copied_here_document_with_a_shell_is_a_script(audit):
    findings = audit({"Dockerfile": 'FROM debian\nCOPY <<"EOF" /install.sh\n#!/bin/bash\n# https://api.openai.com/v1\n'
                                    "wget https://github.com/a/b/releases/download/c\nEOF\n"
                                    "COPY <<EOF /note.txt\ncurl https://api.openai.com/v1\nEOF\n"})
    assert places(findings, "github") == {("Dockerfile", 5)}
    assert providers(findings) == {"docker", "github"}


def test_keys_come_from_a_server(audit):
    findings = audit({"Dockerfile": "FROM debian\nRUN gpg --batch --keyserver keyserver.ubuntu.com --recv-keys ABC\n"})
    assert providers(findings) == {"docker", "ubuntu"}


def test_a_text_about_dockerfiles_is_none(audit):
    assert audit({"dockerfile.md": "FROM alpine\n", "Dockerfile.md": "FROM alpine\n"}) == []
