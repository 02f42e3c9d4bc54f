/* listing.js: what can be done with conversations as a whole: find, pin, rename, delete, export, import. */
import { api, forgetKey, hasKey } from "./api.js";
import { changed, state } from "./state.js";
import { dialog, menu, toast } from "./overlay.js";
import { keep } from "./kept.js";
import { language, speak, word } from "./words.js";
import { element } from "./dom.js";
import { following, open, refresh } from "./talk.js";
import { tell } from "./notice.js";

const SEARCH_MILLISECONDS = 150;
const POLL_MILLISECONDS = 5000;
const ACTIVE_MILLISECONDS = 60_000; /* after the last key or touch; then it looks less often */
const IDLE_POLLS = 6;

const tabs = window.BroadcastChannel ? new BroadcastChannel("bastide") : null;

/* ---- the list ---------------------------------------------------------------------------------------------------- */

let searching = null;

/* Reads the list. Where the open conversation is another there than it was when read, it is read again. */
export async function reload() {
  searching?.abort();
  const mine = searching = new AbortController();
  const { conversations } = await api.conversations(state.words, mine.signal);
  if (mine.signal.aborted)
    return;
  state.conversations = conversations;
  changed();
  const row = conversations.find((one) => one.id === state.open?.id);
  if (row && row.updated_at !== state.open.seen && !following())
    await refresh();
}

/* Looks again when another tab says so, when the page is looked at, and now and then. */
export function keepUpToDate() {
  const look = async () => {
    try {
      if (!document.hidden)
        await Promise.all([reload(), state.server ? null : loadStatus()]);
    } catch (failure) {
      if (failure.status === 401)
        tell(failure, look);
    }
  };
  let active = performance.now();
  let polls = 0;
  const act = () => { active = performance.now(); };
  for (const event of ["keydown", "pointerdown", "focus"])
    window.addEventListener(event, act, { passive: true });
  tabs?.addEventListener("message", look);
  document.addEventListener("visibilitychange", look);
  setInterval(() => {
    if (performance.now() - active < ACTIVE_MILLISECONDS || ++polls % IDLE_POLLS === 0)
      look();
  }, POLL_MILLISECONDS);
}

export async function loadStatus() {
  state.server = await api.status();
  changed();
}

/* Something changed here: the list, and the other tabs. */
export function moved() {
  tabs?.postMessage("moved");
  reload().catch(tell);
  loadStatus().catch(() => {});
}

let typing = 0;

export function search(words) {
  state.words = words.trim();
  clearTimeout(typing);
  typing = setTimeout(() => reload().catch(tell), SEARCH_MILLISECONDS);
}

/* ---- one conversation -------------------------------------------------------------------------------------------- */

async function attempt(work) {
  try {
    await work();
  } catch (failure) {
    tell(failure, () => attempt(work));
  }
}

export function rename(row, title) {
  state.renaming = "";
  changed();
  const wanted = title?.trim();
  if (!wanted || wanted === row.title)
    return;
  attempt(async () => {
    await api.change(row.id, { title: wanted });
    if (state.open?.id === row.id)
      state.open.title = wanted;
    moved();
  });
}

function pin(row) {
  attempt(async () => {
    await api.change(row.id, { pinned: !row.pinned });
    moved();
  });
}

async function remove(row) {
  const title = row.title || word("untitled");
  const sure = await dialog({ title: word("removeQuestion"), confirm: word("remove"), danger: true,
    body: [element("p", {}, word("removeText", { title }))] });
  if (!sure)
    return;
  attempt(async () => {
    await api.remove(row.id);
    keep("draft." + row.id, "");
    if (state.open?.id === row.id)
      open("");
    moved();
  });
}

export function conversationMenu(button, row) {
  menu(button, [
    [word(row.pinned ? "unpin" : "pin"), () => pin(row)],
    [word("rename"), () => {
      state.renaming = row.id;
      changed();
    }],
    [word("exportMarkdown"), () => attempt(() => exportOne(row, "md"))],
    [word("exportJson"), () => attempt(() => exportOne(row, "json"))],
    [word("remove"), () => remove(row), true],
  ]);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

const KINDS = { md: "text/markdown", json: "application/json" };

function save(name, text, format) {
  const address = URL.createObjectURL(new Blob([text], { type: KINDS[format] }));
  const link = element("a", { href: address, download: name + "." + format });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function fileName(title) {
  return title.normalize("NFKD").replace(/[^\w\s-]/g, "").trim().replace(/\s+/g, "-").slice(0, 60) || "conversation";
}

async function exportOne(row, format) {
  save(fileName(row.title), await api.exported(row.id, format), format);
}

async function exportAll(format) {
  save("bastide-" + new Date().toISOString().slice(0, 10), await api.exportedAll(format), format);
}

/* What "export" gave: one conversation, a list of them, or { conversations }. */
async function importFile(file) {
  let found;
  try {
    const read = JSON.parse(await file.text());
    found = read.conversations ?? (Array.isArray(read) ? read : [read]);
    if (!found.length || !found.every((one) => Array.isArray(one?.messages)))
      throw new TypeError("no conversations");
  } catch (noExport) {
    toast(word("importFailed"));
    return;
  }
  for (const one of found)
    await api.create(one);
  toast(word("imported", { count: found.length }));
  moved();
}

function chooseImport() {
  const picker = element("input", { type: "file", accept: ".json,application/json" });
  picker.onchange = () => picker.files[0] && attempt(() => importFile(picker.files[0]));
  picker.click();
}

export const pageMenu = {
  language: () => {
    speak(language === "fr" ? "en" : "fr");
    const address = new URL(location);
    address.searchParams.delete("lang");
    history.replaceState(null, "", address);
    changed();
  },
  open: (button) => menu(button, [
    [word("exportAllMarkdown"), () => attempt(() => exportAll("md"))],
    [word("exportAllJson"), () => attempt(() => exportAll("json"))],
    [word("importJson"), chooseImport],
    hasKey() ? [word("forgetKey"), () => {
      forgetKey();
      location.reload();
    }] : null,
  ]),
};
