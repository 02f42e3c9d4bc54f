"""package.json, its lockfiles and settings: the registry, the SDKs that are asked for, and nothing of the metadata."""
from tests.audit.conftest import places, providers

MANIFEST = """{
  "name": "shop",
  "homepage": "https://shop.vendor-home.net",
  "repository": {"type": "git", "url": "https://github.com/x/shop"},
  "bugs": "https://gitlab.com/x/shop/issues",
  "author": "Jo <jo@gmail.com> (https://jo.wordpress.com)",
  "funding": "https://opencollective.com/shop",
  "publishConfig": {"registry": "https://npm.pkg.github.com"},
  "scripts": {"build": "tsc && echo see https://stripe.com/docs"},
  "dependencies": {
    "@sentry/node": "^7.0.0"
  },
  "peerDependencies": {"openai": "*"},
  "peerDependenciesMeta": {"openai": {"optional": true}}
}
"""


def test_a_manifest_names_its_registry_once_and_the_sdks_that_it_asks_for(audit):
    findings = audit({"package.json": MANIFEST})
    assert providers(findings) == {"npm", "sentry"}
    assert places(findings, "npm") == {("package.json", 11)}
    assert places(findings, "sentry") == {("package.json", 11)}


def test_a_manifest_without_packages_of_the_registry_depends_on_none(audit):
    assert audit({"package.json": '{"dependencies": {"a": "file:../a", "b": "workspace:*", "c": "./c"}}'}) == []
    assert audit({"package.json": '{"name": "x"}'}) == []


def test_code_hosts_stand_in_for_the_registry(audit):
    findings = audit({"package.json": '{"dependencies": {\n"a": "github:x/a",\n"b": "x/b",\n'
                                      '"c": "git+https://gitlab.com/x/c.git"}}'})
    assert places(findings, "github") == {("package.json", 2), ("package.json", 3)}
    assert providers(findings) == {"github", "gitlab"}


def test_lockfiles_name_the_hosts_that_packages_come_from(audit):
    lock = '{"packages": {"": {},\n"a": {"resolved": "https://registry.npmjs.org/a/-/a.tgz"},\n' \
           '"@sentry/node": {"resolved": "https://registry.npmjs.org/@sentry/node/-/n.tgz"},\n' \
           '"b": {"resolved": "git+ssh://git@github.com/x/b.git#1"}}}'
    findings = audit({"package-lock.json": lock})
    assert places(findings, "npm") == {("package-lock.json", 2)}
    assert places(findings, "github") == {("package-lock.json", 4)}
    assert providers(findings) == {"npm", "github"}


def test_locks_of_yarn_pnpm_and_bun_come_from_npm(audit):
    findings = audit({
        "a/yarn.lock": '# yarn lockfile v1\n\na@1:\n  version "1"\n'
                       '  resolved "https://registry.yarnpkg.com/a/-/a.tgz#1"\n',
        "b/yarn.lock": '__metadata:\n  version: 8\n\n"a@npm:^1":\n  version: 1\n  resolution: "a@npm:1.0.0"\n',
        "c/pnpm-lock.yaml": "lockfileVersion: '9.0'\npackages:\n  a@1.0.0:\n    resolution: {integrity: sha512-x}\n",
        "d/bun.lock": '{"lockfileVersion": 1, "packages": {\n"a": ["a@1.0.0", "", {}, "sha512-x"],\n}}',
    })
    assert places(findings, "npm") == {("a/yarn.lock", 5), ("b/yarn.lock", 4), ("c/pnpm-lock.yaml", 4),
                                       ("d/bun.lock", 2)}
    assert providers(findings) == {"npm"}


def test_settings_name_other_registries(audit):
    findings = audit({".npmrc": "; registry=https://registry.npmjs.org\n@x:registry=https://npm.pkg.github.com\n"
                                "//npm.pkg.github.com/:_authToken=${TOKEN}\n"})
    assert places(findings, "github") == {(".npmrc", 2), (".npmrc", 3)}


def test_scripts_are_commands(audit):
    findings = audit({"package.json": '{"scripts": {\n"deploy": "vercel deploy --prod",\n'
                                      '"sync": "curl -s https://api.stripe.com/v1/x | jq ."}}'})
    assert places(findings, "stripe") == {("package.json", 3)}


def test_settings_above_a_manifest_can_name_another_registry(audit):
    manifest = '{"dependencies": {"react": "^18.0.0", "stripe": "^15.0.0"}}'
    settings = "registry=https://npm.unknown-mirror.fr/\n"
    assert providers(audit({"package.json": manifest})) == {"npm", "stripe"}
    elsewhere = audit({".npmrc": settings, "packages/a/package.json": manifest})
    assert providers(finding for finding in elsewhere if finding["file"] != "package.json") == {"unknown-mirror.fr",
                                                                                               "stripe"}
    # A scope's registry leaves npm's for the others.
    scoped = audit({"b/.npmrc": "@x:registry=https://npm.unknown-mirror.fr/\n", "b/package.json": manifest})
    assert "npm" in providers(finding for finding in scoped if finding["file"] == "b/package.json")
