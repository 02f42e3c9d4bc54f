"""What single commands depend on, wherever they stand; here in a workflow's step."""
import json


def workflow(script):
    return {".forgejo/workflows/{}.yml": "jobs:\n  a:\n    steps:\n      - run: " + json.dumps(script) + "\n"}


COMMANDS = [
    ("npm install -g @sentry/cli", {"npm", "sentry"}),
    ("npm ci && npm run build", set()),
    ("npm install --registry https://gitlab.com/api/v4/npm left-pad", {"gitlab"}),
    ("npx --yes @sentry/cli releases new 1", {"sentry"}),
    ("yarn global add serve", {"npm"}),
    ("yarn build", set()),
    ("sudo -H pip3 install --no-cache-dir 'sentry-sdk[flask]>=1' boto3", {"pypi", "sentry", "aws"}),
    ("python -m pip install -r requirements.txt .", set()),
    ("pip install --index-url https://gitlab.com/api/v4/pypi/simple x", {"gitlab"}),
    ("pip install git+https://github.com/a/b@v1", {"github"}),
    ("uv pip install requests; uvx ruff", {"pypi"}),
    ("gem install bundler", {"rubygems"}),
    ("go install golang.org/x/tools/cmd/goimports@latest", {"google-go"}),
    ("go run main.go", set()),
    ("cargo install --git https://github.com/a/b b", {"github"}),
    ("composer require sentry/sentry", {"packagist", "sentry"}),
    ("twine upload dist/*", {"pypi"}),
    ("curl -fsSL -H 'Referer: https://openai.com' -o x https://api.stripe.com/v1 | tee y", {"stripe"}),
    ("curl -X POST -d 'see https://api.openai.com' \"$URL\"", set()),
    ("VERSION=$(curl -s https://api.stripe.com/v)", {"stripe"}),
    ("if wget -q api.stripe.com/v1; then true; fi", {"stripe"}),
    ("bash -c 'curl https://api.stripe.com'", {"stripe"}),
    ("cat <<EOF\ncurl https://api.stripe.com\nEOF", set()),
    ("bash <<'EOF'\ncurl https://api.stripe.com\nEOF", {"stripe"}),
    ("# curl https://api.stripe.com\ntrue # https://api.stripe.com", set()),
    ("echo 'curl https://api.stripe.com'; printf 'https://api.stripe.com'", set()),
    ("grep -r https://api.stripe.com . || sed -i s,https://api.stripe.com,x, y", set()),
    ("git commit -m 'use https://api.stripe.com'", set()),
    ("git clone --depth 1 git@gitlab.com:a/b.git", {"gitlab"}),
    ("docker run --rm -it -v $PWD:/x -p 80:80 --name y quay.io/a/b:1 curl https://api.stripe.com", {"red-hat"}),
    ("docker pull $CI_REGISTRY_IMAGE:latest; docker build -t x .", set()),
    ("echo $T | docker login ghcr.io -u x --password-stdin", {"github"}),
    ("docker login -u x --password-stdin $CI_REGISTRY", set()),
    ("kubectl apply -f https://github.com/a/b/releases/x.yaml", {"github"}),
    ("helm upgrade x oci://ghcr.io/a/b --set y=1", {"github"}),
    ("aws s3 sync . s3://bucket", {"aws"}),
    ("aws --endpoint-url https://s3.fr-par.scw.cloud s3 ls", {"scaleway"}),
    ("gh release create v1; AWS_PROFILE=x aws ecs update-service; vercel deploy --prod", {"github", "aws", "vercel"}),
    ("command -v aws || which gcloud; gcloud --version", set()),
    ("case $1 in\n  gh) x;;\n  aws) y;;\nesac", set()),
    ("export SENTRY_DSN=https://a@o1.ingest.sentry.io/1", {"sentry"}),
    ("echo \"SENTRY_DSN=https://a@o1.ingest.sentry.io/1\" >> $GITHUB_ENV", {"sentry"}),
    ("echo 'deb https://download.docker.com/linux/debian x stable' | sudo tee /etc/apt/sources.list.d/d.list",
     {"docker"}),
    ("apt-get install -y curl git", set()),
    ("curl ${BASE:-https://api.stripe.com}/v1", {"stripe"}),
    ("'", set()),
    ("$( `` ${", set()),
]


def test_a_command_names_what_it_depends_on(audit):
    files = {path.format(i): text for i, (script, _) in enumerate(COMMANDS) for path, text in workflow(script).items()}
    found = [set() for _ in COMMANDS]
    for finding in audit(files):
        number = int(finding["file"].split("/")[-1].split(".")[0])
        found[number].add(finding["provider_id"] or finding["provider"])
    wrong = [(script, got) for (script, expected), got in zip(COMMANDS, found) if got != expected]
    assert not wrong


def test_substitutions_within_each_other_end(audit):
    parts = ("$(", "`", "${", "(", "<<E\n", "\"$(", "bash -c '")
    audit({path.format(i): text for i, part in enumerate(parts) for path, text in workflow(part * 20000).items()})
