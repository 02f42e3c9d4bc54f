"""Terraform, OpenTofu, Terragrunt: whose providers, state, modules and images these are."""
import pytest

from .conftest import places, providers

AWS = """\
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
  backend "s3" {
    bucket = "state"
  }
}
# provider "google" {}
/* resource "azurerm_storage_account" "a" {} */
resource "aws_s3_bucket" "b" {
  bucket = "b"
}
"""


def test_providers_registry_backend_and_resources(audit):
    findings = audit({"main.tf": AWS})
    assert providers(findings) == {"aws", "hashicorp"}
    assert places(findings, "aws") == {("main.tf", 4), ("main.tf", 7), ("main.tf", 13)}
    assert places(findings, "hashicorp") == {("main.tf", 4)}


@pytest.mark.parametrize("endpoint, expected", [
    ('endpoint = "https://fra1.digitaloceanspaces.com"', {"digitalocean"}),
    ('endpoints = { s3 = "https://fra1.digitaloceanspaces.com" }', {"digitalocean"}),
    ('endpoint = "http://minio:9000"', set()),
    ('endpoint = var.endpoint', set()),
])
def test_state_behind_anothers_endpoint_is_not_amazons(audit, endpoint, expected):
    assert providers(audit({"main.tf": 'terraform {\n backend "s3" {\n  %s\n }\n}\n' % endpoint})) == expected


@pytest.mark.parametrize("source, expected", [
    ("terraform-aws-modules/vpc/aws", {"hashicorp", "aws"}),
    ("tfr:///terraform-aws-modules/vpc/aws?version=5.0", {"hashicorp", "aws"}),
    ("git::https://gitlab.com/a/b.git//c?ref=v1", {"gitlab"}),
    ("git@github.com:a/b.git", {"github"}),
    ("github.com/a/b//c", {"github"}),
    ("./modules/vpc", set()),
    ("../vpc", set()),
])
def test_a_module_is_its_registrys_or_its_hosts(audit, source, expected):
    assert providers(audit({"m.tf": 'module "m" {\n  source = "%s"\n}\n' % source})) == expected


def test_opentofus_registry_is_not_hashicorps(audit):
    findings = audit({"a.tofu": 'terraform {\n required_providers {\n  x = { source = "hashicorp/random" }\n }\n}\n',
                      ".terraform.lock.hcl": 'provider "registry.opentofu.org/hashicorp/random" {\n}\n'})
    assert "hashicorp" not in providers(findings)


def test_a_line_that_a_machine_fetches_with_is_a_command(audit):
    findings = audit({"a.tf": 'locals {\n  install = "curl -sfL https://get.k3s.io | K3S_EXEC=\'%s\' sh -"\n}\n'})
    assert places(findings, "suse") == {("a.tf", 2)}


def test_words_for_people_are_nothing(audit):
    assert audit({"a.tf": """\
variable "region" {
  description = "see https://docs.scaleway.com and https://api.openai.com"
  validation {
    condition     = length(var.region) > 2
    error_message = "Read https://api.stripe.com first."
  }
}
output "o" {
  description = "https://api.stripe.com"
  value       = "https://api.stripe.com"
}
"""}) == []


def test_images_of_containers_but_not_of_machines(audit):
    findings = audit({"a.tf": """\
resource "aws_ecs_task_definition" "t" {
  container_definitions = jsonencode([{
    image = "ghcr.io/a/b:1"
    environment = [{ name = "DSN", value = "https://x@o1.ingest.sentry.io/2" }]
  }])
}
resource "aws_ecs_task_definition" "u" {
  container_definitions = <<EOF
[{
  "image": "quay.io/a/b"
}]
EOF
}
resource "hcloud_server" "s" {
  image = "ubuntu-24.04"
}
"""})
    assert places(findings, "sentry") == {("a.tf", 4)}
    assert ("a.tf", 3) in {(finding["file"], finding["line"]) for finding in findings}
    assert ("a.tf", 10) in {(finding["file"], finding["line"]) for finding in findings}
    assert not {"docker-hub", "docker"} & providers(findings)


def test_what_terragrunt_generates_has_the_lines_of_its_file(audit):
    findings = audit({"terragrunt.hcl": """\
remote_state {
  backend = "gcs"
}
generate "p" {
  contents = <<EOF
provider "aws" {
  region = "eu-west-1"
}
EOF
}
"""})
    assert places(findings, "aws") == {("terragrunt.hcl", 6)}
    assert places(findings, "google-cloud") == {("terragrunt.hcl", 2)}


def test_json_is_read_too(audit):
    findings = audit({"a.tf.json": '{"resource": [{"aws_s3_bucket": {"b": {}}}],\n "module": {"m": {"source":\n'
                                   ' "git::https://gitlab.com/a/b"}}}'})
    assert providers(findings) == {"aws", "gitlab"}


def test_an_aws_that_is_played_by_another_is_nobodys(audit):
    assert audit({"a.tf": """\
provider "aws" {
  endpoints {
    s3 = "http://localhost:4566"
  }
}
resource "aws_s3_bucket" "b" {}
"""}) == []


def test_what_machines_and_charts_are_given(audit):
    findings = audit({"a.tf": """\
resource "hcloud_server" "s" {
  user_data = <<EOT
#cloud-config
packages: [docker.io]
runcmd:
  - pip install x
EOT
}
resource "helm_release" "r" {
  repository = "oci://ghcr.io/charts"
  values = [yamlencode({
    image = { repository = "quay.io/a/b", tag = "1" }
  })]
}
resource "kubernetes_deployment" "d" {
  env {
    name = "MAILJET_API_KEY"
    value_from {
      secret_key_ref {
        key = "k"
      }
    }
  }
}
""", "prod.tfvars": 'api_image = "registry.gitlab.com/a/b:1"\n'})
    assert places(findings, "pypi") == {("a.tf", 6)}
    assert places(findings, "github") == {("a.tf", 10)}
    assert places(findings, "red-hat") == {("a.tf", 12)}
    assert places(findings, "mailjet") == {("a.tf", 17)}
    assert places(findings, "gitlab") == {("prod.tfvars", 1)}
    assert "docker" not in providers(findings)
