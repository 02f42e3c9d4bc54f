/* inline.js: Markdown inside a block: emphasis, code, links, formulas; a text in, nodes of a small tree out.
 *
 * After CommonMark 0.31 (delimiter runs, section 6.2) and GitHub's ~~ and bare addresses. Time grows with the length
 * of the text only: each search that failed is remembered, and nothing is looked for twice.
 *
 * A node: a string, or { type, nodes | text | href }:
 *   em, strong, del (nodes)   code (text)   link (href, nodes, image)   math (text, display)   break */

const PUNCTUATION = /[\p{P}\p{S}]/u;
const ESCAPABLE = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: "\u00a0", hellip: "…", mdash: "—",
  ndash: "–", copy: "©", euro: "€", times: "×", rarr: "→", larr: "←" };
const LONGEST_ADDRESS = 2000;
const DEEPEST_PARENTHESES = 16;
const DEEPEST = 32; /* emphasis in emphasis; what would lie deeper is not emphasised */
const PLAIN = /[^\\\n$`*_~[\]!<h&]+/y;

export function parseInline(text) {
  return new Reader(text).read();
}

/* An address that may be followed: the web or mail. Null for all else (javascript:, data:, relative ones). */
export function safeAddress(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url : null;
  } catch (noAddress) {
    return null;
  }
}

function isSpace(character) {
  return character === undefined || /\s/.test(character);
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.plain = "";
    this.pieces = []; /* nodes, and delimiters that may yet become emphasis or links */
    this.brackets = []; /* places of [ in pieces */
    this.closed = 0; /* so many of them, from the bottom, can open no link: a link holds no link */
    this.missing = new Set(); /* ends that do not occur any more */
    this.ticks = null;
  }

  read() {
    while (this.at < this.text.length)
      this.step();
    this.flush();
    return nodesOf(emphasise(this.pieces));
  }

  flush() {
    if (this.plain)
      this.pieces.push(this.plain);
    this.plain = "";
  }

  push(piece) {
    this.flush();
    this.pieces.push(piece);
  }

  /* Position of end from `from` on, or -1; a second search for what is not there costs nothing. */
  find(end, from) {
    if (this.missing.has(end))
      return -1;
    const found = this.text.indexOf(end, from);
    if (found < 0)
      this.missing.add(end);
    return found;
  }

  step() {
    PLAIN.lastIndex = this.at;
    const plain = PLAIN.exec(this.text)?.[0] ?? "";
    this.plain += plain;
    this.at += plain.length;
    const handler = HANDLERS[this.text[this.at]];
    if (handler && !handler.call(this))
      this.plain += this.text[this.at++];
  }

  escape() {
    const next = this.text[this.at + 1];
    if (next === "(" || next === "[")
      if (this.formula(next === "(" ? "\\)" : "\\]", next === "["))
        return true;
    if (next === "\n") {
      this.push({ type: "break" });
      this.at += 2;
      return true;
    }
    if (next === undefined || !ESCAPABLE.includes(next))
      return false;
    this.plain += next;
    this.at += 2;
    return true;
  }

  newline() {
    const hard = this.plain.endsWith("  ");
    this.plain = this.plain.trimEnd();
    this.push(hard ? { type: "break" } : "\n");
    this.at++;
    return true;
  }

  /* A formula between the mark of two characters at this place and end. */
  formula(end, display) {
    const close = this.find(end, this.at + 2);
    const text = close < 0 ? "" : this.text.slice(this.at + 2, close).trim();
    if (!text)
      return false;
    this.push({ type: "math", text, display });
    this.at = close + 2;
    return true;
  }

  /* Pandoc's rule: no space inside the signs, no digit after them; so $5 and $6 are prices. */
  dollar() {
    if (this.text[this.at + 1] === "$")
      return this.formula("$$", true);
    if (isSpace(this.text[this.at + 1]))
      return false;
    let close = this.find("$", this.at + 1);
    while (close > 0 && this.text[close - 1] === "\\")
      close = this.text.indexOf("$", close + 1);
    if (close < 0 || isSpace(this.text[close - 1]) || /\d/.test(this.text[close + 1] ?? ""))
      return false;
    this.push({ type: "math", text: this.text.slice(this.at + 1, close), display: false });
    this.at = close + 1;
    return true;
  }

  code() {
    this.ticks ??= runsOf(this.text);
    const length = runLength(this.text, this.at, "`");
    const places = this.ticks.get(length);
    while (places[0] <= this.at)
      places.shift();
    const close = places[0];
    if (close === undefined) {
      this.plain += "`".repeat(length);
      this.at += length;
      return true;
    }
    let inside = this.text.slice(this.at + length, close).replaceAll("\n", " ");
    if (inside.length > 2 && inside[0] === " " && inside.at(-1) === " " && inside.trim())
      inside = inside.slice(1, -1);
    this.push({ type: "code", text: inside });
    this.at = close + length;
    return true;
  }

  /* A run of * _ or ~: whether it may open or close emphasis depends on its neighbours. */
  delimiter() {
    const sign = this.text[this.at];
    const length = runLength(this.text, this.at, sign);
    const before = this.text[this.at - 1];
    const after = this.text[this.at + length];
    const left = !isSpace(after) && (!PUNCTUATION.test(after) || isSpace(before) || PUNCTUATION.test(before));
    const right = !isSpace(before) && (!PUNCTUATION.test(before) || isSpace(after) || PUNCTUATION.test(after));
    const word = sign === "_";
    this.push({ type: "run", sign, length, original: length,
      opens: left && (!word || !right || PUNCTUATION.test(before)),
      closes: right && (!word || !left || PUNCTUATION.test(after)) });
    this.at += length;
    return true;
  }

  open(image) {
    this.flush();
    this.brackets.push({ piece: this.pieces.length, image, at: this.at });
    this.pieces.push(image ? "![" : "[");
    this.at += image ? 2 : 1;
    return true;
  }

  bang() {
    return this.text[this.at + 1] === "[" && this.open(true);
  }

  close() {
    const bracket = this.brackets.pop();
    if (!bracket || (this.brackets.length < this.closed && !bracket.image))
      return false;
    const target = this.text[this.at + 1] === "(" ? this.target(this.at + 2) : null;
    if (!target)
      return false;
    this.flush();
    const nodes = nodesOf(emphasise(this.pieces.splice(bracket.piece).slice(1)));
    this.push({ type: "link", href: target.href, nodes, image: bracket.image });
    this.closed = bracket.image ? Math.min(this.closed, this.brackets.length) : this.brackets.length;
    this.at = target.end;
    return true;
  }

  /* (address "title"), after the parenthesis. */
  target(from) {
    if (this.find(")", from) < 0)
      return null;
    let at = from;
    while (this.text[at] === " ")
      at++;
    let href = "";
    const angle = this.text[at] === "<";
    let deep = 0;
    for (at += angle ? 1 : 0; at - from < LONGEST_ADDRESS; at++) {
      const character = this.text[at];
      if (character === undefined || character === "\n" || (angle ? character === ">" : character === " "))
        break;
      deep += !angle && character === "(" ? 1 : 0;
      if (!angle && character === ")" && deep-- === 0)
        break;
      if (deep > DEEPEST_PARENTHESES)
        return null;
      if (character === "\\" && ESCAPABLE.includes(this.text[at + 1] ?? " "))
        at++;
      href += this.text[at];
    }
    const rest = /^>? *(?:"[^"\n]{0,500}"|'[^'\n]{0,500}')? *\)/.exec(this.text.slice(at, at + 520));
    return rest ? { href, end: at + rest[0].length } : null;
  }

  /* <https://…> and <a@b.org>; any other < is text. */
  angle() {
    const found = /^<((?:https?:\/\/|mailto:)[^\s<>]{1,2000}|[\w.+-]{1,64}@[\w.-]{1,255})>/
      .exec(this.text.slice(this.at, this.at + LONGEST_ADDRESS + 10));
    if (!found)
      return false;
    const href = /^(https?|mailto):/.test(found[1]) ? found[1] : "mailto:" + found[1];
    this.push({ type: "link", href, nodes: [found[1]], image: false });
    this.at += found[0].length;
    return true;
  }

  /* A bare address. */
  address() {
    if (/[\p{L}\p{N}]/u.test(this.text[this.at - 1] ?? " "))
      return false;
    const found = /^https?:\/\/[^\s<>"`]{2,2000}/.exec(this.text.slice(this.at, this.at + LONGEST_ADDRESS));
    if (!found)
      return false;
    const href = withoutTail(found[0]);
    this.push({ type: "link", href, nodes: [href], image: false });
    this.at += href.length;
    return true;
  }

  entity() {
    const found = /^&(?:([a-z]{2,6})|#(\d{1,7})|#x([\da-f]{1,6}));/i.exec(this.text.slice(this.at, this.at + 12));
    const code = parseInt(found?.[2] ?? found?.[3] ?? "", found?.[2] ? 10 : 16);
    const character = found?.[1] ? ENTITIES[found[1]] : code > 0 && code < 0x110000 && String.fromCodePoint(code);
    if (!character)
      return false;
    this.plain += character;
    this.at += found[0].length;
    return true;
  }
}

const HANDLERS = { "\\": Reader.prototype.escape, "\n": Reader.prototype.newline, "$": Reader.prototype.dollar,
  "`": Reader.prototype.code, "*": Reader.prototype.delimiter, "_": Reader.prototype.delimiter,
  "~": Reader.prototype.delimiter, "[": function () { return this.open(false); }, "!": Reader.prototype.bang,
  "]": Reader.prototype.close, "<": Reader.prototype.angle, "h": Reader.prototype.address,
  "&": Reader.prototype.entity };

function runLength(text, at, sign) {
  let end = at;
  while (text[end] === sign)
    end++;
  return end - at;
}

/* Places of runs of backticks by their length, in order. */
function runsOf(text) {
  const runs = new Map();
  for (let at = text.indexOf("`"); at >= 0; at = text.indexOf("`", at)) {
    const length = runLength(text, at, "`");
    if (!runs.has(length))
      runs.set(length, new Queue());
    runs.get(length).push(at);
    at += length;
  }
  return runs;
}

/* An array whose first element can go without moving the others. */
class Queue {
  constructor() {
    this.items = [];
    this.gone = 0;
  }

  push(item) {
    this.items.push(item);
  }

  shift() {
    this.gone++;
  }

  get 0() {
    return this.items[this.gone];
  }
}

/* Punctuation at the end of an address belongs to the sentence, a parenthesis only if it was opened before. */
function withoutTail(address) {
  let open = 0;
  for (const character of address)
    open += character === "(" ? 1 : character === ")" ? -1 : 0;
  let end = address.length;
  for (; end > 0; end--) {
    const last = address[end - 1];
    if (last === ")" && open < 0)
      open++;
    else if (!".,;:!?'*_~]".includes(last))
      break;
  }
  return address.slice(0, end);
}

/* ---- emphasis ---------------------------------------------------------------------------------------------------- */

/* Matches runs: the nearest opener of the same sign. Pieces form a chain, so that wrapping moves nothing. */
function emphasise(pieces) {
  const chain = { next: null, piece: null, previous: null };
  let last = chain;
  for (const piece of pieces) {
    last.next = { piece, previous: last, next: null };
    last = last.next;
  }
  const openers = { "*": [], "_": [], "~": [] };
  for (let link = chain.next; link;) {
    const run = link.piece;
    if (run.type !== "run") {
      link = link.next;
      continue;
    }
    const opener = run.closes && run.length ? openerFor(run, openers[run.sign]) : null;
    if (opener) {
      wrap(opener, link);
      forgetInside(opener, openers);
      if (!opener.piece.length)
        openers[run.sign].pop();
      if (run.length)
        continue;
    } else if (run.opens) {
      link.order = (openers.count = (openers.count ?? 0) + 1);
      openers[run.sign].push(link);
    }
    link = link.next;
  }
  const out = [];
  for (let link = chain.next; link; link = link.next)
    out.push(link.piece);
  return out;
}

/* The last opener that fits. One that does not fit because of the rule of three is passed over; at most a few are
 * looked at, so that a hostile text costs no more. */
function openerFor(run, openers) {
  for (let at = openers.length - 1; at >= 0 && at >= openers.length - 8; at--) {
    const open = openers[at].piece;
    const three = (run.opens || open.closes) && (run.original + open.original) % 3 === 0
      && (run.original % 3 !== 0 || open.original % 3 !== 0);
    if (run.sign === "~" ? open.length === run.length && run.length <= 2 : !three) {
      openers.length = at + 1;
      return openers[at];
    }
  }
  return null;
}

function wrap(opener, closer) {
  const open = opener.piece;
  const close = closer.piece;
  const length = open.sign === "~" ? open.length : Math.min(open.length, close.length, 2);
  const inside = [];
  for (let link = opener.next; link !== closer; link = link.next)
    inside.push(link.piece);
  open.length -= length;
  close.length -= length;
  const deep = 1 + inside.reduce((most, piece) => Math.max(most, piece.deep ?? 0), 0);
  if (deep > DEEPEST)
    return;
  const type = open.sign === "~" ? "del" : length === 2 ? "strong" : "em";
  const made = { piece: { type, nodes: nodesOf(inside), deep }, previous: opener, next: closer };
  opener.next = made;
  closer.previous = made;
}

/* Openers of other signs between the two that matched open nothing any more. */
function forgetInside(opener, openers) {
  for (const sign of ["*", "_", "~"]) {
    const list = openers[sign];
    while (list.length && list.at(-1) !== opener && list.at(-1).order > opener.order)
      list.pop();
  }
}

/* Runs that matched nothing are text; neighbouring texts become one. */
function nodesOf(pieces) {
  const nodes = [];
  let text = [];
  for (const piece of pieces) {
    const plain = typeof piece === "string" ? piece : piece.type === "run" ? piece.sign.repeat(piece.length) : null;
    if (plain !== null) {
      text.push(plain);
      continue;
    }
    if (text.length)
      nodes.push(text.join(""));
    text = [];
    nodes.push(piece);
  }
  if (text.length)
    nodes.push(text.join(""));
  return nodes;
}
