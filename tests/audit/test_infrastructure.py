"""CloudFormation, Serverless, Pulumi, Packer, Ansible, Prometheus, Alertmanager, Traefik, nginx and Caddy."""
import pytest

from .conftest import places, providers

FILES = [
    ("stack.yaml", """\
Description: https://api.stripe.com
Resources:
  # B: {Type: "AWS::S3::Bucket"}
  T:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Image: ghcr.io/a/b:1
          Environment:
            - Name: DSN
              Value: https://x@o1.ingest.sentry.io/2
        - Image: !Ref Image
""", {("aws", 5), ("github", 8), ("sentry", 11)}),
    ("stack.json", '{"Resources": {"B": {\n"Type": "AWS::S3::Bucket"}}}', {("aws", 2)}),
    ("serverless.yml", """\
service: shop
provider:
  name: aws
  environment:
    SENTRY_DSN: https://x@o1.ingest.sentry.io/2
functions:
  a:
    handler: b
""", {("aws", 3), ("sentry", 5)}),
    ("Pulumi.prod.yaml", "secretsprovider: awskms://alias/x\nconfig:\n  gcp:region: europe-west1\n  shop:key: v\n",
     {("aws", 1), ("google-cloud", 3)}),
    ("a.pkr.hcl", 'source "amazon-ebs" "x" {\n  description = "https://api.stripe.com"\n}\nbuild {\n'
                  '  provisioner "shell" {\n    inline = ["pip install x"]\n  }\n}\n', {("aws", 1), ("pypi", 6)}),
    ("site.yml", """\
- hosts: all
  tasks:
    - name: See https://api.stripe.com
      amazon.aws.ec2_instance:
        name: a
    - ansible.builtin.git:
        repo: https://gitlab.com/a/b
        dest: /x
      when: true
    - docker_container: {name: a, image: "quay.io/a/b:1"}
    - uri:
        url: "http://{{ host }}/health"
    - shell: pip install x
""", {("aws", 4), ("gitlab", 7), ("red-hat", 10), ("pypi", 13)}),
    ("prometheus.yml", """\
scrape_configs:
  - job_name: a
    ec2_sd_configs: [{region: x}]
    static_configs: [{targets: ["shop.bakery.fr:9090"]}]
remote_write:
  - url: https://prometheus-prod-01-eu-west-0.grafana.net/api/prom/push
""", {("aws", 3), ("grafana", 6)}),
    ("alertmanager.yml", """\
route: {receiver: a}
receivers:
  - name: a
    pagerduty_configs:
      - service_key: x
  - name: b
    slack_configs:
      - api_url: http://mattermost:8065/hooks/x
""", {("pagerduty", 4)}),
    ("traefik.yml", """\
entryPoints: {web: {address: ":80"}}
certificatesResolvers:
  a:
    acme:
      caServer: https://acme-staging-v02.api.letsencrypt.org/directory
      dnsChallenge:
        provider: cloudflare
""", {("letsencrypt", 5), ("cloudflare", 7)}),
    ("shop.conf", """\
upstream api {
    server shop.herokuapp.com:443;
}
server {
    server_name shop.bakery.fr;
    # proxy_pass https://api.stripe.com;
    resolver 1.1.1.1 valid=30s;
    location / { proxy_pass http://api; }
    location /fr { proxy_pass https://www.bakery.fr; }
    location /ai { proxy_pass https://api.openai.com/v1; }
    location /old { return 301 https://api.stripe.com/x; }
}
""", {("heroku", 2), ("cloudflare", 7), ("openai", 10)}),
    ("Caddyfile", """\
shop.bakery.fr {
    tls {
        dns cloudflare {env.TOKEN}
    }
    # reverse_proxy https://api.stripe.com
    reverse_proxy /ai/* https://api.openai.com
    redir https://api.stripe.com
    reverse_proxy localhost:8080
}
""", {("cloudflare", 3), ("openai", 6)}),
]


@pytest.mark.parametrize("name, content, expected", FILES, ids=[row[0] for row in FILES])
def test_what_is_depended_on_and_nothing_else(audit, name, content, expected):
    findings = audit({name: content})
    same = {"isrg": "letsencrypt", "lets-encrypt": "letsencrypt", "letsencrypt.org": "letsencrypt",
            "grafana-labs": "grafana", "grafana.net": "grafana", "pagerduty.com": "pagerduty"}
    found = {finding["provider_id"] or finding["provider"] for finding in findings}
    lines = {(same.get(one, one), line) for one in found for _, line in places(findings, one)}
    assert lines == expected


def test_ansibles_requirements_and_variables(audit):
    findings = audit({
        "requirements.yml": "collections:\n  - name: amazon.aws\n  - name: a.b\n"
                            "    source: https://gitlab.com/a/b.git\n",
        "group_vars/all.yml": "shop_image: quay.io/a/b:1\nshop_docs: https://api.stripe.com\n"
                              "dsn: https://x@o1.ingest.sentry.io/2\n"})
    assert places(findings, "gitlab") == {("requirements.yml", 4)}
    assert places(findings, "red-hat") >= {("group_vars/all.yml", 1)}
    assert places(findings, "sentry") == {("group_vars/all.yml", 3)}
    assert "stripe" not in providers(findings)
