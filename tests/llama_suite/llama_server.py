#!/usr/bin/env python3
"""Takes llama-server's flags and becomes `bastide serve`: what llama-server's own tests start.

A flag that asks for something that Bastide does not have ends it, and with it the test. Settings that Bastide takes in
requests only (temperature, seed, length) are put there by suite_conftest.py. BASTIDE_BINARY is the program,
BASTIDE_SUITE_WORK a folder for models and homes.
"""
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import tiny_model  # noqa: E402

# What changes nothing here: how llama.cpp computes, and what requests say.
PASSED_OVER = {"--offline": 0, "--temp": 1, "--seed": 1, "--batch-size": 1, "--ubatch-size": 1,
               "--n-gpu-layers": 1, "--cont-batching": 0, "--embedding": 0, "--reranking": 0, "--metrics": 0,
               "--swa-full": 0, "--slots": 0, "--no-slots": 0, "-fa": 1, "-ctk": 1, "-ctv": 1, "--n-predict": 1,
               "--jinja": 0, "--no-jinja": 0, "--verbose": 0, "--cache-ram": 1, "--no-cache-idle-slots": 0,
               "--reasoning-format": 1, "--reasoning": 1, "--no-mmproj": 0}
TAKEN = {"--port", "--host", "--alias", "--parallel", "--ctx-size", "--threads", "--slot-save-path", "--api-key",
         "--sleep-idle-seconds", "--hf-repo", "--hf-file", "--pooling", "--chat-template", "--chat-template-file"}
TAKEN_ALONE = {"--kv-unified", "--no-ui"}
POOLINGS = {"mean": 1, "cls": 2, "last": 3}
REPOSITORIES = {  # what its tests download, as tiny models of ours
    "ggml-org/test-model-stories260K": {}, "ggml-org/test-model-stories260K-infill": {"middle": True},
    "ggml-org/models": {"words": True}, "ggml-org/tinygemma3-GGUF:Q8_0": {},
}
TEMPLATES = HERE.parent / "templates"


def read_flags(words):
    flags, words = {}, iter(words)
    for word in words:
        if word in PASSED_OVER:
            for _ in range(PASSED_OVER[word]):
                next(words)
        elif word in TAKEN:
            flags[word] = next(words)
        elif word in TAKEN_ALONE:
            flags[word] = True
        else:
            sys.exit(f"{word}: Bastide has no such thing")
    return flags


def template_of(flags):
    if "--chat-template-file" in flags:
        return Path(flags["--chat-template-file"]).read_text()
    named = flags.get("--chat-template", "chatml")
    file = TEMPLATES / f"{named.replace('-', '_')}.jinja"
    if not file.is_file():
        return named  # it is a template itself
    return re.sub(r"\{\{-? ?bos_token ?-?\}\}", "", file.read_text())  # those that llama.cpp has built in write none


def make_model(flags, folder):
    repository = flags.get("--hf-repo")
    if repository not in REPOSITORIES:
        sys.exit(f"{repository}: there is no model in its place")
    pooling = flags.get("--pooling")
    if pooling and pooling not in POOLINGS:
        sys.exit(f"--pooling {pooling}: Bastide has no such thing")
    if "-of-" in flags.get("--hf-file", ""):
        sys.exit("models in several files: Bastide has no such thing")
    wishes = {"template": template_of(flags), "pooling": POOLINGS.get(pooling)} | REPOSITORIES[repository]
    model = folder / f"{flags.get('--alias', 'tiny')}.gguf"
    shutil.copyfile(cached(wishes), model)
    return model


def cached(wishes):
    """The model with these properties, made when it was first asked for."""
    source = Path(tiny_model.__file__).read_text()
    name = hashlib.sha256(source.encode() + json.dumps(wishes, sort_keys=True).encode()).hexdigest()[:16]
    model = Path(os.environ["BASTIDE_SUITE_WORK"]) / f"{name}.gguf"
    if not model.is_file():
        draft = model.with_suffix(f".{os.getpid()}")
        tiny_model.make(draft, **wishes)
        draft.rename(model)
    return model


def write_key(home, key):
    """A key of the test's own choice: bastide key add makes ones at random."""
    file = home / "keys.json"
    file.write_text(json.dumps([{"name": "suite", "hash": hashlib.sha256(key.encode()).hexdigest(),
                                 "scopes": "chat,admin", "rate": "", "expires": 0}]))
    file.chmod(0o600)


def main():
    flags = read_flags(sys.argv[1:])
    home = Path(tempfile.mkdtemp(dir=os.environ["BASTIDE_SUITE_WORK"]))
    parallel = int(flags.get("--parallel", 4))
    context = int(flags.get("--ctx-size", 4096)) // (1 if "--kv-unified" in flags else parallel)
    command = [os.environ["BASTIDE_BINARY"], "serve", str(make_model(flags, home)), "--any-model",
               "--port", flags["--port"], "--host", flags["--host"], "--parallel", str(parallel),
               "--context", str(context)]
    for theirs, ours in (("--threads", "--threads"), ("--slot-save-path", "--slot-dir")):
        if theirs in flags:
            command += [ours, flags[theirs]]
    if "--sleep-idle-seconds" in flags:
        command += ["--keep-alive", flags["--sleep-idle-seconds"] + "s"]
    if "--no-ui" in flags:
        command.append("--no-page")
    if "--api-key" in flags:
        write_key(home, flags["--api-key"])
    os.execve(command[0], command, os.environ | {"BASTIDE_HOME": str(home)})


if __name__ == "__main__":
    main()
