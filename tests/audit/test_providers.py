"""bastide audit providers: the register, browsed."""
import json
import subprocess

import pytest


@pytest.fixture
def shown(binary):
    def run(*words):
        return subprocess.run([binary, "audit", "providers", *words], capture_output=True, text=True, timeout=60)
    return run


def test_the_table_has_every_provider(shown):
    every = json.loads(shown("--json").stdout)
    table = shown().stdout
    assert len(every) >= 200 and sum(len(provider["services"]) for provider in every) >= 400
    assert all(provider["id"][:28] in table for provider in every)


def test_one_provider_is_shown_whole(shown):
    text = shown("aws").stdout
    assert "Amazon.com, Inc." in text and "CLOUD Act" in text and "instead: " in text and "aws-s3" in text


def test_filters_hold_for_all_that_is_shown(shown):
    found = json.loads(shown("--json", "--country", "fr", "--category", "mailbox").stdout)
    assert found
    assert {provider["country"] for provider in found} == {"FR"}
    assert {service["category"] for provider in found for service in provider["services"]} == {"mailbox"}


@pytest.mark.parametrize("words, status, says", [
    (["amazno-web"], 3, "no such provider"),
    (["cloudflrae"], 3, "is it cloudflare"),
    (["--category", "nothing"], 2, "no such category"),
    (["--providers", "/no/such"], 3, "/no/such"),
])
def test_wrong_names_are_said(shown, words, status, says):
    done = shown(*words)
    assert done.returncode == status and says in done.stderr


def test_an_own_entry_is_in_the_register(shown, tmp_path):
    own = tmp_path / "providers.yaml"
    own.write_text("- {id: bakery, name: Bakery Cloud, entity: Bakery SARL, owner: Bakery SARL, country: FR, services: "
                   "[{id: bakery-all, name: Bakery, category: cloud, domains: [cloud.bakery.fr]}]}\n")
    assert "Bakery SARL" in shown("bakery", "--providers", str(own)).stdout
