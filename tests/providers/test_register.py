"""The register of providers keeps the form that data/providers/README.md promises, and no pattern catches too much."""
import datetime
import functools
import ipaddress
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
FOLDER = DATA / "providers"
SUFFIXES = Path("/usr/share/publicsuffix/public_suffix_list.dat")

HOSTS = ["domains", "registries", "mx", "spf", "dkim", "autodiscover", "cname", "ns", "caa"]
SUFFIXES_OF_ONE = {"nic.in"}  # public suffixes below which one operator alone runs hosts
EFFORTS = {"hours", "days", "weeks", "months"}
PROVIDER = {"id", "name", "entity", "owner", "country", "source", "date", "services"}
SERVICE = {"id", "name", "category"}
OTHERS = {"services-of": {"services-of", "services"}, "networks-of": {"networks-of", "date", "source", "networks"}}

HOST = re.compile(r"(\*|[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)(\.(\*|[a-z0-9_]([a-z0-9_-]*[a-z0-9])?))+")
FORMS = {
    "images": r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*/?[a-z0-9._-]*\*?",
    "npm": r"(@[a-z0-9][a-z0-9._-]*/[\w.-]*|[\w.-]+)(/[\w.-]+)*/?\*?",
    "pypi": r"[a-z0-9]+(-[a-z0-9]+)*-?\*?",
    "go": r"[a-z0-9-]+(\.[a-z0-9-]+)+/[\w./-]*\*?",
    "cargo": r"[A-Za-z0-9_-]+\*?",
    "maven": r"[\w.-]+(:[\w.-]*\*?|\.\*)",
    "nuget": r"[\w.-]+\*?",
    "gem": r"[\w.-]+\*?",
    "composer": r"[a-z0-9._-]+/[a-z0-9._-]*\*?",
    "python": r"[A-Za-z_]\w*(\.\w+)*\.?\*?",
    "java": r"[a-z]\w*(\.\w+)*(\.?\*)?",
    "dotnet": r"\w+(\.\w+)*\.?\*?",
    "php": r"\w+(\\\w+)*(\\?\*)?",
    "terraform": r"[a-z][a-z0-9]*([_-][a-z0-9]+)*_?\*?",
    "terraform-providers": r"[\w-]+/[\w-]+",
    "actions": r"[\w.-]+/([\w./-]*\*?)",
    "environment": r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*_?\*?",
    "models": r"[\w.@:/-]+\*?",
    "names": r"(?!command:)[a-z-]+:[^\s*]*\*?|command:[\w.-]+( [\w.:/-]+)*( ?\*)?",
}

# Names that belong to nobody: protocols, programs that one runs oneself, settings that every application has.
GENERIC = {
    "npm": "aws4 axios ioredis kafkajs knex mongodb mongoose mysql mysql2 node-fetch nodemailer openid-client passport "
           "pg prisma redis s3 ws minio mqtt amqplib typeorm sequelize oidc-client",
    "pypi": "redis psycopg2 psycopg2-binary psycopg pymongo mysqlclient sqlalchemy django flask requests httpx celery "
            "kafka kafka-python pika minio s3fs s3cmd elasticsearch opensearch-py authlib",
    "gem": "redis pg mysql2 mongo fog faraday omniauth carrierwave shrine sidekiq resque",
    "composer": "predis/predis league/flysystem symfony/mailer guzzlehttp/guzzle",
    "cargo": "redis sqlx tokio reqwest object_store rust-s3 s3",
    "environment": "API_KEY API_TOKEN ACCESS_KEY SECRET_KEY TOKEN SECRET PASSWORD USERNAME DATABASE_URL REDIS_URL PORT "
                   "MONGODB_URI MONGO_URL HOST DOMAIN BASE_URL SMTP_HOST SMTP_USER SMTP_PASSWORD MAIL_HOST EMAIL_HOST "
                   "S3_BUCKET S3_ENDPOINT S3_ACCESS_KEY CLIENT_ID CLIENT_SECRET APP_KEY APP_SECRET NODE_ENV "
                   "KUBECONFIG DSN REGION BUCKET WEBHOOK_URL ACCESS_TOKEN JWT_SECRET SESSION_SECRET",
}


class Mapping(yaml.CSafeLoader):
    """Refuses a mapping with the same key twice, which YAML forbids and its readers let pass."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"twice: {sorted(twice)}", node.start_mark)
        return super().construct_mapping(node, deep)


def read(path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader=Mapping)


@functools.cache
def entries():
    return [(path.name, entry) for path in sorted(FOLDER.glob("*.yaml")) for entry in read(path)]


@functools.cache
def providers():
    return [entry for _, entry in entries() if "entity" in entry]


@functools.cache
def services():
    return [service for _, entry in entries() for service in entry.get("services", [])]


def patterns(sign):
    return [(service["id"], pattern) for service in services() for pattern in service.get(sign, [])]


def signs():
    return [*HOSTS, *FORMS, "networks"]


@functools.cache
def public_suffixes():
    text = SUFFIXES.read_text(encoding="utf-8").split("===END ICANN DOMAINS===")[0]
    return {line.strip() for line in text.splitlines() if line.strip() and not line.startswith("//")}


def is_public(host):
    """Whether everybody may have a name below that one."""
    known = public_suffixes()
    parent = host.partition(".")[2]
    if f"!{host}" in known or host in SUFFIXES_OF_ONE:
        return False
    return "." not in host or host in known or f"*.{parent}" in known


def test_there_are_enough_of_them():
    assert len(services()) >= 400 and len(providers()) >= 200


def test_every_entry_has_its_keys_and_no_others():
    wrong = []
    for file, entry in entries():
        kind = next((key for key in OTHERS if key in entry), "id")
        keys = OTHERS.get(kind, PROVIDER)
        if keys - set(entry) or set(entry) - keys - ({"laws"} if kind == "id" else set()):
            wrong.append(f"{file}: {entry.get(kind)}: {sorted(set(entry) ^ keys)}")
        for service in entry.get("services", []):
            if SERVICE - set(service) or set(service) - SERVICE - {"alternatives", "source", "date", "note", *signs()}:
                wrong.append(f"{file}: {service.get('id')}: {sorted(set(service) ^ SERVICE)}")
    assert not wrong


def test_services_stand_with_a_provider():
    known = {provider["id"] for provider in providers()}
    assert not [entry["services-of"] for _, entry in entries()
                if "services-of" in entry and entry["services-of"] not in known]


def test_every_value_is_a_text_or_a_list_of_texts():
    """An unquoted NO, 1.10 or 2026-11-24 is something else to a reader of YAML; only dates may be."""
    wrong = []
    for provider in providers():
        wrong += [(provider["id"], key) for key in PROVIDER - {"services", "date"} if not is_text(provider[key])]
        wrong += [(provider["id"], law) for law in provider.get("laws", []) if not is_text(law)]
    for service in services():
        wrong += [(service["id"], key) for key in SERVICE if not is_text(service[key])]
        wrong += [(service["id"], sign) for sign in signs() if sign in service and not is_texts(service[sign])]
    assert not wrong


def is_text(value):
    return isinstance(value, str) and value == value.strip() and value != ""


def is_texts(values):
    return isinstance(values, list) and values != [] and all(is_text(value) for value in values)


@pytest.mark.parametrize("all_of", [providers, services])
def test_ids_are_plain_and_unique(all_of):
    ids = [each["id"] for each in all_of()]
    assert not [each for each in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", each)]
    assert not {each for each in ids if ids.count(each) > 1}


def test_names_of_providers_are_unique():
    names = [provider["name"].lower() for provider in providers()]
    assert not {name for name in names if names.count(name) > 1}


def test_categories_exist():
    known = {category["id"] for category in read(DATA / "categories.yaml")}
    assert not [(service["id"], service["category"]) for service in services() if service["category"] not in known]


def test_countries_exist():
    known = {country["country"] for country in read(DATA / "jurisdictions.yaml")}
    assert not [(provider["id"], provider["country"]) for provider in providers() if provider["country"] not in known]


def test_facts_have_a_source_and_a_date():
    wrong = []
    for _, entry in entries():
        for item in [entry, *entry.get("services", [])]:
            source, date = item.get("source"), item.get("date")
            name = item.get("id", item.get("networks-of"))
            if source and not re.fullmatch(r"https://[a-z0-9][\w.-]+(/\S*)?", source):
                wrong.append((name, source))
            if date and (not isinstance(date, datetime.date) or not 2024 <= date.year <= 2026):
                wrong.append((name, date))
    assert not wrong


def test_every_service_has_a_sign():
    assert not [service["id"] for service in services() if not any(service.get(sign) for sign in signs())]


def ways():
    """(who, alternatives) of services, then of categories."""
    yield from ((service["id"], service["alternatives"]) for service in services() if "alternatives" in service)
    yield from ((entry["category"], entry["alternatives"]) for entry in read(DATA / "alternatives.yaml"))


def test_alternatives_say_what_they_cost():
    wrong = [(who, way) for who, each in ways() for way in each
             if set(way) - {"own"} != {"name", "effort"} or way["effort"] not in EFFORTS
             or way.get("own", False) not in (True, False) or not is_text(way["name"])]
    assert not wrong
    assert not [who for who, each in ways() if not 1 <= len(each) <= 4]


def test_every_category_has_a_way_out():
    listed = [entry["category"] for entry in read(DATA / "alternatives.yaml")]
    assert len(listed) == len(set(listed))
    assert set(listed) == {category["id"] for category in read(DATA / "categories.yaml")}


@pytest.mark.parametrize("sign", signs())
def test_no_two_services_have_the_same_pattern(sign):
    seen, wrong = {}, []
    for service, pattern in patterns(sign):
        key = pattern.lower() if sign in [*HOSTS, "nuget"] else pattern
        if key in seen:
            wrong.append(f"{pattern}: {seen[key]}, {service}")
        seen[key] = service
    assert not wrong


@pytest.mark.parametrize("sign", HOSTS)
def test_hosts_have_their_form(sign):
    wrong = [(service, host) for service, host in patterns(sign)
             if not HOST.fullmatch(host) or host.count("*") > 1 or len(host) > 253]
    assert not wrong


@pytest.mark.parametrize("sign", HOSTS)
def test_hosts_belong_to_somebody(sign):
    """Neither a public suffix, nor a label of everybody's below one, nor a name for examples."""
    if not SUFFIXES.exists():
        pytest.skip("the package publicsuffix is not installed")
    wrong = [(service, host) for service, host in patterns(sign)
             if is_public(host.rpartition("*.")[2])
             or re.search(r"(^|\.)(example(\.(com|org|net))?|test|invalid|localhost|local)$", host)]
    assert not wrong


@pytest.mark.parametrize("sign", FORMS)
def test_patterns_have_the_form_of_their_sign(sign):
    form = re.compile(FORMS[sign])
    assert not [(service, pattern) for service, pattern in patterns(sign) if not form.fullmatch(pattern)]


@pytest.mark.parametrize("sign", set(FORMS) - {"names"})
def test_beginnings_are_long_enough_to_be_somebodys(sign):
    wrong = [(service, pattern) for service, pattern in patterns(sign)
             if pattern.endswith("*") and len(re.sub(r"[\W_]", "", pattern)) < 2]
    assert not wrong


@pytest.mark.parametrize("sign", GENERIC)
def test_nothing_that_is_everybodys_is_a_sign(sign):
    generic = GENERIC[sign].split()
    wrong = []
    for service, pattern in patterns(sign):
        wrong += [(service, pattern, name) for name in generic
                  if name == pattern or (pattern.endswith("*") and name.startswith(pattern[:-1]))]
    assert not wrong


def test_networks_are_networks():
    wrong = []
    for service, network in [*patterns("networks"), *((entry["networks-of"], network) for _, entry in entries()
                                                      for network in entry.get("networks", []))]:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            wrong.append((service, str(error)))
    assert not wrong


def test_networks_belong_to_services():
    known = {service["id"] for service in services()}
    assert not [entry["networks-of"] for _, entry in entries()
                if "networks-of" in entry and entry["networks-of"] not in known]


def places():
    """The first column of the README's table of places."""
    table = (FOLDER / "README.md").read_text(encoding="utf-8").split("## Places of names")[1]
    return set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE))


def test_places_of_names_are_those_of_the_readme_and_each_is_used():
    used = {name.partition(":")[0] for _, name in patterns("names")}
    assert used == places()


def test_the_names_that_the_readme_promises_are_known():
    """Registries, builds, hosting and tools that readers name by themselves."""
    table = (FOLDER / "README.md").read_text(encoding="utf-8").split("## Places of names")[1]
    known = {name for _, name in patterns("names")}
    wrong = []
    for place in ("registry", "ci", "hosting", "tool", "alertmanager"):
        row = re.search(rf"^\| `{place}` \|(.*)\|$", table, re.MULTILINE).group(1)
        wrong += [f"{place}:{name}" for name in re.findall(r"`([\w-]+)`", row) if f"{place}:{name}" not in known]
    assert not wrong
