/* composer.js: the message box. What is written survives a reload, and a message that could not be sent comes back. */
import { answering, send, stop } from "./talk.js";
import { bytes, word } from "./words.js";
import { change, element, icon, iconButton } from "./dom.js";
import { changed, state } from "./state.js";
import { joinFiles, splitFiles } from "./attachments.js";
import { keep, kept } from "./kept.js";
import { toast } from "./overlay.js";

const LARGEST_FILE = 1_000_000;

let box, form, button, files, hint, picker;
let attached = []; /* { name, text } */
let draftOf = null; /* the conversation whose draft is in the box */
let editing = null;

export function makeComposer() {
  form = document.getElementById("composer");
  box = document.getElementById("message");
  picker = element("input", { type: "file", multiple: true, hidden: true, tabindex: -1 });
  files = element("ul", { class: "files" });
  button = element("button", { type: "submit", class: "round" });
  hint = element("p", { class: "hint", id: "composer-hint" });
  form.prepend(files);
  form.append(element("div", { class: "composer-row" },
    iconButton("attach", "", () => picker.click(), { id: "attach" }), hint, button), picker);
  box.oninput = () => {
    keepDraft();
    grow();
    changed();
  };
  box.onkeydown = (event) => keyed(event);
  form.onsubmit = (event) => {
    event.preventDefault();
    submit();
  };
  picker.onchange = () => attach(picker.files);
  box.onpaste = (event) => event.clipboardData.files.length && attach(event.clipboardData.files);
  form.ondragover = (event) => event.preventDefault();
  form.ondrop = (event) => {
    event.preventDefault();
    attach(event.dataTransfer.files);
  };
}

/* ---- what is written --------------------------------------------------------------------------------------------- */

function draftName() {
  return "draft." + (draftOf || "new");
}

function keepDraft() {
  if (!editing)
    keep(draftName(), box.value);
}

export function write(text) {
  box.value = text;
  keepDraft();
  grow();
  focusBox();
  changed();
}

/* Not where that would bring up a keyboard on the screen. */
export function focusBox() {
  if (!matchMedia("(hover: none)").matches)
    box.focus({ preventScroll: true });
}

/* As high as its text, up to what the style allows. */
function grow() {
  box.style.height = "auto";
  box.style.height = box.scrollHeight + "px";
}

function busy() {
  return Boolean(answering() ?? state.pending);
}

function keyed(event) {
  if (event.key === "Escape" && state.editing) {
    event.preventDefault();
    state.editing = null;
    changed();
  }
  if (event.key !== "Enter" || event.shiftKey || event.isComposing)
    return;
  event.preventDefault();
  if (!busy())
    submit();
}

async function submit() {
  if (busy()) {
    stop();
    return;
  }
  const text = box.value.trim();
  if (!text && !attached.length)
    return;
  const before = { text: box.value, attached, name: draftName() };
  const message = joinFiles(text, attached);
  editing = null;
  attached = [];
  keep(before.name, "");
  box.value = "";
  grow();
  const sent = send(message);
  focusBox();
  if (await sent)
    return;
  attached = before.attached;
  editing = state.editing;
  if (editing || !box.value)
    write(before.text);
  changed();
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

async function attach(list) {
  for (const file of list)
    await attachOne(file);
  picker.value = "";
  changed();
}

async function attachOne(file) {
  if (file.size > LARGEST_FILE) {
    toast(word("tooLarge", { name: file.name }));
    return;
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    if (text.includes("\0"))
      throw new TypeError("binary");
    attached.push({ name: file.name, text });
  } catch (noText) {
    toast(word("notText", { name: file.name }));
  }
}

function renderFiles() {
  change(files, { "aria-label": word("attached"), hidden: !attached.length });
  files.replaceChildren(...attached.map((file) => element("li", {}, icon("file"), element("span", {}, file.name),
    element("small", {}, bytes(file.text.length)),
    iconButton("close", word("detach", { name: file.name }), () => {
      attached = attached.filter((other) => other !== file);
      changed();
    }))));
}

/* ---- showing ----------------------------------------------------------------------------------------------------- */

function renderText() {
  const id = state.open?.id ?? state.loading;
  if (draftOf !== id && !state.pending) {
    draftOf = id;
    editing = null;
    attached = [];
    box.value = kept(draftName());
    grow();
  } else if (draftOf !== id)
    draftOf = id;
  if (state.editing === editing)
    return;
  const shown = state.editing ? splitFiles(state.editing.content) : { text: kept(draftName()), files: [] };
  box.value = shown.text;
  attached = shown.files;
  editing = state.editing;
  grow();
  box.focus();
}

export function renderComposer() {
  renderText();
  renderFiles();
  change(box, { "aria-label": word("message"), placeholder: word("messageHint"), "aria-describedby": hint.id });
  change(document.getElementById("attach"), { "aria-label": word("attach"), title: word("attach") });
  form.classList.toggle("editing", state.editing !== null);
  const text = word(state.editing ? "editing" : "keys");
  if (hint.firstChild?.textContent !== text)
    hint.replaceChildren(text, state.editing ? element("button", { type: "button", class: "plain", onclick: () => {
      state.editing = null;
      changed();
    } }, word("cancel")) : "");
  renderButton(busy() ? "stop" : "send");
}

function renderButton(sign) {
  const empty = !box.value.trim() && !attached.length;
  change(button, { "aria-label": word(sign), title: word(sign), "aria-disabled": sign === "send" && empty
    ? "true" : null });
  if (button.dataset.sign !== sign)
    button.replaceChildren(icon(sign));
  button.dataset.sign = sign;
}
