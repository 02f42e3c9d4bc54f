"""Manifests, charts, Kustomize, Argo CD and Flux."""
import pytest

from .conftest import places, providers


def manifest(kind, body, version="v1"):
    return "apiVersion: %s\nkind: %s\nmetadata:\n  name: a\n%s" % (version, kind, body)


def test_images_and_environment_of_pods(audit):
    findings = audit({"deploy.yaml": manifest("Deployment", """\
  annotations:
    description: https://api.stripe.com
spec:
  template:
    spec:
      containers:
        - name: a
          image: quay.io/a/b:1
          env:
            - name: DSN
              value: https://x@o1.ingest.sentry.io/2
            - name: OPENAI_API_KEY
              valueFrom: {secretKeyRef: {name: a, key: b}}
      initContainers:
        - image: busybox
""", "apps/v1")})
    assert places(findings, "red-hat") == {("deploy.yaml", 12)}
    assert places(findings, "sentry") == {("deploy.yaml", 15)}
    assert places(findings, "openai") == {("deploy.yaml", 16)}
    assert places(findings, "docker") == {("deploy.yaml", 19)}
    assert providers(findings) == {"red-hat", "sentry", "openai", "docker"}


@pytest.mark.parametrize("kind, body, expected", [
    ("Ingress", "spec:\n  ingressClassName: alb\n  rules:\n    - host: shop.bakery.fr\n", {"aws"}),
    ("Ingress", "spec:\n  ingressClassName: nginx\n  rules:\n    - host: shop.bakery.fr\n", set()),
    ("StorageClass", "provisioner: ebs.csi.aws.com\n", {"aws"}),
    ("Service", "  annotations:\n    service.beta.kubernetes.io/aws-load-balancer-type: nlb\n", {"aws"}),
    ("ClusterIssuer", "spec:\n  acme:\n    server: https://acme-v02.api.letsencrypt.org/directory\n    solvers:\n"
                      "      - dns01:\n          route53:\n            region: eu-west-1\n", {"aws", "letsencrypt"}),
    ("SecretStore", "spec:\n  provider:\n    aws:\n      service: SecretsManager\n", {"aws"}),
    ("SecretStore", "spec:\n  provider:\n    vault:\n      server: https://vault.svc\n", set()),
    ("ConfigMap", "data:\n  SENTRY_DSN: https://x@o1.ingest.sentry.io/2\n", {"sentry"}),
    ("ConfigMap", "data:\n  app.conf: |\n    # https://api.openai.com\n    dsn = https://x@o1.ingest.sentry.io/2\n",
     {"sentry"}),
    ("Application", "spec:\n  source:\n    repoURL: https://gitlab.com/a/b\n    path: c\n", {"gitlab"}),
    ("GitRepository", "spec:\n  url: ssh://git@github.com/a/b\n", {"github"}),
    ("CustomResourceDefinition", "spec:\n  description: https://api.stripe.com\n  image: a/b:c\n", set()),
    ("PrometheusRule", "spec:\n  groups:\n    - rules:\n        - annotations: {url: https://api.stripe.com}\n", set()),
])
def test_what_kinds_say(audit, kind, body, expected):
    found = {name.replace("letsencrypt.org", "letsencrypt").replace("isrg", "letsencrypt").replace("lets-encrypt",
             "letsencrypt") for name in providers(audit({"a.yaml": manifest(kind, body)}))}
    assert found == expected


def test_a_charts_dependencies_and_values(audit):
    findings = audit({
        "chart/Chart.yaml": """\
apiVersion: v2
name: shop
home: https://api.stripe.com
icon: https://api.stripe.com/x.png
dependencies:
  - name: redis
    repository: oci://ghcr.io/charts
  - name: local
    repository: file://../local
""",
        "chart/values.yaml": """\
# image: quay.io/commented/out
image:
  registry: quay.io
  repository: a/b
  tag: "1"
ingress:
  hosts:
    - host: shop.bakery.fr
sentry:
  dsn: https://x@o1.ingest.sentry.io/2
extraEnv:
  - name: OPENAI_API_KEY
    value: x
""",
        "chart/templates/deploy.yaml": """\
{{- if .Values.enabled }}
apiVersion: apps/v1
kind: Deployment
spec:
  containers:
    - image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
    - image: gcr.io/a/b:{{ .Values.tag | default "x" }}
{{- end }}
"""})
    assert places(findings, "github") == {("chart/Chart.yaml", 7)}
    assert places(findings, "red-hat") == {("chart/values.yaml", 3)}
    assert places(findings, "sentry") == {("chart/values.yaml", 10)}
    assert places(findings, "openai") == {("chart/values.yaml", 12)} or places(findings, "openai") == {
        ("chart/values.yaml", 13)}
    assert places(findings, "google-cloud") == {("chart/templates/deploy.yaml", 7)}
    assert providers(findings) == {"github", "red-hat", "sentry", "openai", "google-cloud"}


def test_a_repository_may_be_a_registry_alone(audit):
    chart = "apiVersion: v2\nname: a\nversion: 1.0.0\n"
    values = "images:\n  repository: 123456789012.dkr.ecr.eu-west-1.amazonaws.com\n  tag: latest\n"
    assert providers(audit({"Chart.yaml": chart, "values.yaml": values})) == {"aws"}


def test_kustomize_fetches_and_renames(audit):
    findings = audit({"kustomization.yaml": """\
resources:
  - deploy.yaml
  - https://gitlab.com/a/b//base?ref=1
images:
  - name: shop
    newName: quay.io/a/b
configMapGenerator:
  - name: c
    literals:
      - SENTRY_DSN=https://x@o1.ingest.sentry.io/2
"""})
    assert places(findings, "gitlab") == {("kustomization.yaml", 3)}
    assert places(findings, "red-hat") == {("kustomization.yaml", 6)}
    assert places(findings, "sentry") == {("kustomization.yaml", 10)}
