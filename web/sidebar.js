/* sidebar.js: the navigation: what Bastide offers, the conversations, and the menu of the page itself. */
import { addressOf, open } from "./talk.js";
import { change, element, icon, iconButton } from "./dom.js";
import { enterDependencies } from "./audits.js";
import { changed, state } from "./state.js";
import { conversationMenu, pageMenu, rename, search } from "./listing.js";
import { focusBox } from "./composer.js";
import { language, word } from "./words.js";
import { themeButton } from "./settings.js";

/* Sign, and for those that are there, address and what leads into them. */
const SECTIONS = [["chat", "chat", () => addressOf(""), () => state.room === "chat" || open("")],
  ["documents", "file"], ["backups", "shield"],
  ["dependencies", "links", () => "/dependencies", enterDependencies], ["strategy", "compass"], ["approvals", "stamp"]];
const DAY = 86400;

let shownLanguage = "";
let list, empty;

const narrow = matchMedia("(max-width: 54rem)"); /* as in style.css */

export function renderSidebar(side) {
  document.body.classList.toggle("side-open", state.side);
  document.getElementById("main").inert = state.side && narrow.matches;
  if (shownLanguage !== language)
    build(side);
  shownLanguage = language;
  for (const link of side.querySelectorAll(".sections a"))
    change(link, { "aria-current": link.dataset.room === state.room ? "page" : null });
  renderList();
}

export function showSide(shown) {
  if (state.side && !shown && narrow.matches)
    queueMicrotask(() => document.getElementById("menu-button").focus({ preventScroll: true }));
  state.side = shown;
  changed();
}

export function beginNew() {
  showSide(false);
  open("");
  focusBox();
}

function build(side) {
  const newChat = element("button", { type: "button", class: "new", onclick: beginNew }, icon("plus"), word("newChat"));
  list = element("div", { class: "list" });
  empty = element("p", { class: "quiet" });
  const field = element("input", { type: "search", id: "search", "aria-label": word("search"),
    placeholder: word("searchHint"), value: state.words, autocomplete: "off", oninput: () => search(field.value) });
  side.replaceChildren(
    iconButton("close", word("closeMenu"), () => showSide(false), { class: "tool close" }),
    newChat,
    element("nav", { class: "sections", "aria-label": word("sections") }, sections()),
    element("nav", { class: "conversations", "aria-label": word("conversations") },
      element("h2", {}, word("conversations")),
      element("div", { class: "search" }, icon("search"), field), list, empty),
    element("div", { class: "side-foot" }, themeButton(),
      iconButton("globe", word("language"), pageMenu.language, { lang: language === "fr" ? "en" : "fr" }),
      iconButton("more", word("more"), (event) => pageMenu.open(event.currentTarget), { "aria-haspopup": "menu",
        "aria-expanded": "false" })));
}

/* What is still to come is text: a link that leads nowhere would lie. */
function sections() {
  return element("ul", {}, ...SECTIONS.map(([name, sign, address, enter]) => address
    ? element("li", {}, element("a", { href: address(), "data-room": name, onclick: (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey)
        return;
      event.preventDefault();
      showSide(false);
      enter();
    } }, icon(sign), word(name)))
    : element("li", { class: "coming" }, icon(sign), word(name), " ", element("small", {}, word("coming")))));
}

/* ---- the list ---------------------------------------------------------------------------------------------------- */

function groupOf(row, now) {
  if (row.pinned)
    return "pinned";
  const midnight = new Date(now * 1000).setHours(0, 0, 0, 0) / 1000;
  if (row.updated_at >= midnight)
    return "today";
  if (row.updated_at >= midnight - DAY)
    return "yesterday";
  return row.updated_at >= midnight - 7 * DAY ? "week" : "older";
}

let drawn = "";

function renderList() {
  const current = state.open?.id ?? state.loading;
  const rows = state.conversations;
  const looks = JSON.stringify([rows, current, state.renaming, language]);
  if (looks === drawn || rows === null)
    return;
  drawn = looks;
  const focused = document.activeElement?.closest?.(".list li")?.dataset.id;
  const role = document.activeElement?.className;
  list.replaceChildren(...[...grouped(rows)].map(([name, members]) => element("section", {},
    element("h3", {}, word(name)),
    element("ul", {}, ...members.map((row) => renderRow(row, row.id === current))))));
  change(empty, { hidden: rows.length > 0 });
  empty.textContent = word(state.words ? "noMatches" : "noConversations");
  if (focused)
    list.querySelector(`[data-id="${focused}"] .${role || "title"}`)?.focus();
  list.querySelector("input")?.select();
}

function grouped(rows) {
  const groups = new Map();
  for (const row of rows) {
    const name = groupOf(row, Date.now() / 1000);
    if (!groups.has(name))
      groups.set(name, []);
    groups.get(name).push(row);
  }
  return groups;
}

function renderRow(row, current) {
  const title = row.title || word("untitled");
  if (state.renaming === row.id)
    return element("li", { "data-id": row.id }, renameForm(row));
  return element("li", { "data-id": row.id, class: current ? "current" : null },
    element("a", { href: addressOf(row.id), class: "title", title, "aria-current": current ? "page" : null,
      onclick: (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey)
          return;
        event.preventDefault();
        showSide(false);
        open(row.id);
      } }, row.pinned ? icon("pin") : null, title),
    iconButton("more", word("actions", { title }), (event) => conversationMenu(event.currentTarget, row),
      { "aria-haspopup": "menu", "aria-expanded": "false" }));
}

function renameForm(row) {
  let done = false;
  const finish = (title) => {
    if (!done)
      rename(row, title);
    done = true;
  };
  const field = element("input", { type: "text", value: row.title, "aria-label": word("title"), maxlength: 200 });
  field.onkeydown = (event) => {
    if (event.key === "Escape")
      finish(null);
  };
  field.onblur = () => finish(field.value);
  return element("form", { class: "rename", onsubmit: (event) => {
    event.preventDefault();
    finish(field.value);
  } }, field);
}
