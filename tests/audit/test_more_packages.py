"""Manifests of Gradle, PHP, .NET, Ruby, Elixir, Dart, Swift and CocoaPods."""
from tests.audit.conftest import places, providers

GRADLE = """// implementation("com.stripe:stripe-java:1")
plugins {
    kotlin("jvm") version "1.9"
    id("io.sentry.jvm.gradle") version "4"
}
repositories {
    mavenCentral()
    maven { url = uri("https://gitlab.com/api/v4/maven") }
}
dependencies {
    /* implementation("com.stripe:stripe-java:1") */
    implementation("io.sentry:sentry:7.0.0")
    implementation(project(":core"))
    testImplementation 'junit:junit:4'
}
publishing { pom { url = "https://shop.github.io"
    scm { url = "https://github.com/x" } } }
"""


def test_gradle_names_repositories_plugins_and_artifacts(audit):
    findings = audit({"app/build.gradle.kts": GRADLE})
    path = "app/build.gradle.kts"
    assert (path, 12) in places(findings, "sentry")
    assert places(findings, "gitlab") == {(path, 8)}
    assert {finding["line"] for finding in findings} <= {3, 4, 7, 8, 12}
    assert 7 in {finding["line"] for finding in findings}  # Maven Central
    assert not {"stripe", "github"} & providers(findings)


def test_gradle_without_repositories_takes_artifacts_from_maven_central(audit):
    findings = audit({"build.gradle": "dependencies {\n  compile project(':x')\n  compile 'io.sentry:sentry:7'\n}\n"})
    assert {finding["line"] for finding in findings} == {3}
    assert len(providers(findings)) == 2


def test_a_version_catalog_names_artifacts(audit):
    findings = audit({"gradle/libs.versions.toml": '[versions]\ns = "7"\n[libraries]\n'
                                                   'a = { module = "io.sentry:sentry", version.ref = "s" }\n'
                                                   'b = { group = "com.stripe", name = "stripe-java" }\n'})
    assert places(findings, "sentry") == {("gradle/libs.versions.toml", 4)}
    assert places(findings, "stripe") == {("gradle/libs.versions.toml", 5)}


def test_composer_names_packages_and_no_platform(audit):
    findings = audit({
        "composer.json": '{"homepage": "https://github.com/x", "require": {"php": ">=8", "ext-json": "*",\n'
                         '"sentry/sentry-laravel": "^4"}, "suggest": {"stripe/stripe-php": "pay"}}',
        "composer.lock": '{"packages": [{"name": "a/b",\n"dist": {"url": "https://api.github.com/x"},\n'
                         '"notification-url": "https://packagist.org/downloads/"}]}',
    })
    assert places(findings, "sentry") == {("composer.json", 2)}
    assert {(finding["file"], finding["line"]) for finding in findings} == {("composer.json", 2), ("composer.lock", 3)}
    assert len(providers(findings)) == 2


def test_packagist_may_be_left_out(audit):
    findings = audit({"composer.json": '{"repositories": [{"packagist.org": false}], "require": {"a/b": "1"}}'})
    assert findings == []


def test_dotnet_projects_name_packages(audit):
    findings = audit({
        "App.csproj": '<Project Sdk="Microsoft.NET.Sdk">\n<PropertyGroup><PackageProjectUrl>https://github.com/x'
                      '</PackageProjectUrl></PropertyGroup>\n<ItemGroup><ProjectReference Include="../B/B.csproj"/>\n'
                      '<PackageReference Include="Sentry.AspNetCore" Version="4"/>\n</ItemGroup></Project>',
        "old/packages.config": '<packages>\n<package id="Stripe.net" version="1"/>\n</packages>',
        "nuget.config": '<configuration><packageSources><clear/>\n'
                        '<add key="n" value="https://api.nuget.org/v3/index.json"/>\n</packageSources></configuration>',
    })
    assert places(findings, "sentry") == {("App.csproj", 4)}
    assert places(findings, "stripe") == {("old/packages.config", 2)}
    assert {(finding["file"], finding["line"]) for finding in findings} == {
        ("App.csproj", 4), ("old/packages.config", 2), ("nuget.config", 2)}


def test_gemfiles_name_gems_and_where_they_come_from(audit):
    findings = audit({
        "Gemfile": '# gem "stripe"\nsource "https://rubygems.org"\nruby "3.3"\ngem "rails", "~> 7"\n'
                   'gem "sentry-ruby", require: false\ngem "widgetry", github: "a/x"\ngem "own", path: "../own"\n',
        "Gemfile.lock": "GEM\n  remote: https://rubygems.org/\n  specs:\n    stripe (1.0)\n",
        "own.gemspec": 'Gem::Specification.new do |spec|\n  spec.homepage = "https://gitlab.com/x"\n'
                       '  spec.metadata["source_code_uri"] = "https://github.com/x"\n'
                       '  spec.add_dependency "sentry-ruby", "~> 5"\nend\n',
    })
    assert places(findings, "sentry") == {("Gemfile", 5), ("own.gemspec", 4)}
    assert places(findings, "github") == {("Gemfile", 6)}
    registry = {(finding["file"], finding["line"]) for finding in findings
                if finding["provider_id"] not in ("sentry", "github")}
    assert registry == {("Gemfile", 2), ("Gemfile.lock", 2), ("own.gemspec", 4)}
    assert not {"stripe", "gitlab"} & providers(findings)


def test_elixir_dart_swift_and_cocoapods(audit):
    findings = audit({
        "mix.exs": 'defmodule X do\n  def project, do: [source_url: "https://gitlab.com/x", version: "1.0"]\n'
                   '  defp deps do\n    [{:phoenix, "~> 1.7"},\n     {:y, github: "a/y"}]\n  end\nend\n',
        "pubspec.yaml": "name: x\nhomepage: https://gitlab.com/x\ndependencies:\n  flutter:\n    sdk: flutter\n"
                        "  http: ^1.0\n  z:\n    git:\n      url: https://github.com/a/z\n",
        "Package.swift": 'let package = Package(dependencies: [\n'
                         '  .package(url: "https://github.com/a/b", from: "1.0")])\n',
        "Podfile": "platform :ios, '15.0'\ntarget 'App' do\n  pod 'Alamofire', '~> 5'\nend\n",
    })
    assert places(findings, "github") == {("mix.exs", 5), ("pubspec.yaml", 8), ("Package.swift", 2)}
    others = {(finding["file"], finding["line"]) for finding in findings if finding["provider_id"] != "github"}
    assert others == {("mix.exs", 4), ("pubspec.yaml", 6), ("Podfile", 3)}


def test_flutter_packages_of_a_provider_are_signs(audit):
    found = audit({"pubspec.yaml": "name: x\ndependencies:\n  sentry_flutter: ^8.0.0\n  firebase_core: ^3.0.0\n"
                                   "  provider: ^6.0.0\n"})
    assert {finding["provider_id"] for finding in found} == {"pub-dev", "sentry", "google"}
