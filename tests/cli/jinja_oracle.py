"""Python's jinja2, set up as Hugging Face sets it up to render chat templates: what our interpreter must equal."""
import copy
import datetime
import functools
import json

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox


class Generation(jinja2.ext.Extension):
    """{% generation %} ... {% endgeneration %} marks what the assistant said, and prints it."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_pass"), [], [], body).set_lineno(line)

    def _pass(self, caller):
        return caller()


def _raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def _tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _strftime_now(form):
    return datetime.datetime.now().strftime(form)


@functools.cache
def _environment():
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    made.filters["tojson"] = _tojson
    made.globals |= {"raise_exception": _raise_exception, "strftime_now": _strftime_now}
    return made


@functools.cache
def _compiled(source):
    return _environment().from_string(source)


def render(source, messages, tools=None, add_generation_prompt=True, bos="", eos=""):
    """The prompt as bytes; raises what jinja2 raises. It gets copies: its indent filter adds to a list in place."""
    return _compiled(source).render(
        messages=copy.deepcopy(messages), tools=copy.deepcopy(tools), documents=None,
        add_generation_prompt=add_generation_prompt, bos_token=bos, eos_token=eos).encode()
