"""Pages, style sheets and templates: what a browser loads is a dependency, what a page only links to is none."""
import pytest

from .conftest import places, providers

PAGE = """\
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "https://dtd.unknown-a.com/x.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<!-- <script src="https://js.unknown-b.com/a.js"></script> -->
<link rel="stylesheet" href="https://fonts.googleapis.com/css2?family=Inter">
<link rel="canonical" href="https://www.bakery.fr/">
<link href="//cdn.loaded-c.com/x.css" rel="stylesheet">
<meta property="og:image" content="https://cdn.unknown-d.com/x.png">
<script src='//static.loaded-e.com/a.js' async></script>
<script type="application/ld+json">{"url": "https://api.unknown-f.com/v1"}</script>
<script>
  // fetch("https://api.unknown-g.com/v1")
  fetch("https://api.loaded-h.com/v1/x");
</script>
<a href="https://www.unknown-i.com/">x</a>
<img srcset="https://img.loaded-j.com/1.png 1x, https://img.loaded-k.com/2.png 2x" alt="https://api.unknown-l.com">
<style>/* url(https://x.unknown-m.com/a) */ body { background: url("https://img.loaded-n.com/a.png") }</style>
<form action="https://forms.loaded-o.com/f"></form>
<img src="https://assets.bakery.fr/logo.png">
"""

LOADED = {"google-fonts"} | {f"loaded-{letter}.com" for letter in "cehjkno"}


def unknown(findings):
    return {finding["provider"] for finding in findings if finding["provider_id"] is None}


def test_a_page_depends_on_what_it_loads(audit):
    findings = audit({"index.html": PAGE})
    assert unknown(findings) == {f"loaded-{letter}.com" for letter in "cehjkno"}
    assert providers(findings) >= {"google"}
    assert places(findings, "loaded-h.com") == {("index.html", 12)}
    assert places(findings, "loaded-o.com") == {("index.html", 17)}


@pytest.mark.parametrize("name, template", [
    ("a.html.erb", "<%# https://api.unknown.com %>\n<%= javascript_include_tag 'https://js.loaded.com/v3/' %>\n"
                   "<%= link_to 'x', 'https://www.unknown.com/' %>\n"),
    ("b.slim", "/ script src='https://js.unknown.com/a.js'\nhead\n  script src='https://js.loaded.com/a.js'\n"
               "  a href='https://www.unknown.com/' x\n"),
    ("c.haml", "-# %script{src: 'https://js.unknown.com/a.js'}\n%script{src: 'https://js.loaded.com/a.js'}\n"
               "%a{href: 'https://www.unknown.com/'} x\n"),
    ("d.pug", "//- script(src='https://js.unknown.com/a.js')\nscript(src='https://js.loaded.com/a.js')\n"
              "a(href='https://www.unknown.com/') x\n"),
    ("e.j2", "{# <script src='https://js.unknown.com/a.js'></script> #}\n"
             "<script src='https://js.loaded.com/{{ version }}.js'></script>\n"),
    ("f.hbs", "{{!-- <img src='https://js.unknown.com/a.js'> --}}\n<img src='https://js.loaded.com/a.png'>\n"),
    ("g.html", "<p th:text='x'></p>\n<script th:src='@{https://js.loaded.com/a.js}'></script>\n"),
    ("h.gohtml", "{{/* <script src='https://js.unknown.com/a.js'></script> */}}\n"
                 "<script src='https://js.loaded.com/a.js'></script>\n"),
    ("i.tsx", "{/* <img src='https://js.unknown.com/a.png'/> */}\nconst a = <img src='https://js.loaded.com/a.png'/>;\n"
              "const b = <a href='https://www.unknown.com/'>https://www.unknown.com</a>;\n"),
    ("j.vue", "<!-- https://js.unknown.com -->\n<template><img src='https://js.loaded.com/a.png'></template>\n"
              "<script>const docs = 'https://docs.unknown.com/api'</script>\n"),
    ("k.svelte", "<!-- x -->\n<svelte:head><script src='https://js.loaded.com/a.js'></script></svelte:head>\n"),
    ("l.php", "<?php // https://api.unknown.com ?>\n<script src='https://js.loaded.com/a.js'></script>\n"),
    ("m.blade.php", "{{-- <script src='https://js.unknown.com/a.js'></script> --}}\n"
                    "<script src='https://js.loaded.com/a.js'></script>\n"),
    ("n.cshtml", "@* <script src='https://js.unknown.com/a.js'></script> *@\n"
                 "<script src='https://js.loaded.com/a.js'></script>\n"),
    ("o.scss", "// @import 'https://js.unknown.com/a.css';\n@import url('https://js.loaded.com/a.css');\n"),
    ("p.twig", "{% comment %}x{% endcomment %}\n<script src=\"https://js.loaded.com/a.js\"></script>\n"),
])
def test_templates_load_what_their_pages_load(audit, name, template):
    findings = audit({f"views/{name}": template})
    assert unknown(findings) == {"loaded.com"}
    line = 3 if name == "b.slim" else 2
    assert places(findings, "loaded.com") == {(f"views/{name}", line)}


def test_snippets_of_analytics_are_known_by_their_addresses(audit):
    findings = audit({"a.html": """<script>
(function(w,d,s,l,i){j.async=true;j.src='https://www.googletagmanager.com/gtm.js?id='+i+dl;})(window,document);
(function(h,o,t,j){a(h,'https://static.hotjar.com/c/hotjar-','.js?sv=')})(window,document);
</script>"""})
    assert places(findings, "google") and len({finding["line"] for finding in findings}) == 2


def test_islands_in_programs_are_programs(audit):
    findings = audit({"a.html.erb": "<script>\nwindow.x = {\n  dsn: '<%= ENV.fetch('SENTRY_DSN', '') %>',\n"
                                    "  y: fetch('https://api.loaded.com/v1') };\n</script>\n"})
    assert places(findings, "sentry") == {("a.html.erb", 3)}
    assert places(findings, "loaded.com") == {("a.html.erb", 4)}


def test_copies_of_libraries_are_not_read(audit):
    text = "x.src = 'https://api.loaded.com/v1';\n"
    assert not audit({"static/jquery-3.1.js": text, "a.min.js": text, "vendor/x/a.js": text,
                      "b.js": "/* @generated */\n" + text, "c.js": "var a=1;" * 2000 + text})


def test_the_sites_own_domain_is_nobody_elses(audit):
    assert not audit({"CNAME": "bakery.fr\n", "index.html": "<img src='https://cdn.bakery.fr/a.png'>"})
