"""Programs: what they talk to, import and read from their environment; never what they only mention."""
import pytest

from .conftest import places, providers


def unknown(findings):
    return {finding["provider"] for finding in findings if finding["provider_id"] is None}


@pytest.mark.parametrize("name, program", [
    ("a.js", "// fetch('https://api.foreign-a.com/v1')\nfetch('https://api.loaded-b.com/v1')\n"),
    ("a.ts", "/* x */\nconst API_URL: string = `https://api.loaded-b.com/${version}/x`\n"),
    ("a.py", '"""https://api.foreign-a.com/v1"""\nBASE_URL = "https://api.loaded-b.com/v1"\n'),
    ("a.go", "// x\nconst endpoint = `https://api.loaded-b.com/v1`\n"),
    ("a.java", "/** https://api.foreign-a.com/v1 */\nString baseUrl = \"https://api.loaded-b.com/v1\";\n"),
    ("a.kt", "// x\nval apiUrl: String = \"https://api.loaded-b.com/v1\"\n"),
    ("a.scala", "// x\nval apiUrl = \"https://api.loaded-b.com/v1\"\n"),
    ("a.cs", "/// https://api.foreign-a.com/v1\nstring endpoint = @\"https://api.loaded-b.com/v1\";\n"),
    ("a.fs", "(* \"https://api.foreign-a.com/v1\" *)\nlet endpoint = \"https://api.loaded-b.com/v1\"\n"),
    ("a.rb", "# https://api.foreign-a.com/v1\nAPI_URL = 'https://api.loaded-b.com/v1'\n"),
    ("a.php", "<?php // https://api.foreign-a.com/v1\n$apiUrl = 'https://api.loaded-b.com/v1';\n"),
    ("a.rs", "//! https://api.foreign-a.com/v1\nconst API_URL: &str = \"https://api.loaded-b.com/v1\";\n"),
    ("a.c", "// x\n#define API_URL \"https://api.loaded-b.com/v1\"\n"),
    ("a.swift", "// x\nlet apiUrl = \"https://api.loaded-b.com/v1\"\n"),
    ("a.dart", "// x\nfinal apiUrl = 'https://api.loaded-b.com/v1';\n"),
    ("a.ex", "# x\n@api_url \"https://api.loaded-b.com/v1\"\n"),
    ("a.clj", "; \"https://api.foreign-a.com/v1\"\n(http/get \"https://api.loaded-b.com/v1\")\n"),
    ("a.lua", "-- x\nlocal api_url = \"https://api.loaded-b.com/v1\"\n"),
    ("a.pl", "# x\nmy $api_url = 'https://api.loaded-b.com/v1';\n"),
    ("a.ps1", "# x\n$ApiUrl = 'https://api.loaded-b.com/v1'\n"),
])
def test_addresses_that_a_program_talks_to_are_found(audit, name, program):
    findings = audit({name: program})
    assert unknown(findings) == {"loaded-b.com"}
    assert places(findings, "loaded-b.com") == {(name, 2)}
    assert findings[0]["evidence"] == "declared"


@pytest.mark.parametrize("program", [
    "const docs = 'https://docs.foreign.com/api/v1'",
    "console.log('https://api.foreign.com/v1')",
    "throw new Error('https://api.foreign.com/v1')",
    "const help = 'see https://api.foreign.com/v1 for more'",
    "const x = { href: 'https://api.foreign.com/v1' }",
    "const xmlns = 'http://schemas.foreign.com/v1'",
    "const x = { $schema: 'https://api.foreign.com/v1/schema.json' }",
    "const url = 'https://api.example.com/v1'",
    "const apiUrl = 'http://localhost:3000/api'",
    "const url = `https://api.${domain}.com/v1`",
    "const userAgent = 'https://api.foreign.com/v1'",
    "if (url.startsWith('https://api.foreign.com/v1')) {}",
    "if (url == 'https://api.foreign.com/v1') {}",
    "const repository = 'https://github.com/owner/repo'",
    "const x = { name: 'Foreign', url: 'https://www.foreign.com' }",
    "const allowlist = ['https://api.foreign.com/v1']",
    "const text = 'gpt-4o is a model'",
])
def test_addresses_that_are_only_mentioned_are_not(audit, program):
    assert not audit({"src/a.js": program + "\n"})


@pytest.mark.parametrize("name, program, expected", [
    ("next.config.js", "module.exports = {\n  images: {\n    domains: [\n      'res.cloudinary.com',\n"
     "      'unknown.net',\n    ],\n  },\n};\n", {"cloudinary"}),
    ("a.js", "const x = { mail: { domains: ['res.cloudinary.com'] } };\n", set()),
    ("csp.rb", "config do |policy|\n  policy.img_src :self, :data, 'fonts.gstatic.com'\n"
     "  policy.connect_src :self, '*.algolia.net', 'localhost:3035'\nend\n", {"google", "algolia"}),
    ("a.rb", "policy.img_src :self\nx 'fonts.gstatic.com'\n", set()),
    ("a.js", "headers.push({ value: \"script-src 'self' js.stripe.com; frame-ancestors codesandbox.io\" });\n",
     {"stripe"}),
    ("Program.cs", 'var db = b.AddPostgres("db").WithImage("ankane/pgvector").WithImageTag("latest");\n', {"docker"}),
])
def test_hosts_and_images_that_a_framework_is_given(audit, name, program, expected):
    assert providers(audit({name: program})) == expected


def test_a_django_apps_tests_are_tests(audit):
    assert not audit({"app/tests.py": "url = 'https://api.deepl.com/v2/'\n"})


def test_tests_talk_to_nobody(audit):
    assert not audit({"spec/a_spec.rb": "API_URL = 'https://api.foreign.com/v1'\n"})


@pytest.mark.parametrize("name, program, provider", [
    ("a.ts", "import * as Sentry from '@sentry/node/x'", "sentry"),
    ("a.js", "const Sentry = require('@sentry/node')", "sentry"),
    ("a.js", "export { x } from '@sentry/node'", "sentry"),
    ("a.py", "from sentry_sdk.integrations.flask import FlaskIntegration", "sentry"),
    ("a.py", "import os, boto3 as b", "aws"),
    ("a.go", 'import (\n\t"fmt"\n\ts "github.com/getsentry/sentry-go"\n)', "sentry"),
    ("a.java", "import software.amazon.awssdk.services.s3.S3Client;", "aws"),
    ("a.cs", "using Amazon.S3;", "aws"),
    ("a.php", "<?php\nuse Aws\\S3\\S3Client;", "aws"),
    ("a.rb", "require 'aws-sdk-s3'", "aws"),
    ("a.rs", "use aws_sdk_s3::Client;", "aws"),
])
def test_imports_of_a_providers_sdk_are_found(audit, name, program, provider):
    assert providers(audit({name: program + "\n"})) == {provider}


@pytest.mark.parametrize("name, program", [
    ("a.js", "x(process.env.SENTRY_DSN)"), ("a.js", "x(process.env['SENTRY_DSN'])"),
    ("a.ts", "import.meta.env.SENTRY_DSN"), ("a.ts", "import.meta.env.VITE_SENTRY_DSN"),
    ("a.ts", "x(process.env.NEXT_PUBLIC_SENTRY_DSN)"), ("a.js", "x(process.env['REACT_APP_SENTRY_DSN'])"),
    ("a.ts", "createEnv({ server: {\n SENTRY_DSN: string().optional(),\n} })"),
    ("a.ts", "const server = {\n SENTRY_DSN: z\n  .string(),\n}"), ("a.ts", "x({ SENTRY_DSN: filled(z.string()) })"),
    ("a.js", "cleanEnv(process.env, { SENTRY_DSN: url() })"), ("a.js", "x({ SENTRY_DSN: Joi.string() })"),
    ("a.py", "class Settings(BaseSettings):\n    SENTRY_DSN: str | None = None"),
    ("a.py", "class Settings(pydantic_settings.BaseSettings):\n    sentry_dsn: str = ''"),
    ("a.py", "x = os.environ['SENTRY_DSN']"), ("a.py", "x = os.environ.get('SENTRY_DSN')"),
    ("a.py", "x = os.getenv('SENTRY_DSN')"), ("a.go", 'x := os.Getenv("SENTRY_DSN")'), ("a.rb", "ENV['SENTRY_DSN']"),
    ("a.rb", "ENV.fetch('SENTRY_DSN', nil)"), ("a.java", 'x = System.getenv("SENTRY_DSN");'),
    ("a.php", "<?php $x = env('SENTRY_DSN');"), ("a.rs", 'let x = std::env::var("SENTRY_DSN");'),
    ("a.cs", 'x = Environment.GetEnvironmentVariable("SENTRY_DSN");'), ("a.ex", 'System.get_env("SENTRY_DSN")'),
])
def test_variables_that_a_program_reads_are_signs(audit, name, program):
    assert providers(audit({name: program + "\n"})) == {"sentry"}


@pytest.mark.parametrize("name, program", [
    ("a.ts", "const x = { SENTRY_DSN: 'x' }"), ("a.ts", "const x = z ? SENTRY_DSN : z.string()"),
    ("a.go", "x := T{ SENTRY_DSN: z.String() }"), ("a.py", "class Settings(Base):\n    SENTRY_DSN: str"),
    ("a.py", "class Settings(BaseSettings):\n    pass\nclass Other:\n    SENTRY_DSN: str"),
    ("a.py", "class Settings(BaseSettings):\n    x: dict = {\n        SENTRY_DSN: 1}"),
])
def test_names_in_capitals_that_are_no_settings_are_no_variables(audit, name, program):
    assert not audit({name: program + "\n"})


def test_models_count_where_they_are_models(audit):
    assert places(audit({"a.py": "x(model='gpt-4o')\n"}), "openai") == {("a.py", 1)}
    assert places(audit({"b.py": "import openai\nx('gpt-4o')\n"}), "openai") >= {("b.py", 1), ("b.py", 2)}
    assert not places(audit({"c.py": "names = ['gpt-4o']\n"}), "openai") & {("c.py", 1)}
