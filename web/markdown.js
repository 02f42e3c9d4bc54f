/* markdown.js: an answer's text as nodes of the document, while it grows.
 *
 *   settled blocks | open blocks          Text that comes changes the open blocks only: the last one, and those whose
 *                  ^ this.settled         end the unfinished last line could still move. What was settled stays.
 *
 * Nodes are made one by one with text inside, never from markup: whatever a model writes is inert. Colours of code and
 * formulas come from modules that are fetched when the first one appears. */
import { parseBlocks } from "./blocks.js";
import { parseInline, safeAddress } from "./inline.js";
import { change, element, iconButton } from "./dom.js";
import { copyText } from "./copy.js";
import { toast } from "./overlay.js";
import { word } from "./words.js";

const LONGEST_INLINE = 100_000; /* a longer paragraph is shown as it is */
const LONGEST_LIVE_CODE = 8_000; /* longer code gets its colours when it is complete */
const LONGEST_COLOURED = 200_000;

export class MarkdownView {
  constructor(container) {
    this.container = container;
    this.text = "";
    this.settled = 0;
    this.open = []; /* { block, node } */
  }

  /* The whole text; what it shares with the text before is not made again. */
  set(text) {
    if (!text.startsWith(this.text)) {
      this.container.replaceChildren();
      this.settled = 0;
      this.open = [];
    }
    this.text = text;
    this.update();
  }

  update() {
    const tail = this.text.slice(this.settled);
    const blocks = parseBlocks(tail);
    const starts = lineStarts(tail);
    const fresh = blocks.map((block, at) => ({ block, node: this.nodeFor(block, this.open[at]) }));
    for (const { node } of this.open.slice(fresh.length))
      node.remove();
    this.place(fresh);
    const keep = fresh.findIndex((_, at) => at + 1 >= blocks.length || blocks[at + 1].first >= starts.length - 1);
    this.open = keep < 0 ? [] : fresh.slice(keep);
    this.settled += this.open.length ? starts[this.open[0].block.first] : 0;
  }

  nodeFor(block, before) {
    if (before && before.block.type === block.type && UPDATES[block.type]?.(before.node, before.block, block))
      return before.node;
    return RENDERERS[block.type](block);
  }

  place(fresh) {
    fresh.forEach(({ node }, at) => {
      const before = this.open[at]?.node;
      if (!before)
        this.container.append(node);
      else if (before !== node)
        before.replaceWith(node);
    });
  }
}

/* Where each line begins. */
function lineStarts(text) {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1))
    starts.push(at + 1);
  return starts;
}

/* A text that does not grow, as nodes. */
export function renderMarkdown(text) {
  const holder = document.createDocumentFragment();
  holder.append(...parseBlocks(text).map((block) => RENDERERS[block.type](block)));
  return holder;
}

/* ---- text inside blocks ------------------------------------------------------------------------------------------ */

function inline(text) {
  if (text.length > LONGEST_INLINE)
    return [document.createTextNode(text)];
  return parseInline(text).map(inlineNode);
}

function inlineNode(node) {
  return typeof node === "string" ? document.createTextNode(node) : INLINE[node.type](node);
}

const INLINE = {
  em: (node) => element("em", {}, ...node.nodes.map(inlineNode)),
  strong: (node) => element("strong", {}, ...node.nodes.map(inlineNode)),
  del: (node) => element("del", {}, ...node.nodes.map(inlineNode)),
  code: (node) => element("code", {}, node.text),
  break: () => element("br"),
  math: (node) => formula(node.text, node.display),
  link: linkNode,
};

/* A link says where it leads. One that leads nowhere safe is its text; an image is a link to it, and is not loaded. */
function linkNode(node) {
  const url = safeAddress(node.href);
  const label = node.nodes.map(inlineNode);
  if (node.image && !label.length)
    label.push(word("image"));
  if (!url)
    return element("span", {}, ...label, node.href ? ` (${node.href})` : "");
  const host = url.host || url.pathname;
  const anchor = element("a", { href: url.href, target: "_blank", rel: "noopener noreferrer", title: url.href,
    class: node.image ? "image" : null }, ...label);
  const says = anchor.textContent.includes(host);
  return element("span", {}, anchor, says ? null : element("small", { class: "host" }, ` (${host})`));
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

const RENDERERS = {
  paragraph: (block) => element("p", {}, ...inline(block.text)),
  heading: (block) => element("h" + Math.min(6, block.level + 2), { class: "level" + block.level },
    ...inline(block.text)),
  rule: () => element("hr"),
  quote: (block) => element("blockquote", {}, ...block.blocks.map(renderBlock)),
  math: (block) => element("div", { class: "formula" }, formula(block.text, true)),
  code: renderCode,
  list: renderList,
  table: renderTable,
};

function renderBlock(block) {
  return RENDERERS[block.type](block);
}

function renderList(block) {
  const list = element(block.ordered ? "ol" : "ul", {
    start: block.ordered && block.start !== 1 ? block.start : null,
    class: block.items.some((item) => item.task !== null) ? "tasks" : null });
  list.append(...block.items.map((item) => renderItem(item, block.loose)));
  return list;
}

function renderItem(item, loose) {
  const made = element("li");
  if (item.task !== null)
    made.append(element("input", { type: "checkbox", disabled: true, checked: item.task }), " ");
  for (const block of item.blocks)
    made.append(...(block.type === "paragraph" && !loose ? inline(block.text) : [renderBlock(block)]));
  return made;
}

function renderTable(block) {
  const head = element("thead", {}, renderRow("th", block.head, block.align));
  const body = element("tbody", {}, ...block.rows.map((row) => renderRow("td", row, block.align)));
  return element("div", { class: "table", tabindex: 0, role: "group" }, element("table", {}, head, body));
}

function renderRow(tag, cells, align) {
  return element("tr", {}, ...cells.map((cell, column) => element(tag, {
    class: align[column] || null, scope: tag === "th" ? "col" : null }, ...inline(cell))));
}

function renderCode(block) {
  const label = block.label.split(/[\s{]/)[0];
  const code = element("code", {}, block.text);
  const copy = iconButton("copy", word("copyCode"), async () => {
    toast(word(await copyText(code.textContent) ? "copied" : "copyFailed"));
  });
  const figure = element("figure", { class: "code" },
    element("figcaption", {}, element("span", {}, label || word("code")), copy),
    element("pre", { tabindex: 0, "aria-label": label || word("code") }, code));
  colour(code, block, label);
  return figure;
}

/* ---- what can be brought up to date in place: true if it was ----------------------------------------------------- */

const UPDATES = {
  paragraph: (node, before, now) => before.text === now.text,
  heading: (node, before, now) => before.text === now.text && before.level === now.level,
  rule: () => true,
  math: (node, before, now) => before.text === now.text,
  code: updateCode,
  list: updateList,
  table: updateTable,
};

function updateCode(node, before, now) {
  if (before.label !== now.label)
    return false;
  const code = node.querySelector("code");
  if (before.text !== now.text) {
    if (code.childNodes.length === 1 && now.text.startsWith(before.text))
      code.firstChild.appendData(now.text.slice(before.text.length));
    else
      code.textContent = now.text;
  }
  if (before.text !== now.text || before.closed !== now.closed)
    colour(code, now, now.label.split(/[\s{]/)[0]);
  return true;
}

function updateList(node, before, now) {
  const tasks = now.items.some((item) => item.task !== null);
  if (before.ordered !== now.ordered || before.start !== now.start || before.loose !== now.loose)
    return false;
  change(node, { class: tasks ? "tasks" : null });
  now.items.forEach((item, at) => {
    if (before.items[at]?.raw === item.raw)
      return;
    const made = renderItem(item, now.loose);
    if (node.children[at])
      node.children[at].replaceWith(made);
    else
      node.append(made);
  });
  while (node.children.length > now.items.length)
    node.lastChild.remove();
  return true;
}

function updateTable(node, before, now) {
  if (before.head.join("|") !== now.head.join("|") || before.align.join() !== now.align.join())
    return false;
  const body = node.querySelector("tbody");
  now.rows.forEach((row, at) => {
    if (before.rows[at]?.join("|") === row.join("|"))
      return;
    const made = renderRow("td", row, now.align);
    if (body.children[at])
      body.children[at].replaceWith(made);
    else
      body.append(made);
  });
  while (body.children.length > now.rows.length)
    body.lastChild.remove();
  return true;
}

/* ---- fetched when first needed ----------------------------------------------------------------------------------- */

let highlighter = null;
let typesetter = null;

function colour(code, block, label) {
  if (!label || block.text.length > (block.closed ? LONGEST_COLOURED : LONGEST_LIVE_CODE))
    return;
  if (highlighter && !(highlighter instanceof Promise)) {
    const parts = highlighter.highlight(block.text, label);
    if (parts)
      code.replaceChildren(...parts);
    return;
  }
  highlighter ??= import("./highlight.js").then((module) => { highlighter = module; }, () => {});
  highlighter.then(() => highlighter.highlight && code.textContent === block.text && colour(code, block, label));
}

/* The formula's own text until the typesetter is there, and for ever if it does not understand it. */
function formula(text, display) {
  const holder = element("span", { class: display ? "formula" : "math" }, text);
  if (typesetter && !(typesetter instanceof Promise)) {
    typeset(holder, text, display);
    return holder;
  }
  typesetter ??= import("./math.js").then((module) => { typesetter = module; }, () => {});
  typesetter.then(() => typesetter.mathml && typeset(holder, text, display));
  return holder;
}

function typeset(holder, text, display) {
  const math = typesetter.mathml(text, display);
  if (math)
    holder.replaceChildren(math);
  else
    holder.classList.add("raw");
}
