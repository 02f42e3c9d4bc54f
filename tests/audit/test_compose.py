"""Compose files: whose images, and what their services are told to talk to."""
import pytest

from .conftest import places, providers

COMPOSE = """\
x-app: &app
  image: ghcr.io/bakery/shop:1
  environment: &env
    SENTRY_DSN: https://x@o1.ingest.sentry.io/2
services:
  web:
    <<: *app
    environment:
      <<: *env
      OPENAI_API_KEY: ${OPENAI_API_KEY}
  db:
    image: postgres:16
    # image: quay.io/commented/out
  built:
    build: .
    image: bakery/built
  proxy:
    image: ${REGISTRY:-quay.io}/traefik:${TAG:-v3}
    command:
      - --certificatesresolvers.le.acme.dnschallenge.provider=cloudflare
      - --api
    labels:
      - "docs=https://api.stripe.com"
"""


def test_images_environment_and_flags(audit):
    findings = audit({"compose.yaml": COMPOSE})
    assert places(findings, "github") == {("compose.yaml", 2)}
    assert places(findings, "sentry") == {("compose.yaml", 4)}
    assert places(findings, "openai") == {("compose.yaml", 10)}
    assert places(findings, "docker") == {("compose.yaml", 12)}
    assert places(findings, "red-hat") == {("compose.yaml", 18)}
    assert places(findings, "cloudflare") == {("compose.yaml", 20)}
    assert places(findings, "letsencrypt") == {("compose.yaml", 20)}
    assert providers(findings) == {"github", "sentry", "openai", "docker", "red-hat", "cloudflare", "letsencrypt"}


@pytest.mark.parametrize("lines", [
    "AWS_ACCESS_KEY_ID: x\n      S3_ENDPOINT: http://minio:9000",
    "OPENAI_API_KEY: x\n      OPENAI_BASE_URL: http://ollama:11434/v1",
    "SENTRY_DSN: ''",
    "APP_URL: https://shop.bakery.fr",
])
def test_what_leads_nowhere_or_home_is_nobody(audit, lines):
    findings = audit({"docker-compose.yml": "services:\n  a:\n    build: .\n    environment:\n      %s\n" % lines})
    assert providers(findings) <= ({"sentry"} if "SENTRY" in lines else set())


def test_services_of_others_are_no_compose(audit):
    assert audit({"services.yaml": "services:\n  App\\Mailer:\n    arguments: ['postgres:16']\n"}) == []


def test_a_file_that_changes_another_needs_no_image(audit):
    override = "services:\n  a:\n    environment:\n      - ApplicationInsights__InstrumentationKey=${KEY}\n"
    assert providers(audit({"docker-compose.override.yml": override})) == {"azure"}
