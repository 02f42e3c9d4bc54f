/* math.js: TeX's formulas as MathML, which browsers set themselves. Fetched when the first formula appears.
 *
 *   "\frac{a}{2}" --tokens--> \frac { a } { 2 } --Reader--> <mfrac><mi>a</mi><mn>2</mn></mfrac>
 *
 * Source: MathML Core (W3C, 2023); the commands are those of LaTeX and amsmath that models use. A command that is not
 * known is shown by its name. What is too long or too deep is not set: the formula then stays as it was written. */

const NAMESPACE = "http://www.w3.org/1998/Math/MathML";
const LONGEST = 10_000;
const DEEPEST = 60;

/* ---- what commands stand for: name and character, in turn -------------------------------------------------------- */

function table(text) {
  const parts = text.trim().split(/\s+/);
  const made = new Map();
  for (let at = 0; at < parts.length; at += 2)
    made.set(parts[at], parts[at + 1]);
  return made;
}

const LETTERS = table(`alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι
  kappa κ lambda λ mu μ nu ν xi ξ omicron ο pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi ϕ
  varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω
  infty ∞ partial ∂ nabla ∇ hbar ℏ ell ℓ Re ℜ Im ℑ aleph ℵ wp ℘ emptyset ∅ varnothing ∅ imath ı jmath ȷ
  top ⊤ bot ⊥ angle ∠ triangle △ square □ degree ° dagger † ldots … dots … cdots ⋯ vdots ⋮ ddots ⋱ forall ∀
  exists ∃ nexists ∄ prime ′ complement ∁ checkmark ✓ star ⋆ clubsuit ♣ heartsuit ♡ blacksquare ■ dotsc … dotsb ⋯`);

const OPERATORS = table(`pm ± mp ∓ times × div ÷ cdot ⋅ ast ∗ circ ∘ bullet ∙ oplus ⊕ ominus ⊖ otimes ⊗ odot ⊙
  cup ∪ cap ∩ setminus ∖ wedge ∧ land ∧ vee ∨ lor ∨ neg ¬ lnot ¬ leq ≤ le ≤ geq ≥ ge ≥ neq ≠ ne ≠ equiv ≡
  approx ≈ sim ∼ simeq ≃ cong ≅ propto ∝ ll ≪ gg ≫ prec ≺ succ ≻ preceq ⪯ succeq ⪰ in ∈ notin ∉ ni ∋ subset ⊂
  supset ⊃ subseteq ⊆ supseteq ⊇ subsetneq ⊊ mid ∣ nmid ∤ parallel ∥ perp ⟂ to → rightarrow → leftarrow ← gets ←
  leftrightarrow ↔ Rightarrow ⇒ Leftarrow ⇐ Leftrightarrow ⇔ implies ⟹ impliedby ⟸ iff ⟺ longrightarrow ⟶
  longleftarrow ⟵ Longrightarrow ⟹ mapsto ↦ longmapsto ⟼ uparrow ↑ downarrow ↓ updownarrow ↕ Uparrow ⇑ Downarrow ⇓
  hookrightarrow ↪ hookleftarrow ↩ rightharpoonup ⇀ rightleftharpoons ⇌ nearrow ↗ searrow ↘ vdash ⊢ models ⊨
  therefore ∴ because ∵ colon : coloneqq ≔ triangleq ≜ doteq ≐ asymp ≍ lesssim ≲ gtrsim ≳ leqslant ⩽ geqslant ⩾
  bmod mod backslash \\ sqcup ⊔ sqcap ⊓ uplus ⊎ amalg ⨿ bowtie ⋈ rtimes ⋊ ltimes ⋉ trianglelefteq ⊴`);

const LARGE = table(`sum ∑ prod ∏ coprod ∐ bigcup ⋃ bigcap ⋂ bigoplus ⨁ bigotimes ⨂ bigvee ⋁ bigwedge ⋀ bigsqcup ⨆`);
const INTEGRALS = table(`int ∫ iint ∬ iiint ∭ oint ∮`);

const FENCES = table(`langle ⟨ rangle ⟩ lceil ⌈ rceil ⌉ lfloor ⌊ rfloor ⌋ lbrace { rbrace } lbrack [ rbrack ]
  vert | Vert ‖ lvert | rvert | lVert ‖ rVert ‖ { { } } | ‖ uparrow ↑ downarrow ↓ backslash \\`);

const ACCENTS = table(`hat ^ widehat ^ check ˇ tilde ~ widetilde ~ bar ¯ overline ‾ vec → overrightarrow → dot ˙
  ddot ¨ dddot ⃛ acute ´ grave \` breve ˘ mathring ˚ overbrace ⏞ overleftarrow ← overparen ⏜`);
const STRETCHES = new Set("widehat widetilde overline overrightarrow overleftarrow overbrace overparen".split(" "));
const UNDERS = table(`underline ‾ underbrace ⏟ underleftarrow ← underrightarrow →`);

const SPACES = table(`, 0.1667em : 0.2222em > 0.2222em ; 0.2778em ! -0.1667em quad 1em qquad 2em thinspace 0.1667em
  enspace 0.5em medspace 0.2222em thickspace 0.2778em`).set(" ", "0.25em").set("~", "0.25em");

const FUNCTIONS = new Set(("sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth log ln lg exp ker dim deg "
  + "arg hom").split(" "));
const LIMITS = new Set("lim max min sup inf limsup liminf det gcd Pr argmax argmin".split(" "));
const SIZES = table(`big 1.2em bigl 1.2em bigr 1.2em bigm 1.2em Big 1.8em Bigl 1.8em Bigr 1.8em Bigm 1.8em bigg 2.4em
  biggl 2.4em biggr 2.4em biggm 2.4em Bigg 3em Biggl 3em Biggr 3em`);
const TEXTS = new Set("text textrm textnormal mbox textbf textit texttt textsf hbox".split(" "));
const IGNORED = new Set(("displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits nonumber notag left. "
  + "allowbreak nobreak relax hfill noindent").split(" "));
const WITH_ARGUMENT_IGNORED = new Set("label vspace hspace color tag*".split(" "));

/* Alphabets of Unicode's mathematical letters: where capitals, small letters and digits begin; the holes that older
 * blocks fill. */
const ALPHABETS = {
  mathbf: [0x1d400, 0x1d41a, 0x1d7ce], boldsymbol: [0x1d468, 0x1d482, 0x1d7ce], bm: [0x1d468, 0x1d482, 0x1d7ce],
  mathbb: [0x1d538, 0x1d552, 0x1d7d8], mathcal: [0x1d49c, 0x1d4b6, 0], mathscr: [0x1d49c, 0x1d4b6, 0],
  mathfrak: [0x1d504, 0x1d51e, 0], mathsf: [0x1d5a0, 0x1d5ba, 0x1d7e2], mathtt: [0x1d670, 0x1d68a, 0x1d7f6],
  mathit: [0x1d434, 0x1d44e, 0], mathrm: null, operatorname: null, "operatorname*": null, mathnormal: null,
};
const HOLES = {
  mathbb: table("C ℂ H ℍ N ℕ P ℙ Q ℚ R ℝ Z ℤ"),
  mathcal: table("B ℬ E ℰ F ℱ H ℋ I ℐ L ℒ M ℳ R ℛ e ℯ g ℊ o ℴ"),
  mathfrak: table("C ℭ H ℌ I ℑ R ℜ Z ℨ"),
  mathit: table("h ℎ"),
};
HOLES.mathscr = HOLES.mathcal;

/* Environments with rows: what stands around, how columns stand, whether large. */
const ENVIRONMENTS = {
  matrix: ["", "", "c"], pmatrix: ["(", ")", "c"], bmatrix: ["[", "]", "c"], Bmatrix: ["{", "}", "c"],
  vmatrix: ["|", "|", "c"], Vmatrix: ["‖", "‖", "c"], smallmatrix: ["", "", "c"], array: ["", "", "c"],
  cases: ["{", "", "l"], rcases: ["", "}", "l"], aligned: ["", "", "rl", true], align: ["", "", "rl", true],
  alignat: ["", "", "rl", true], split: ["", "", "rl", true], eqnarray: ["", "", "rcl", true],
  gathered: ["", "", "c", true], gather: ["", "", "c", true], equation: ["", "", "c", true],
  multline: ["", "", "c", true], displaymath: ["", "", "c", true], subarray: ["", "", "c"],
};
const COLUMNS = { l: "left", r: "right", c: "center" };

/* ---- MathML ------------------------------------------------------------------------------------------------------ */

function make(name, attributes, ...children) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes))
    made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const row = (nodes) => nodes.length === 1 ? nodes[0] : make("mrow", {}, ...nodes);
const space = (width) => make("mspace", { width });
const fence = (text, more = {}) => make("mo", { fence: "true", stretchy: "false", ...more }, text);
const operator = (text, more = {}) => make("mo", more, text);

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

const TOKEN = new RegExp([String.raw`\\(?:begin|end)\s*\{[A-Za-z]+\*?\}`, String.raw`\\(?:operatorname|tag)\*`,
  String.raw`\\[A-Za-z]+`, String.raw`\\[^]`, String.raw`\d+(?:[.,]\d+)*`, String.raw`\s+`, String.raw`%[^\n]*\n?`,
  "[^]"].join("|"), "gu");

/* ---- reading ----------------------------------------------------------------------------------------------------- */

class Reader {
  constructor(text, display) {
    this.tokens = text.match(TOKEN) ?? [];
    this.at = 0;
    this.deep = 0;
    this.display = display;
    this.alphabet = null;
  }

  peek() {
    while (this.at < this.tokens.length && /^(?:\s|%)/.test(this.tokens[this.at]))
      this.at++;
    return this.tokens[this.at];
  }

  take() {
    const token = this.peek();
    this.at++;
    return token;
  }

  /* Atoms up to one of ends, which is not taken. */
  atoms(...ends) {
    if (++this.deep > DEEPEST)
      throw new RangeError("too deep");
    const nodes = [];
    for (let token = this.peek(); token !== undefined && !ends.includes(token); token = this.peek()) {
      if (token === "}" || token.startsWith("\\end") || token === "\\right")
        break;
      const node = this.scripted();
      if (node)
        nodes.push(...[node].flat());
    }
    this.deep--;
    return nodes;
  }

  /* What a command is applied to: a group or one atom. */
  argument() {
    if (this.peek() === undefined)
      throw new SyntaxError("an argument is missing");
    if (this.peek() === "{")
      return row(this.group());
    if (/^\d./.test(this.peek()))
      return this.digit();
    return row([this.atom() ?? make("mrow", {})].flat());
  }

  /* TeX takes one digit of 12: \frac12 is a half. */
  digit() {
    const number = this.peek();
    this.tokens[this.at] = number.slice(1);
    return make("mn", {}, this.styled(number[0]));
  }

  group() {
    this.take();
    const nodes = this.atoms("}");
    this.close("}");
    return nodes;
  }

  close(token) {
    if (this.take() !== token)
      throw new SyntaxError(token + " is missing");
  }

  /* Text between braces, as it is. */
  raw() {
    if (this.peek() !== "{")
      return this.take() ?? "";
    this.take();
    let deep = 1;
    let text = "";
    for (; this.at < this.tokens.length; this.at++) {
      const token = this.tokens[this.at];
      deep += token === "{" ? 1 : token === "}" ? -1 : 0;
      if (deep === 0)
        break;
      text += token;
    }
    this.close("}");
    return text;
  }

  /* [ … ] after a command, or null. */
  option() {
    if (this.peek() !== "[")
      return null;
    this.take();
    const nodes = this.atoms("]");
    this.close("]");
    return row(nodes);
  }

  /* An atom with what stands below and above it. */
  scripted() {
    const begin = this.peek();
    const base = begin === "^" || begin === "_" || begin === "'" ? make("mrow", {}) : this.atom();
    if (!base || Array.isArray(base))
      return base;
    const { below, above } = this.scripts();
    const over = base.dataset?.limits ?? (base.getAttribute("data-limits") || "");
    base.removeAttribute("data-limits");
    const node = attach(base, below, above, over);
    if (over !== "function" || this.isOpening())
      return node;
    return [node, space("0.1667em")];
  }

  isOpening() {
    const next = this.peek();
    return next === undefined || ["(", "[", "\\left", "}", "&", "\\\\", ",", ")"].includes(next);
  }

  scripts() {
    let below = null;
    let above = null;
    const primes = [];
    for (let sign = this.peek(); ["^", "_", "'", "\\limits", "\\nolimits"].includes(sign); sign = this.peek()) {
      this.take();
      if (sign === "'")
        primes.push("′");
      else if (sign === "^")
        above = this.argument();
      else if (sign === "_")
        below = this.argument();
    }
    if (primes.length)
      above = row([operator(primes.join("")), above].filter(Boolean));
    return { below, above };
  }

  atom() {
    const token = this.take();
    if (token === "{")
      return row(this.group0());
    if (token[0] === "\\" && token.length > 1)
      return this.command(token.slice(1));
    if (/^\d/.test(token))
      return make("mn", {}, this.styled(token));
    if (/^\p{L}/u.test(token))
      return this.identifier(token);
    if ("([".includes(token) || ")]".includes(token) || token === "|")
      return fence(token);
    if (token === "&")
      return null;
    return operator({ "-": "−", "*": "∗", "'": "′", "~": "\u00a0", "/": "/" }[token] ?? token,
      token === "/" ? { stretchy: "false" } : {});
  }

  group0() {
    const nodes = this.atoms("}");
    this.close("}");
    return nodes.length ? [make("mrow", {}, ...nodes)] : [make("mrow", {})];
  }

  identifier(letter) {
    const styled = this.styled(letter);
    const upright = this.alphabet !== null && (styled !== letter || ALPHABETS[this.alphabet] === null);
    return make("mi", upright ? { mathvariant: "normal" } : {}, styled);
  }

  styled(text) {
    const alphabet = ALPHABETS[this.alphabet];
    if (!alphabet)
      return text;
    return Array.from(text, (letter) => styledLetter(letter, alphabet, HOLES[this.alphabet])).join("");
  }

  command(name) {
    const special = COMMANDS[name];
    if (special)
      return special.call(this, name);
    if (LETTERS.has(name))
      return make("mi", /^[A-Z]|infty|emptyset|dots/.test(name) ? { mathvariant: "normal" } : {}, LETTERS.get(name));
    if (LARGE.has(name))
      return operator(LARGE.get(name), { largeop: "true", movablelimits: "true", "data-limits": "over" });
    if (INTEGRALS.has(name))
      return operator(INTEGRALS.get(name), { largeop: "true" });
    if (FENCES.has(name))
      return fence(FENCES.get(name));
    if (OPERATORS.has(name))
      return operator(OPERATORS.get(name), { stretchy: "false" });
    if (SPACES.has(name))
      return space(SPACES.get(name));
    return this.named(name);
  }

  named(name) {
    if (FUNCTIONS.has(name))
      return make("mi", { "data-limits": "function" }, name);
    if (LIMITS.has(name))
      return operator(name.replace(/^(lim|arg)(?=.)/, "$1 "), { movablelimits: "true", "data-limits": "over",
        form: "prefix", lspace: "0", rspace: "0.1667em" });
    if (ACCENTS.has(name))
      return make("mover", { accent: "true", ...braced(name) }, this.argument(),
        operator(ACCENTS.get(name), { stretchy: String(STRETCHES.has(name)) }));
    if (UNDERS.has(name))
      return make("munder", { accentunder: "true", ...braced(name) }, this.argument(),
        operator(UNDERS.get(name), { stretchy: "true" }));
    if (TEXTS.has(name))
      return make("mtext", name === "textbf" ? { class: "bold" } : {}, plainText(this.raw()));
    if (Object.hasOwn(ALPHABETS, name))
      return this.letters(name);
    if (SIZES.has(name))
      return this.sized(name);
    if (IGNORED.has(name))
      return null;
    if (WITH_ARGUMENT_IGNORED.has(name))
      return this.raw() && null;
    if (name.startsWith("begin"))
      return this.environment(/\{(.*)\}/.exec(name)[1]);
    return /^[A-Za-z]/.test(name) ? make("mtext", { class: "raw" }, "\\" + name) : operator(name);
  }

  letters(name) {
    if (name.startsWith("operatorname") || name === "mathrm") {
      const text = this.raw().replaceAll("\\,", "\u2009");
      if (/^[\p{L}\d\s\u2009.-]+$/u.test(text))
        return make("mi", { mathvariant: "normal", ...(name === "mathrm" ? {} : { "data-limits":
          name.endsWith("*") ? "over" : "function" }) }, text);
      return row(new Reader(text, this.display).inside(this.deep, name));
    }
    const before = this.alphabet;
    this.alphabet = name;
    const made = this.argument();
    this.alphabet = before;
    return made;
  }

  inside(deep, alphabet) {
    this.deep = deep + 1;
    this.alphabet = alphabet;
    return this.atoms();
  }

  sized(name) {
    const size = SIZES.get(name);
    return fence(this.delimiter(), { minsize: size, maxsize: size, stretchy: "true" });
  }

  /* After \left, \right, \middle and \big: a sign; "" for a dot. */
  delimiter() {
    const token = this.take() ?? ".";
    if (token === ".")
      return "";
    return token[0] === "\\" ? FENCES.get(token.slice(1)) ?? OPERATORS.get(token.slice(1)) ?? "" : token;
  }

  fenced() {
    const parts = [fence(this.delimiter(), { stretchy: "true", form: "prefix" })];
    for (;;) {
      parts.push(...this.atoms("\\middle", "\\right"));
      const end = this.take();
      if (end !== "\\middle" && end !== "\\right")
        throw new SyntaxError("\\right is missing");
      parts.push(fence(this.delimiter(), { stretchy: "true", form: end === "\\right" ? "postfix" : "infix" }));
      if (end === "\\right")
        return make("mrow", {}, ...parts);
    }
  }

  environment(name) {
    const plain = name.replace("*", "");
    const [open, close, columns, large] = ENVIRONMENTS[plain] ?? ["", "", "c"];
    const given = ["array", "alignat", "subarray"].includes(plain) ? this.raw().replace(/[^lrc]/g, "") : "";
    const rows = this.rows();
    const end = this.take();
    if (!end || !end.startsWith("\\end"))
      throw new SyntaxError("\\end is missing");
    const table = tableOf(rows, large, (at) => given[at] ?? columns[at % columns.length]);
    table.setAttribute("class", columns === "rl" ? "aligned" : "");
    return make("mrow", {}, ...(open ? [fence(open, { stretchy: "true", form: "prefix" })] : []), table,
      ...(close ? [fence(close, { stretchy: "true", form: "postfix" })] : []));
  }

  /* Rows of cells, up to the end of what holds them. */
  rows() {
    const rows = [[]];
    for (;;) {
      rows.at(-1).push(this.atoms("&", "\\\\", "\\cr"));
      const end = this.peek();
      if (end === "&")
        this.take();
      else if (end === "\\\\" || end === "\\cr") {
        this.take();
        this.option();
        while (this.peek() === "\\hline")
          this.take();
        rows.push([]);
      } else
        break;
    }
    const last = rows.at(-1);
    if (rows.length > 1 && last.length === 1 && !last[0].length)
      rows.pop();
    return rows;
  }
}

/* columnOf(at): l, r or c. */
function tableOf(rows, large, columnOf) {
  return make("mtable", large ? { displaystyle: "true" } : {}, ...rows.map((cells) => make("mtr", {},
    ...cells.map((cell, at) => make("mtd", { class: COLUMNS[columnOf(at)] }, ...cell)))));
}

/* What stands at a brace goes over or under it, not beside. */
function braced(name) {
  return name.endsWith("brace") ? { "data-limits": "over" } : {};
}

function plainText(text) {
  return text.replaceAll("~", "\u00a0").replace(/\\([%$#&_{} ])/g, "$1").replace(/^ | $/g, "\u00a0");
}

function styledLetter(letter, [capitals, small, digits], holes) {
  if (holes?.has(letter))
    return holes.get(letter);
  const code = letter.codePointAt(0);
  if (letter >= "A" && letter <= "Z")
    return String.fromCodePoint(capitals + code - 65);
  if (letter >= "a" && letter <= "z")
    return String.fromCodePoint(small + code - 97);
  if (letter >= "0" && letter <= "9" && digits)
    return String.fromCodePoint(digits + code - 48);
  return letter;
}

function attach(base, below, above, limits) {
  if (!below && !above)
    return base;
  const over = limits === "over";
  const name = over ? (below && above ? "munderover" : below ? "munder" : "mover")
    : below && above ? "msubsup" : below ? "msub" : "msup";
  return make(name, {}, base, ...[below, above].filter(Boolean));
}

function fraction(attributes = {}, display = null) {
  return function () {
    const made = make("mfrac", attributes, this.argument(), this.argument());
    return display === null ? made : make("mstyle", { displaystyle: String(display) }, made);
  };
}

const COMMANDS = {
  frac: fraction(),
  dfrac: fraction({}, true),
  cfrac: fraction({}, true),
  tfrac: fraction({}, false),
  binom() {
    return make("mrow", {}, fence("(", { stretchy: "true" }), make("mfrac", { linethickness: "0" }, this.argument(),
      this.argument()), fence(")", { stretchy: "true" }));
  },
  sqrt() {
    const index = this.option();
    return index ? make("mroot", {}, this.argument(), index) : make("msqrt", {}, this.argument());
  },
  left() {
    return this.fenced();
  },
  overset() {
    const above = this.argument();
    return make("mover", {}, this.argument(), above);
  },
  underset() {
    const below = this.argument();
    return make("munder", {}, this.argument(), below);
  },
  substack() {
    this.close("{");
    const rows = this.rows();
    this.close("}");
    return make("mtable", {}, ...rows.map((cells) => make("mtr", {}, make("mtd", {}, ...cells.flat()))));
  },
  not() {
    const next = this.argument();
    next.append("\u0338");
    return next;
  },
  pmod() {
    return make("mrow", {}, space("1em"), fence("("), make("mi", {}, "mod"), space("0.3em"), this.argument(),
      fence(")"));
  },
  bmod: () => operator("mod", { lspace: "0.2222em", rspace: "0.2222em" }),
  boxed() {
    return make("mrow", { class: "boxed" }, this.argument());
  },
  phantom() {
    return make("mphantom", {}, this.argument());
  },
  textcolor() {
    this.raw();
    return this.argument();
  },
  tag() {
    return make("mrow", {}, space("2em"), make("mtext", {}, `(${this.raw()})`));
  },
  xrightarrow() {
    const below = this.option();
    const above = this.argument();
    return attach(operator("→", { stretchy: "true" }), below, above, "over");
  },
  stackrel() {
    return COMMANDS.overset.call(this);
  },
  mathop() {
    const made = this.argument();
    made.setAttribute("data-limits", "over");
    return made;
  },
  "\\": () => make("mspace", { linebreak: "newline" }),
};

/* The formula as <math>, or null where it is not understood. */
export function mathml(text, display) {
  if (text.length > LONGEST)
    return null;
  try {
    const reader = new Reader(text, display);
    const lines = reader.rows();
    if (reader.peek() !== undefined)
      return null;
    const inside = lines.length > 1 ? [tableOf(lines, true, (at) => "rl"[at % 2])] : lines[0].flat();
    return make("math", { ...(display ? { display: "block" } : {}), alttext: text }, ...inside);
  } catch (fault) {
    if (fault instanceof SyntaxError || fault instanceof RangeError)
      return null;
    throw fault;
  }
}
