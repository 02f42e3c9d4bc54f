"""Settings: the names that are of use with one provider, the hosts in values, and nothing that leads elsewhere."""
import pytest

from .conftest import places, providers


def unknown(findings):
    return {finding["provider"] for finding in findings if finding["provider_id"] is None}


@pytest.mark.parametrize("name", [".env", ".env.example", ".env.production.sample", "env.dist", "prod.env",
                                  "a.properties", "a.ini", "a.conf", "env.sh", ".envrc"])
def test_a_variable_shows_its_provider(audit, name):
    findings = audit({name: "# STRIPE_SECRET_KEY=x\n\nSENTRY_DSN=\n"})
    assert places(findings, "sentry") == {(name, 3)}
    assert providers(findings) == {"sentry"}
    assert findings[0]["evidence"] == "configured" or name.endswith(("sh", "rc"))


def test_hosts_and_addresses_of_values_are_found(audit):
    findings = audit({".env": "SMTP_HOST=smtp.sendgrid.net\nDATABASE_URL=postgres://u:p@db.managed-a.com:5432/x\n"
                              "API_ENDPOINT=https://managed-b.com\n"
                              "CHAT_WEBHOOK=https://hooks.slack.com/services/T/B/x\n"})
    assert providers(findings) == {"sendgrid", "slack", "managed-a.com", "managed-b.com"}


@pytest.mark.parametrize("settings", [
    "OPENAI_BASE_URL=http://localhost:11434/v1\nOPENAI_API_KEY=x\n",
    "S3_ENDPOINT=http://minio:9000\nAWS_ACCESS_KEY_ID=x\nAWS_SECRET_ACCESS_KEY=y\nS3_BUCKET=z\nFILESYSTEM_DISK=s3\n",
    "SENTRY_ENABLED=false\n",
    "HELP_URL=https://help.foreign.com\nDOCS_URL=https://foreign.com\nTERMS_URL=https://foreign.com/terms\n",
    "SITE_URL=https://www.bakery.fr\nAPI_ENDPOINT=https://api.bakery.fr\n",
    "API_ENDPOINT=https://api.example.com\nSMTP_HOST=mail.example.org\nDB_HOST=localhost\n"
    "REDIS_URL=redis://redis:6379\n",
    "MAIL_FROM=Someone <someone@foreign.com>\n",
    "GREETING=welcome to https://foreign.com and more\n",
    "CORS_ORIGINS=https://foreign.com\n",
    "VERSION=1.2.3\nFILE=config.yml\nPACKAGE=com.foreign.app\n",
])
def test_what_leads_elsewhere_is_no_dependency(audit, settings):
    assert not audit({".env": settings})


@pytest.mark.parametrize("name, text, provider", [
    ("src/main/resources/application.yml", "spring:\n  mail:\n    host: smtp.sendgrid.net\n", "sendgrid"),
    ("appsettings.json", '{"Mail": {"Host": "smtp.sendgrid.net"}}', "sendgrid"),
    ("config/app.toml", '[mail]\nhost = "smtp.sendgrid.net"\n', "sendgrid"),
    ("config/storage.yml", "amazon:\n  service: S3\n  bucket: x\n", "aws"),
    ("config/settings.yml", "llm:\n  model: gpt-4o\n", "openai"),
])
def test_settings_of_applications_are_read(audit, name, text, provider):
    assert providers(audit({name: text})) == {provider}


@pytest.mark.parametrize("name, text", [
    ("config/locales/en.yml", "en:\n  url: https://api.foreign.com/v1\n"),
    ("config/storage.yml", "minio:\n  service: S3\n  endpoint: http://minio:9000\n"),
    ("config/a.schema.json", '{"$schema": "https://json-schema.org/x", "url": "https://api.foreign.com/v1"}'),
    ("data/people.json", '[{"url": "https://api.foreign.com/v1"}]'),
    ("config/links.yml", "docs: https://api.foreign.com/v1\nhomepage: https://foreign.com\n"),
    ("config/a.yml", "# api_url: https://api.foreign.com/v1\n"),
    ("messages_fr.properties", "api.url=https://api.foreign.com/v1\n"),
])
def test_what_is_no_setting_is_not_read(audit, name, text):
    assert not audit({name: text})


def test_a_content_security_policy_names_who_is_loaded(audit):
    policy = ("default-src 'self' own-site.fr; connect-src 'self' *.algolia.net; "
              "frame-ancestors https://www.youtube.com; script-src https://js.stripe.com/v3/ 'unsafe-inline'; "
              "report-uri https://own-site.fr/csp")
    header = f'[[headers]]\nfor = "/*"\n[headers.values]\nContent-Security-Policy = "{policy}"\n'
    findings = audit({"netlify.toml": header, ".env": f'CSP="{policy}"\n'})
    assert places(findings, "algolia") == places(findings, "stripe") == {("netlify.toml", 4), (".env", 1)}
    assert providers(findings) == {"netlify", "algolia", "stripe"}


def test_a_private_variable_of_next_is_its_providers(audit):
    assert providers(audit({".env.example": "NEXT_PRIVATE_RESEND_API_KEY=\n"})) == {"resend"}


def test_a_projects_own_prefix_hides_no_credential(audit):
    found = audit({".env.example": "BAKERY_STRIPE_SECRET_KEY=\nAPP__SENTRY_DSN=\nINTERNAL_API_KEY=\nMY_SECRET_KEY=\n"
                                   "BACKUP_DAILY_HOUR=3\nJOBS_LINE_COUNT=\nDB_ACCESS_TOKEN=\n"})
    assert providers(found) == {"stripe", "sentry"}


@pytest.mark.parametrize("name", ["secrets.yml.example", "settings.yaml.sample", "settings.yml.dist"])
def test_templates_are_read_as_what_they_are_templates_of(audit, name):
    assert providers(audit({"config/" + name: "production:\n  rollbar_server_token: ''\n"})) == {"rollbar"}


def test_a_projects_own_prefix_hides_no_client(audit):
    assert providers(audit({".env.example": "SHOP_OAUTH2_GITHUB_CLIENT_ID=\n"})) == {"github"}
    assert not audit({".env.example": "SHOP_OIDC_CLIENT_ID=\nCUSTOM_OAUTH_CLIENT_ID=\nWIKI_LDAP_CLIENT_ID=\n"})
