/* talk.js: what can be done in the conversation that is shown: open, send, stop, regenerate, edit, go on.
 *
 * Answers are made by the server and go on without this page. A page takes up an answer by its number: it keeps how
 * many pieces it has and asks for those after them, so that none is lost or doubled, whatever breaks in between. */
import { api } from "./api.js";
import { changed, currentModel, defaults, state } from "./state.js";
import { clearNotice, tell } from "./notice.js";
import { announce } from "./overlay.js";
import { keep, kept } from "./kept.js";
import { Tree } from "./tree.js";
import { word } from "./words.js";

const TITLE_LENGTH = 60;
const ANNOUNCED = 600; /* characters of an answer that are read aloud unasked */
const RETRY_MILLISECONDS = 1000;
const PASSING = [0, 429, 500, 502, 503, 504]; /* what may be otherwise in a moment */

const streams = new Map(); /* id of an answer in the making to { abort, next } */
let wants = 0; /* the newest wish to open something; older ones are dropped when they arrive */
let grown = () => {}; /* (message): its text grew */
let toEnd = () => {};
let moved = () => {}; /* the conversations changed: for the list and for other tabs */

export function talkTold(told) {
  ({ grown, toEnd, moved } = told);
}

/* ---- which conversation ------------------------------------------------------------------------------------------ */

export function addressOf(id) {
  return (id ? "/c/" + id : "/") + location.search;
}

export function idInAddress() {
  return /^\/c\/(\w+)/.exec(location.pathname)?.[1] ?? "";
}

export async function open(id, { push = true } = {}) {
  const wish = ++wants;
  leave();
  state.open = null;
  state.loading = id;
  state.settings = defaults();
  if (push && (state.room !== "chat" || idInAddress() !== id))
    history.pushState(null, "", addressOf(id));
  state.room = "chat";
  clearNotice();
  changed();
  if (!id)
    return;
  try {
    const conversation = await api.conversation(id);
    if (wish === wants)
      take(conversation);
  } catch (failure) {
    if (wish !== wants)
      return;
    state.loading = "";
    tell(failure, failure.status === 404 ? null : () => open(id, { push: false }));
  }
}

function take(conversation) {
  state.loading = "";
  state.open = { id: conversation.id, title: conversation.title, seen: conversation.updated_at,
    tree: new Tree(conversation.messages ?? []), choices: choicesOf(conversation.id) };
  state.settings = { model: defaults().model, ...conversation.settings };
  state.following = true;
  changed();
  queueMicrotask(toEnd);
  followAll();
}

function leave() {
  for (const { abort } of streams.values())
    abort.abort();
  streams.clear();
  state.editing = null;
  state.pending = null;
}

let news = 0; /* how many answers came or ended here */

/* Reads the open conversation again: another tab may have added to it. What was read before an answer came here is old
 * by then: it is not taken, and the next look reads again. */
export async function refresh() {
  const shown = state.open;
  if (!shown)
    return;
  const before = news;
  const conversation = await api.conversation(shown.id);
  if (state.open !== shown || news !== before)
    return;
  shown.title = conversation.title;
  shown.seen = conversation.updated_at;
  for (const message of conversation.messages)
    if (!streams.has(message.id))
      shown.tree.add(message);
  changed();
  followAll();
}

function choicesOf(id) {
  try {
    return JSON.parse(kept("branch." + id, "sessionStorage")) ?? {};
  } catch (none) {
    return {};
  }
}

/* Shows another version of a message. */
export function choose(message, id) {
  state.open.choices[message.parent ?? ""] = id;
  keep("branch." + state.open.id, JSON.stringify(state.open.choices), "sessionStorage");
  changed();
}

/* ---- answers in the making --------------------------------------------------------------------------------------- */

function followAll() {
  for (const message of state.open.tree.messages.values())
    if (message.state === "streaming" && !streams.has(message.id))
      follow(message);
}

/* Whether an answer is being read. */
export function following() {
  return streams.size > 0;
}

/* Reads an answer to its end. What the server had stored of it is shown until the pieces have caught up. */
async function follow(message) {
  const stream = { abort: new AbortController(), next: 0, text: "" };
  streams.set(message.id, stream);
  let ended = null;
  while (!ended && !stream.abort.signal.aborted) {
    try {
      await api.stream(message.id, stream.next, stream.abort.signal, (event) => {
        if (event.state)
          ended = event;
        else if (event.index >= stream.next)
          piece(message, stream, event);
      });
      clearNotice(0);
    } catch (failure) {
      if (stream.abort.signal.aborted)
        return;
      if (!PASSING.includes(failure.status))
        ended = { state: "failed", error: failure.message };
      else if (failure.status === 0)
        tell(failure);
    }
    if (!ended)
      await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
  }
  if (ended && streams.get(message.id) === stream)
    end(message, stream, ended);
}

function piece(message, stream, event) {
  stream.next = event.index + 1;
  stream.text += event.text;
  if (stream.text.length < message.content.length)
    return;
  message.content = stream.text;
  grown(message);
}

function end(message, stream, ended) {
  news++;
  streams.delete(message.id);
  if (stream.text)
    message.content = stream.text;
  Object.assign(message, { state: ended.state, figures: ended.figures ?? message.figures, error: ended.error });
  if (ended.state === "done")
    announce(word("finished", { text: message.content.slice(0, ANNOUNCED) }));
  changed();
  moved();
}

/* The answer that is being made on the way that is shown. */
export function answering() {
  return state.open?.tree.way(state.open.choices).findLast((message) => message.state === "streaming");
}

export async function stop() {
  if (state.pending) {
    state.pending.abort.abort();
    return;
  }
  const message = answering();
  if (!message)
    return;
  try {
    await api.stop(message.id);
  } catch (failure) {
    tell(failure, stop);
  }
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

/* The first words, for a title. */
export function titleOf(text) {
  const line = text.trim().split("\n").find((part) => /[\p{L}\p{N}]/u.test(part)) ?? text.trim();
  const words = line.replace(/^[#>*\-\s]+/, "").replace(/\s+/g, " ").trim();
  if (words.length <= TITLE_LENGTH)
    return words;
  const cut = words.slice(0, TITLE_LENGTH);
  return cut.slice(0, Math.max(cut.lastIndexOf(" "), TITLE_LENGTH / 2)).replace(/[,;:.\s]+$/, "") + "…";
}

function wishes() {
  const { model, ...settings } = state.settings;
  const filled = Object.entries(settings).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return { model: model || currentModel()?.id, settings: Object.fromEntries(filled) };
}

/* The conversation that is shown, made now if there is none. */
async function opened(text) {
  if (state.open)
    return state.open;
  const wish = wants;
  const made = await api.create({ title: titleOf(text), settings: state.settings });
  const conversation = { id: made.id, title: made.title, tree: new Tree([]), choices: {} };
  if (wish === wants) {
    state.open = conversation;
    history.pushState(null, "", addressOf(made.id));
  }
  return conversation;
}

/* A conversation whose first message was refused is none. */
function unmake(conversation) {
  if (!conversation || conversation.tree.messages.size)
    return;
  api.remove(conversation.id).catch(() => {});
  if (state.open !== conversation)
    return;
  state.open = null;
  history.replaceState(null, "", addressOf(""));
}

/* Sends what was written, after the last message shown or in place of the one that is edited. False: it failed, and
 * the text is still the writer's. */
export async function send(text) {
  const way = state.open?.tree.way(state.open.choices) ?? [];
  const edited = state.editing;
  const parent = edited ? edited.parent ?? null : way.at(-1)?.id ?? null;
  state.editing = null;
  const done = await exchange({ parent, content: text }, { text, parent: parent ?? "" });
  if (!done)
    state.editing = edited;
  changed();
  return done;
}

export function regenerate(message) {
  return exchange({ parent: message.parent, regenerate: true });
}

export function goOn(message) {
  return exchange({ parent: message.id, continue: true });
}

async function exchange(body, question = null) {
  const pending = state.pending = { ...question, abort: new AbortController() };
  let conversation = null;
  clearNotice();
  changed();
  queueMicrotask(toEnd);
  try {
    conversation = await opened(body.content ?? "");
    const answer = await api.send(conversation.id, { ...body, ...wishes() }, pending.abort.signal);
    taken(conversation, answer);
    return true;
  } catch (failure) {
    unmake(conversation);
    tell(failure, question ? null : () => exchange(body));
    return false;
  } finally {
    if (state.pending === pending)
      state.pending = null;
    changed();
  }
}

function taken(conversation, answer) {
  news++;
  state.pending = null;
  for (const message of [answer.user, answer.assistant]) {
    if (!message)
      continue;
    const known = conversation.tree.messages.get(message.id);
    const whole = conversation.tree.add({ content: "", ...known, ...message });
    conversation.choices[whole.parent ?? ""] = whole.id;
  }
  keep("branch." + conversation.id, JSON.stringify(conversation.choices), "sessionStorage");
  if (state.open === conversation)
    followAll();
  changed();
  moved();
}

