/* messages.js: the conversation: an article for each message.
 *
 * Thousands open at once and stay cheap: an article is made whole when it comes near the view (until then its plain
 * text stands there, so that finding in the page works), and what is out of view is not laid out (style.css). */
import { change, element, icon, iconButton, ring } from "./dom.js";
import { changed, currentModel, state } from "./state.js";
import { choose, goOn, regenerate } from "./talk.js";
import { copyText } from "./copy.js";
import { splitFiles } from "./attachments.js";
import { language, number, percent, word } from "./words.js";
import { tell } from "./notice.js";
import { toast } from "./overlay.js";
import { focusBox, write } from "./composer.js";

const MANY = 60; /* messages from which those out of view are not laid out (style.css) */
const AT_ONCE = 6; /* articles at the end that are made whole at once */
const SHARE = 4; /* an answer is drawn again after so many times as long as the last drawing took */
const LONGEST = 400_000; /* characters; a longer message stays plain text */

const articles = new Map(); /* id to Article */

/* Markdown is not on the way to the message box: it comes while the conversation does; until then there is plain
 * text. */
let MarkdownView = null;
import("./markdown.js").then((module) => {
  MarkdownView = module.MarkdownView;
  for (const article of articles.values())
    article.draw();
}, tell);

let holder, welcome, waiting, nearing;
let shownLanguage = "";
let shownOpen = null;

export function makeMessages(at, scroll) {
  holder = at;
  nearing = new IntersectionObserver((entries) => {
    for (const entry of entries)
      if (entry.isIntersecting)
        articles.get(entry.target.dataset.id)?.complete();
  }, { root: scroll, rootMargin: "1500px 0px" });
}

/* Pieces came: the shorter way past render(state). */
export function grown(message) {
  articles.get(message.id)?.grow();
}

export function renderMessages() {
  const way = state.open ? state.open.tree.way(state.open.choices) : [];
  if (shownOpen !== state.open || shownLanguage !== language)
    forget();
  shownOpen = state.open;
  shownLanguage = language;
  change(holder, { role: "log", "aria-label": word("messages"), "aria-live": "off", "aria-busy": state.loading
    ? "true" : null });
  const shown = state.pending?.text !== undefined ? before(way, state.pending.parent) : way;
  const wanted = new Set(shown.map((message) => message.id));
  for (const [id, article] of articles)
    if (!wanted.has(id))
      drop(id, article);
  holder.classList.toggle("many", shown.length >= MANY);
  shown.forEach((message, at) => renderArticle(message, at, shown));
  renderWaiting();
  renderWelcome(!way.length && !state.pending && !state.loading);
}

/* While an edited message is on its way, what it replaces is not shown. */
function before(way, parent) {
  const at = way.findIndex((message) => message.id === parent);
  return way.slice(0, at + 1);
}

function forget() {
  for (const [id, article] of articles)
    drop(id, article);
  waiting?.remove();
  waiting = welcome = null;
  holder.replaceChildren();
}

function drop(id, article) {
  nearing.unobserve(article.node);
  article.node.remove();
  articles.delete(id);
}

function renderArticle(message, at, shown) {
  let article = articles.get(message.id);
  if (!article) {
    article = new Article(message);
    articles.set(message.id, article);
    if (shown.length < MANY || shown.length - at <= AT_ONCE)
      article.complete();
    else
      nearing.observe(article.node);
  }
  article.update(at === shown.length - 1);
  const place = at === 0 ? holder.querySelector("article") : articles.get(shown[at - 1].id).node.nextSibling;
  if (place !== article.node)
    holder.insertBefore(article.node, at === 0 ? holder.firstChild : place);
}

/* ---- before and between ------------------------------------------------------------------------------------------ */

function renderWaiting() {
  if (!state.pending) {
    waiting?.remove();
    waiting = null;
    return;
  }
  if (waiting)
    return;
  waiting = element("div", { class: "waiting" },
    state.pending.text === undefined ? null : element("div", { class: "asked" }, ...userParts(state.pending.text)),
    dots(), element("p", { class: "quiet" }, loadingText()));
  holder.append(waiting);
}

/* Why nothing comes yet, where that is known. */
function loadingText() {
  const model = currentModel();
  return model && model.loaded === false ? word("loads", { model: model.id }) : "";
}

function dots() {
  return element("p", { class: "dots" }, element("span", { class: "hidden-text" }, word("thinking")),
    element("i"), element("i"), element("i"));
}

function renderWelcome(shown) {
  if (shown === Boolean(welcome))
    return;
  welcome?.remove();
  welcome = shown ? element("div", { class: "welcome" },
    element("span", { class: "tower", "aria-hidden": "true" }),
    element("h1", {}, word("greeting")),
    element("p", {}, word("promise")),
    element("div", { class: "starts" }, ...["start1", "start2", "start3"].map((name) => element("button", {
      type: "button", onclick: () => write(word(name + "text")) }, word(name))))) : null;
  if (welcome)
    holder.append(welcome);
}

/* ---- one message ------------------------------------------------------------------------------------------------- */

/* A question as it was typed; files that came with it folded. */
function userParts(message) {
  const { text, files } = splitFiles(message);
  const folded = files.map((file) => element("details", { class: "file" },
    element("summary", {}, icon("file"), file.name), element("pre", { tabindex: 0 }, file.text)));
  return text || !files.length ? [element("p", {}, text), ...folded] : folded;
}

class Article {
  constructor(message) {
    this.message = message;
    this.user = message.role !== "assistant";
    this.node = element("article", { "data-id": message.id, "data-role": message.role,
      "aria-labelledby": "who-" + message.id });
    this.head = this.user ? element("h2", { class: "hidden-text" }, word(message.role === "user" ? "you" : "system"))
      : element("h2", { class: "who" });
    this.head.id = "who-" + message.id;
    this.body = element("div", { class: "body" });
    this.foot = element("footer");
    this.node.append(this.head, this.body, this.foot);
    this.node.style.containIntrinsicSize = "auto " + (90 + Math.ceil(message.content.length / 80) * 26) + "px";
    this.whole = false;
    this.body.append(element("p", { class: "plain-text" }, message.content));
    this.seen = "";
    this.next = 0; /* when it may be drawn again */
    this.due = false;
  }

  /* Makes the body as it is to be read. */
  complete() {
    if (this.whole)
      return;
    this.whole = true;
    nearing.unobserve(this.node);
    this.renderFoot();
    if (this.user) {
      this.body.replaceChildren(...userParts(this.message.content));
      return;
    }
    this.draw();
  }

  renderFoot() {
    if (this.whole && this.siblings)
      this.foot.replaceChildren(...this.tools(this.siblings, this.last), ...this.facts());
  }

  draw() {
    this.due = false;
    if (this.user || !this.whole || !MarkdownView)
      return;
    const text = this.message.content;
    if (text.length > LONGEST) {
      this.body.replaceChildren(element("p", { class: "quiet" }, word("tooLong")), element("pre", {}, text));
      return;
    }
    const began = performance.now();
    if (!this.markdown) {
      this.body.replaceChildren();
      this.markdown = new MarkdownView(this.body);
    }
    this.markdown.set(text);
    this.next = performance.now() + SHARE * (performance.now() - began);
  }

  /* Draws the pieces that came, once a frame and less often when that takes long. */
  grow() {
    if (this.due)
      return;
    this.due = true;
    const wait = this.next - performance.now();
    if (wait > 16)
      setTimeout(() => this.draw(), wait);
    else
      requestAnimationFrame(() => this.draw());
  }

  /* What stands around the text. */
  update(last) {
    const { message } = this;
    const siblings = state.open.tree.siblings(message);
    const looks = JSON.stringify([message.state, message.content.length, message.figures, message.error, siblings, last,
      state.editing === message]);
    if (looks === this.seen)
      return;
    this.seen = looks;
    change(this.node, { "data-state": message.state, "aria-busy": message.state === "streaming" ? "true" : null });
    this.node.classList.toggle("edited", state.editing === message);
    this.node.classList.toggle("last", last);
    if (message.state !== "streaming" || message.content)
      this.draw();
    if (!this.user)
      this.head.textContent = message.model || word("assistant");
    this.dots?.remove();
    this.dots = message.state === "streaming" ? dots() : null;
    if (this.dots)
      this.body.after(this.dots);
    this.siblings = siblings;
    this.last = last;
    this.renderFoot();
  }

  tools(siblings, last) {
    const { message } = this;
    const running = message.state === "streaming";
    const tools = [];
    if (siblings.length > 1)
      tools.push(branches(message, siblings));
    if (message.role === "user")
      tools.push(iconButton("edit", word("edit"), () => {
        state.editing = message;
        changed();
      }));
    if (message.role !== "assistant")
      return tools;
    tools.push(iconButton("copy", word("copy"), (event) => copyAnswer(event.currentTarget, message)));
    if (!running && message.parent)
      tools.push(iconButton("again", word("regenerate"), () => {
        focusBox();
        regenerate(message);
      }));
    if (!running && last)
      tools.push(iconButton("onward", word("goOn"), () => {
        focusBox();
        goOn(message);
      }));
    return tools;
  }

  /* Speed, context, and what went wrong. */
  facts() {
    const { message } = this;
    const facts = [];
    if (message.state === "stopped")
      facts.push(element("span", { class: "state" }, word("stopped")));
    if (message.state === "failed")
      facts.push(element("span", { class: "state bad", role: "alert" },
        [word("failed"), message.error ?? message.figures?.error ?? ""].join(" ").trim()));
    const { figures } = message;
    if (this.user || !figures)
      return facts;
    if (figures.finish === "length")
      facts.push(element("span", { class: "state" }, word("cut")));
    if (figures.tokens_per_second)
      facts.push(element("span", { class: "figure", title: word("speedTitle", { tokens: number(figures.tokens),
        first: number(figures.first_token_seconds, 2) }) },
      word("speed", { speed: number(figures.tokens_per_second, figures.tokens_per_second < 10 ? 1 : 0) })));
    if (figures.context)
      facts.push(contextMeter(figures));
    return facts;
  }
}

function contextMeter(figures) {
  const share = Math.min(1, figures.context_used / figures.context);
  return element("span", { class: "figure", title: word("contextTitle", { used: number(figures.context_used),
    all: number(figures.context), cached: number(figures.cached_tokens) }) },
  ring(share), word("context", { share: percent(share) }));
}

function branches(message, siblings) {
  const at = siblings.indexOf(message.id);
  const step = (by, sign, name) => iconButton(sign, word(name), () => {
    choose(message, siblings[at + by]);
    requestAnimationFrame(() => focusBranch(siblings[at + by], sign));
  }, { disabled: siblings[at + by] === undefined, "data-sign": sign });
  return element("span", { class: "branches" }, step(-1, "left", "previous"),
    element("span", { "aria-label": word("versions", { at: at + 1, of: siblings.length }), role: "img" },
      `${at + 1}/${siblings.length}`),
    step(1, "right", "next"));
}

/* The focus goes on to the same arrow of the version that is shown now, or to the other one at an end. */
function focusBranch(id, sign) {
  const arrows = [...articles.get(id)?.foot.querySelectorAll(".branches button:not(:disabled)") ?? []];
  (arrows.find((arrow) => arrow.dataset.sign === sign) ?? arrows[0])?.focus();
}

async function copyAnswer(button, message) {
  const done = await copyText(message.content);
  toast(word(done ? "copied" : "copyFailed"));
  if (done)
    flash(button);
}

function flash(button) {
  const before = button.firstChild;
  before.replaceWith(icon("check"));
  setTimeout(() => button.firstChild?.replaceWith(icon("copy")), 1500);
}

