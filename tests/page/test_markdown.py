"""What the page makes of Markdown: the structure, hostile text, and time that grows with length only."""
import json

import pytest

pytestmark = pytest.mark.slow

RENDER = """async (text) => {
  const folder = document.querySelector("script[type=module]").src.replace("main.js", "");
  const { renderMarkdown } = await import(folder + "markdown.js");
  const holder = document.createElement("div");
  holder.append(renderMarkdown(text));
  for (const one of holder.querySelectorAll("figcaption")) one.remove();
  const show = (node) => node.nodeType === 3 ? node.data : node.nodeType === 11 || node === holder
    ? [...node.childNodes].map(show).join("")
    : "<" + node.localName + [...node.attributes].filter((a) => ["href", "start", "checked"].includes(a.name)
      || (node.localName.startsWith("t") && a.name === "class")).map((a) => ` ${a.name}=${a.value}`).join("") + ">"
      + [...node.childNodes].map(show).join("") + "</" + node.localName + ">";
  return show(holder);
}"""

# A fresh view is given the text in pieces; the result must be what the whole text gives.
STREAM = """async ([text, size]) => {
  const folder = document.querySelector("script[type=module]").src.replace("main.js", "");
  const { MarkdownView, renderMarkdown } = await import(folder + "markdown.js");
  const grown = document.createElement("div"), whole = document.createElement("div");
  const view = new MarkdownView(grown);
  for (let end = size; end < text.length + size; end += size) view.set(text.slice(0, end));
  whole.append(renderMarkdown(text));
  await new Promise((resolve) => setTimeout(resolve, 50));
  return [grown.innerHTML, whole.innerHTML];
}"""

TIME = """async (text) => {
  const folder = document.querySelector("script[type=module]").src.replace("main.js", "");
  const { renderMarkdown } = await import(folder + "markdown.js");
  const times = [];
  for (let run = 0; run < 3; run++) {
    const began = performance.now();
    renderMarkdown(text);
    times.push(performance.now() - began);
  }
  return Math.min(...times);
}"""

# A paragraph that is too long to be drawn is read all the same here: the reader itself must not be slow.
TIME_INLINE = TIME.replace("renderMarkdown", "parseInline").replace("markdown.js", "inline.js")


@pytest.fixture(scope="module")
def page(browser):
    """One page for the whole file: what is tested is functions."""
    import fake
    server = fake.start()
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    page.wait_for_selector("#message[aria-label]")
    yield page
    context.close()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("text, expected", [
    ("plain", "<p>plain</p>"),
    ("one\ntwo", "<p>one\ntwo</p>"),
    ("a  \nb", "<p>a<br></br>b</p>"),
    ("# T", "<h3>T</h3>"),
    ("## T ##", "<h4>T</h4>"),
    ("T\n===", "<h3>T</h3>"),
    ("#no", "<p>#no</p>"),
    ("*a* **b** ***c*** ~~d~~ `e*`",
     "<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em> <del>d</del> <code>e*</code></p>"),
    ("a * b * c", "<p>a * b * c</p>"),
    ("snake_case_name", "<p>snake_case_name</p>"),
    ("**bold *and* more**", "<p><strong>bold <em>and</em> more</strong></p>"),
    ("*a **b***", "<p><em>a <strong>b</strong></em></p>"),
    (r"\*not\*", "<p>*not*</p>"),
    ("`` a`b ``", "<p><code>a`b</code></p>"),
    ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
    ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
    ("3. a\n4. b", "<ol start=3><li>a</li><li>b</li></ol>"),
    ("1. a\n   - b\n   - c\n2. d", "<ol><li>a<ul><li>b</li><li>c</li></ul></li><li>d</li></ol>"),
    ("1. a\n  - b\n2. d", "<ol><li>a<ul><li>b</li></ul></li><li>d</li></ol>"),
    ("- a\n  - b\n    - c", "<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li></ul>"),
    ("- [x] a\n- [ ] b",
     "<ul><li><input checked=></input> a</li><li><input></input> b</li></ul>"),
    ("Text:\n- a", "<p>Text:</p><ul><li>a</li></ul>"),
    ("> a\n> > b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"),
    ("> a\nb", "<blockquote><p>a\nb</p></blockquote>"),
    ("---", "<hr></hr>"),
    ("a\n\n***\n\nb", "<p>a</p><hr></hr><p>b</p>"),
    ("```\na\n  b\n```\nc", "<figure><pre><code>a\n  b</code></pre></figure><p>c</p>"),
    ("~~~~\n```\n~~~~", "<figure><pre><code>```</code></pre></figure>"),
    ("```\nnot closed", "<figure><pre><code>not closed</code></pre></figure>"),
    ("    code", "<figure><pre><code>code</code></pre></figure>"),
    ("- a\n\n  ```\n  x\n  ```",
     "<ul><li><p>a</p><figure><pre><code>x</code></pre></figure></li></ul>"),
    ("|a|b|\n|:-|-:|\n|1|2|",
     "<div><table><thead><tr><th class=left>a</th><th class=right>b</th></tr></thead>"
     "<tbody><tr><td class=left>1</td><td class=right>2</td></tr></tbody></table></div>"),
    ("a | b\n--|--\n`x` | **y** \\| z",
     "<div><table><thead><tr><th>a</th><th>b</th></tr></thead>"
     "<tbody><tr><td><code>x</code></td><td><strong>y</strong> | z</td></tr></tbody></table></div>"),
    ("[a](https://example.org/b \"t\")",
     "<p><span><a href=https://example.org/b>a</a><small> (example.org)</small></span></p>"),
    ("https://example.org/a_(b).",
     "<p><span><a href=https://example.org/a_(b)>https://example.org/a_(b)</a></span>.</p>"),
    ("<https://example.org/>", "<p><span><a href=https://example.org/>https://example.org/</a></span></p>"),
    ("![alt](https://example.org/p.png)",
     "<p><span><a href=https://example.org/p.png>alt</a><small> (example.org)</small></span></p>"),
    ("[**a** b](https://example.org)",
     "<p><span><a href=https://example.org/><strong>a</strong> b</a><small> (example.org)</small></span></p>"),
    ("It costs $5 or $6.", "<p>It costs $5 or $6.</p>"),
    ("$5", "<p>$5</p>"),
    ("$ 5 $", "<p>$ 5 $</p>"),
    ("$20,000 and USD$30,000", "<p>$20,000 and USD$30,000</p>"),
    (r"\$5$", "<p>$5$</p>"),
    ("&amp; &lt;b&gt; &#65;", "<p>& <b> A</p>"),
], ids=lambda value: repr(value)[:24])
def test_structure(page, text, expected):
    assert page.evaluate(RENDER, text) == expected


@pytest.mark.parametrize("text, count", [("$x$", 1), ("$a$ and $b$", 2), (r"\(x\)", 1), (r"\[x\]", 1), ("$$\nx\n$$", 1),
                                         ("\\[\nx\n\\]", 1), ("a $$x$$ b", 1), ("$5 and $x$", 1), ("`$x$`", 0),
                                         ("```\n$x$\n```", 0), ("$x", 0), (r"\(x", 0)])
def test_formulas_are_found(page, text, count):
    page.evaluate(MATH, ["x", False])  # fetches the typesetter
    page.evaluate(RENDER, "$x$")
    assert page.evaluate(RENDER, text).count("<math>") == count


HOSTILE = [
    "<script>window.hit = 1</script>", "<img src=x onerror='window.hit = 1'>", "<svg/onload=window.hit=1>",
    "[a](javascript:window.hit=1)", "[a](JaVaScRiPt:window.hit=1)", "[a](&#106;avascript:window.hit=1)",
    "[a](java\nscript:window.hit=1)", "[a](  javascript:window.hit=1)", "[a](data:text/html,<script>1</script>)",
    "[a](vbscript:x)", "[a](file:///etc/passwd)", "[a](//evil.example/x)", "[a](/api/bastide/v1/status)",
    "![a](javascript:window.hit=1)", "![a](https://evil.example/pixel.png)", "<a href='https://evil.example'>b</a>",
    "<javascript:window.hit=1>", "<iframe src=https://evil.example></iframe>", "<style>*{display:none}</style>",
    "```html\n<script>window.hit=1</script>\n```", "```\"onmouseover=window.hit=1\n```",
    "$\\href{javascript:window.hit=1}{x}$", "$\\text{<img src=x onerror=window.hit=1>}$",
    "$\\class{x}{\\style{color:red}{y}}$", "<base href=https://evil.example>", "<meta http-equiv=refresh content=0>",
    "<form action=https://evil.example><input name=q></form>", "\x00\x1b[31m\u202eabc", "]]>", "<!--", "<![CDATA[x]]>",
    "|a|\n|-|\n|<img src=x onerror=window.hit=1>|", "# <script>window.hit=1</script>", "[a](https://u:p@evil.example/)",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text)[:30])
def test_hostile_text_is_inert(page, text):
    """No element but those that Markdown makes, no address but of the web and mail, no handler, no script run."""
    shown = page.evaluate("""async (text) => {
      const folder = document.querySelector("script[type=module]").src.replace("main.js", "");
      const { renderMarkdown } = await import(folder + "markdown.js");
      const holder = document.createElement("div");
      document.body.append(holder);
      holder.append(renderMarkdown(text));
      await new Promise((resolve) => setTimeout(resolve, 30));
      const all = [...holder.querySelectorAll("*")];
      const facts = { names: [...new Set(all.map((node) => node.localName))],
        links: all.filter((node) => node.hasAttribute("href")).map((node) => [node.href, node.rel, node.target]),
        attributes: all.flatMap((node) => [...node.attributes].map((a) => a.name)), hit: window.hit };
      holder.remove();
      return facts;
    }""", text)
    allowed = set("p span small a em strong del code pre figure figcaption button svg path br hr ul ol li input table "
                  "thead tbody tr th td div blockquote h3 h4 h5 h6 math mi mo mn mrow mtext mspace mfrac".split())
    assert set(shown["names"]) <= allowed
    assert shown["hit"] is None
    assert not [name for name in shown["attributes"] if name.startswith("on") or name in ("style", "src", "srcdoc")]
    for href, rel, target in shown["links"]:
        assert href.startswith(("https://", "http://", "mailto:")) and rel == "noopener noreferrer"
        assert target == "_blank"


PATHS = {
    "quotes in quotes": ">" * 10_000 + " a",
    "lines of ever deeper quotes": "\n".join(">" * depth for depth in range(1, 1500)),
    "stars": "*" * 1_000_000,
    "stars apart": "* " * 500_000,
    "stars and letters": "*a" * 300_000,
    "openers that never close": "*a **a " * 60_000,
    "closers that nothing opened": "a* a** " * 60_000,
    "emphasis nested": "*a **b " * 20_000 + "** *" * 20_000,
    "brackets": "[" * 300_000,
    "links begun": "[a](" * 100_000,
    "links in links": "[" * 50_000 + "a" + "](https://a.example)" * 20_000,
    "images in images": "![" * 50_000 + "a" + "](b)" * 50_000,
    "backticks of all lengths": "".join("`" * length + " " for length in range(1, 1200)),
    "dollars": "$a " * 200_000,
    "formulas begun": "\\(a " * 100_000,
    "formula lines begun": "\\[\n" * 100_000,
    "formula dollars begun": "$$a\n" * 100_000,
    "lists in lists": "".join(" " * (2 * depth) + "- a\n" for depth in range(1000)),
    "a list of one level": "- a\n" * 50_000,
    "a wide table": "|" + "a|" * 20_000 + "\n|" + "-|" * 20_000 + "\n" + "|\n" * 10_000,
    "pipes": "|\n" * 100_000,
    "fences": "```\n" * 100_000,
    "headings": "#" * 300_000,
    "spaces": " " * 500_000 + "a",
    "spaces after a heading": "# a" + " " * 300_000 + "b",
    "blank lines": "\n" * 300_000,
    "entities": "&amp" * 100_000,
    "addresses": "https://a" * 50_000,
    "an address of dots": "https://a" + "." * 100_000,
    "less-than": "<" * 300_000,
    "backslashes": "\\" * 300_000,
    "underscores": "_a" * 200_000,
    "tildes": "~~a " * 100_000,
    "one word": "a" * 1_000_000,
}


@pytest.mark.parametrize("part", ["blocks", "inline"])
@pytest.mark.parametrize("name", PATHS)
def test_time_grows_with_length_only(page, name, part):
    """Twice the text takes at most four times the time, the best of three, beyond what other programs on the machine
    may take; none takes seconds."""
    text = PATHS[name]
    timer = TIME if part == "blocks" else TIME_INLINE
    whole = page.evaluate(timer, text)
    half = page.evaluate(timer, text[:len(text) // 2])
    print(f"{name}, {part}: {len(text)} characters in {whole:.0f} ms")
    assert whole < 6000
    assert whole < 500 or whole < 4 * half + 300


GROWING = """# Title

Some *text* with `code` and
a second line.

- one
- two
  - three

1. a

2. b

> quote *more*
> on

| a | b |
|---|:-:|
| 1 | 2 |
| 3 | 4 |

```python
def f(x):
    return "x"
```

Text
---

- [x] done

$$
x^2
$$

End #not a heading
#tag and **bold**.
"""


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1000])
def test_a_text_that_grows_gives_what_the_whole_gives(page, size):
    grown, whole = page.evaluate(STREAM, [GROWING, size])
    assert grown == whole


def test_settled_blocks_are_not_made_again(page):
    kept = page.evaluate("""async () => {
      const folder = document.querySelector("script[type=module]").src.replace("main.js", "");
      const { MarkdownView } = await import(folder + "markdown.js");
      const holder = document.createElement("div"), view = new MarkdownView(holder);
      view.set("first\\n\\n- a\\n- b\\n- c");
      const first = holder.firstChild, item = holder.querySelector("li");
      view.set("first\\n\\n- a\\n- b\\n- c\\n- d");
      return [first === holder.firstChild, item === holder.querySelector("li"), holder.querySelectorAll("li").length];
    }""")
    assert kept == [True, True, 4]


CODE = """async ([text, label]) => {
  const folder = document.querySelector("script[type=module]").src.replace("main.js", "");
  const { highlight } = await import(folder + "highlight.js");
  const began = performance.now();
  const parts = highlight(text, label);
  return [parts && parts.map((part) => typeof part === "string" ? part : [part.className.slice(3), part.textContent]),
    performance.now() - began];
}"""


@pytest.mark.parametrize("label, text, expected", [
    ("python", "def f(x): # c\n  return 'a'", [["k", "def"], " ", ["f", "f"], "(x): ", ["c", "# c"], "\n  ",
                                               ["k", "return"], " ", ["s", "'a'"], ""]),
    ("js", "const a = `b${c}` // d", [["k", "const"], " a = ", ["s", "`b${c}`"], " ", ["c", "// d"], ""]),
    ("C++", "int x = 0x1F;", [["k", "int"], " x = ", ["n", "0x1F"], ";"]),
    ("json", '{"a": [1, true]}', ["{", ["f", '"a"'], ": [", ["n", "1"], ", ", ["k", "true"], "]}"]),
    ("html", '<a href="b">', [["k", "<a"], " ", ["f", "href"], "=", ["s", '"b"'], ["k", ">"], ""]),
    ("sql", "SELECT a FROM b -- c", [["k", "SELECT"], " a ", ["k", "FROM"], " b ", ["c", "-- c"], ""]),
    ("diff", "+a\n-b\n c", [["a", "+a\n"], ["d", "-b\n"], " c"]),
    ("bash", 'echo "$A" # x', [["k", "echo"], " ", ["s", '"$A"'], " ", ["c", "# x"], ""]),
    ("unheard-of", "x", None),
], ids=lambda value: value if isinstance(value, str) else "")
def test_code_gets_its_colours(page, label, text, expected):
    parts, _ = page.evaluate(CODE, [text, label])
    assert parts == expected


@pytest.mark.parametrize("label", "c cpp csharp java kotlin swift js ts go rust php python ruby shell sql lua r "
                                  "haskell css json yaml toml make docker html diff markdown".split())
def test_colours_lose_nothing_and_take_no_time(page, label):
    for text in ('"' * 20_000, "/*" * 20_000, "a b\n" * 20_000, "'''" * 9_000, "`" * 20_000, "<" * 20_000, "-" * 40_000,
                 "\\" * 20_000, "#" * 20_000, "x" * 100_000, "1_" * 20_000, " " * 50_000, "$" * 20_000, "\n" * 20_000):
        parts, spent = page.evaluate(CODE, [text, label])
        assert "".join(part if isinstance(part, str) else part[1] for part in parts) == text
        assert spent < 1000, (text[:4], spent)


MATH = """async ([text, display]) => {
  const folder = document.querySelector("script[type=module]").src.replace("main.js", "");
  const { mathml } = await import(folder + "math.js");
  const began = performance.now();
  const made = mathml(text, display);
  const show = (node) => node.nodeType === 3 ? node.data : "<" + node.localName + ">"
    + [...node.childNodes].map(show).join("") + "</" + node.localName + ">";
  return [made && [...made.childNodes].map(show).join(""), performance.now() - began];
}"""


@pytest.mark.parametrize("text, expected", [
    ("x", "<mi>x</mi>"),
    ("12.5", "<mn>12.5</mn>"),
    ("x^2", "<msup><mi>x</mi><mn>2</mn></msup>"),
    ("x_i^{2}", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
    (r"\frac{a}{2}", "<mfrac><mi>a</mi><mn>2</mn></mfrac>"),
    (r"\frac12", "<mfrac><mn>1</mn><mn>2</mn></mfrac>"),
    (r"\sqrt{x}", "<msqrt><mi>x</mi></msqrt>"),
    (r"\sqrt[3]{x}", "<mroot><mi>x</mi><mn>3</mn></mroot>"),
    (r"\alpha\le\Omega", "<mi>α</mi><mo>≤</mo><mi>Ω</mi>"),
    ("a-b", "<mi>a</mi><mo>−</mo><mi>b</mi>"),
    ("f'", "<msup><mi>f</mi><mo>′</mo></msup>"),
    (r"\mathbb{R}", "<mi>ℝ</mi>"),
    (r"\mathbf{v}", "<mi>𝐯</mi>"),
    (r"\text{if } x", "<mtext>if\u00a0</mtext><mi>x</mi>"),
    (r"\hat{x}", "<mover><mi>x</mi><mo>^</mo></mover>"),
    (r"\sum_{i=1}^n i", "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>"
                        "<mi>i</mi>"),
    (r"\int_0^1", "<msubsup><mo>∫</mo><mn>0</mn><mn>1</mn></msubsup>"),
    (r"\left( x \right]", "<mrow><mo>(</mo><mi>x</mi><mo>]</mo></mrow>"),
    (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}",
     "<mrow><mo>(</mo><mtable><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr>"
     "<mtr><mtd><mi>c</mi></mtd><mtd><mi>d</mi></mtd></mtr></mtable><mo>)</mo></mrow>"),
    (r"\begin{cases} 1 & x \end{cases}",
     "<mrow><mo>{</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mi>x</mi></mtd></mtr></mtable></mrow>"),
    (r"\unknown{x}", "<mtext>\\unknown</mtext><mrow><mi>x</mi></mrow>"),
    ("{", None), ("}", None), (r"\frac{a}", None), (r"\left(", None), (r"\begin{matrix}", None),
    ("{" * 100 + "}" * 100, None),
    ("x" * 10_001, None),
], ids=lambda value: repr(value)[:24])
def test_formulas_become_mathml(page, text, expected):
    made, _ = page.evaluate(MATH, [text, True])
    assert made == expected


@pytest.mark.parametrize("text", ["^" * 9000, "_" * 9000, "{" * 9000, r"\frac" * 1900, "x^" * 4500, r"\left(" * 1500,
                                  r"\begin{matrix}" * 600, "&" * 9000, "\\\\" * 4500, "'" * 9000, r"\text{" * 1500,
                                  r"\sqrt[" * 1500, "(" * 9000, "%" * 9000, "\\" * 9000])
def test_hostile_formulas_take_no_time(page, text):
    _, spent = page.evaluate(MATH, [text, True])
    assert spent < 1500
