"""Manifests and lockfiles of Go, Rust and Java: their registries, the SDKs that are asked for, and no metadata."""
from tests.audit.conftest import places, providers


def test_go_modules_come_from_the_proxy_whatever_host_their_paths_name(audit):
    findings = audit({
        "go.mod": "module github.com/x/y\n\ngo 1.22\n\nrequire github.com/getsentry/sentry-go v0.1.0\n\nrequire (\n"
                  "\tgithub.com/spf13/cobra v1.0.0\n\tgithub.com/stripe/stripe-go/v76 v1 // indirect\n)\n\n"
                  "replace (\n\tgithub.com/openai/openai-go => ../x\n)\n",
        "go.sum": "github.com/stripe/stripe-go/v76 v1 h1:x\n",
    })
    assert places(findings, "sentry") == {("go.mod", 5)}
    assert len(providers(findings)) == 2  # and the proxy
    assert {finding["line"] for finding in findings if finding["file"] == "go.sum"} == {1}


def test_a_go_module_without_requirements_depends_on_no_proxy(audit):
    assert audit({"go.mod": "module github.com/x/y\n\ngo 1.22\n"}) == []


def test_crates_come_from_crates_io_git_or_beside(audit):
    findings = audit({
        "Cargo.toml": '[package]\nname = "x"\nrepository = "https://gitlab.com/x"\n[dependencies]\n'
                      'local = { path = "../l" }\nshared.workspace = true\n'
                      'sentry = "0.32"\nb = { git = "https://github.com/x/b" }\n'
                      '[target.\'cfg(unix)\'.dependencies]\naws-sdk-s3 = "1"\n',
        "Cargo.lock": '[[package]]\nname = "s"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\n',
    })
    assert places(findings, "sentry") == {("Cargo.toml", 7)}
    assert places(findings, "github") == {("Cargo.toml", 8)}
    assert places(findings, "aws") == {("Cargo.toml", 10)}
    assert len(providers(findings)) == 4  # and crates.io
    assert {finding["line"] for finding in findings if finding["file"] == "Cargo.lock"} == {3}


POM = """<?xml version="1.0"?>
<project xmlns="http://maven.apache.org/POM/4.0.0" xsi:schemaLocation="http://maven.apache.org/POM/4.0.0 x.xsd"
         xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <groupId>com.shop</groupId><url>https://shop.github.io</url>
  <scm><url>https://github.com/x/y</url></scm>
  <organization><url>https://www.stripe.com</url></organization>
  <dependencies>
    <!-- <dependency><groupId>com.stripe</groupId><artifactId>stripe-java</artifactId></dependency> -->
    <dependency><groupId>com.shop</groupId><artifactId>own</artifactId></dependency>
    <dependency>
      <groupId>io.sentry</groupId>
      <artifactId>sentry</artifactId>
    </dependency>
  </dependencies>
  <repositories><repository><id>s</id><url>https://gitlab.com/api/v4/maven</url></repository></repositories>
</project>
"""


def test_a_repository_beside_the_projects_home_is_ones_own(audit):
    pom = ("<project><groupId>org.bakery</groupId><url>%s</url><repositories><repository><id>b</id>"
           "<url>https://repo.bakery.io/maven</url></repository></repositories></project>")
    assert providers(audit({"pom.xml": pom % "https://bakery.io"})) == set()
    assert len(providers(audit({"pom.xml": pom % "https://github.com/bakery/oven"}))) == 1


def test_a_pom_names_artifacts_and_repositories_and_nothing_else(audit):
    findings = audit({"pom.xml": POM})
    assert places(findings, "sentry") == {("pom.xml", 12)}
    assert places(findings, "gitlab") == {("pom.xml", 15)}
    assert len(providers(findings)) == 3  # and Maven Central
    assert len(findings) == 3
