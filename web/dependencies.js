/* dependencies.js: the room Dependencies: the sentence that matters, what stops if an owner goes, the services with
 * every place, the way out. Only what is opened gets its places, so that thousands of them cost nothing. */
import { audit, choices, clearFilters, copyYaml, filtered, hasFilters, isBusy, note, notesFor, readAgain, reasonFor,
  removeKept, setFilter, showFolder, shownFolder, waive } from "./audits.js";
import { bytes, country, language, number, percent, time, word } from "./words.js";
import { change, element, iconButton } from "./dom.js";
import { changed } from "./state.js";
import { menu } from "./overlay.js";

const MOST_PLACES = 50;
const MOST_SERVICES = 100;
const MOST_OWNERS = 6;
const MOST_STEPS = 8;
const MARKS = { critical: "●", warning: "◐", note: "○" };
const FILTERS = ["level", "owner", "law", "provider", "category", "evidence", "waived"];

let shownLanguage = "";
let drawn = "";
let more = 0; /* services shown beyond the first */
let head, above, filters, results, words;

export function renderDependencies(room) {
  if (shownLanguage !== language)
    build(room);
  shownLanguage = language;
  renderHead();
  const looks = JSON.stringify([audit.folder, audit.version, audit.data?.kept, audit.filters, [...audit.open], more,
    audit.folders?.length, audit.refused, language]);
  if (looks === drawn)
    return;
  drawn = looks;
  renderFilters();
  renderResults();
}

function build(room) {
  head = element("header", { class: "audit-head" });
  filters = element("form", { class: "filters", role: "search", "aria-label": word("filters"),
    onsubmit: (event) => event.preventDefault() });
  above = element("div", { class: "audit" });
  results = element("div", { class: "audit" });
  room.replaceChildren(head, above, filters, results);
  headed = "";
  drawn = "";
  filtersShown = "";
}

/* ---- what is being done ------------------------------------------------------------------------------------------ */

let headed = "";

/* Progress moves many times a second: only its own part is made again. */
function renderHead() {
  const folder = shownFolder();
  const looks = JSON.stringify([audit.folders?.map((one) => one.title), audit.folder, folder?.state, folder?.done,
    folder?.made, folder?.error, audit.version, language]);
  if (looks === headed)
    return;
  headed = looks;
  head.replaceChildren(...(folder ? [folderChoice(), readLine(folder),
    iconButton("again", word("readAgain"), readAgain, { "aria-disabled": isBusy() })] : []));
}

function folderChoice() {
  if (audit.folders.length === 1)
    return element("strong", { title: audit.folders[0].path }, audit.folders[0].title);
  const select = element("select", { "aria-label": word("folder"), onchange: () => showFolder(Number(select.value)) },
    ...audit.folders.map((one) => element("option", { value: one.id }, one.title)));
  select.value = audit.folder;
  return select;
}

function readLine(folder) {
  if (isBusy()) {
    const bar = element("progress", { "aria-label": word("reading") });
    if (folder.total)
      change(bar, { max: folder.total, value: folder.done });
    return element("span", { class: "quiet" }, bar, " ", word("reading"), folder.total
      ? " " + word("readOf", { done: number(folder.done), of: number(folder.total) }) : "");
  }
  if (folder.state === "failed")
    return element("span", { class: "bad" }, folder.error);
  const summary = audit.data?.report.summary;
  return element("span", { class: "quiet" }, summary ? word("readFiles", { count: summary.files,
    files: number(summary.files), bytes: bytes(summary.bytes), time: time(folder.made) }) : "");
}

/* ---- filters ----------------------------------------------------------------------------------------------------- */

let filtersShown = "";

function renderFilters() {
  filters.hidden = !audit.data?.services.length;
  const looks = JSON.stringify([audit.folder, audit.version, language]);
  if (!filters.hidden && looks !== filtersShown)
    buildFilters();
  filtersShown = filters.hidden ? "" : looks;
  for (const select of filters.querySelectorAll("select"))
    select.value = audit.filters[select.name] ?? "";
  const clear = filters.querySelector(".plain");
  if (clear)
    clear.hidden = !hasFilters();
  if (words && document.activeElement !== words)
    words.value = audit.filters.words ?? "";
}

function buildFilters() {
  words = element("input", { type: "search", "aria-label": word("filterWords"), placeholder: word("filterWords"),
    autocomplete: "off", value: audit.filters.words ?? "", oninput: () => setFilter("words", words.value) });
  filters.replaceChildren(words, ...FILTERS.map((name) => {
    const select = element("select", { name, "aria-label": word("by_" + name),
      onchange: () => setFilter(name, select.value) },
      element("option", { value: "" }, word("by_" + name)),
      ...(name === "waived" ? ["no", "yes"] : choices(name)).map((value) =>
        element("option", { value }, valueText(name, value))));
    return select;
  }), element("button", { type: "button", class: "plain", onclick: clearFilters }, word("clearFilters")));
}

function valueText(name, value) {
  return ["level", "evidence", "waived"].includes(name) ? word(name + "_" + value) : value;
}

/* ---- results ----------------------------------------------------------------------------------------------------- */

function renderResults() {
  const focused = document.activeElement?.closest?.(".service")?.dataset.key;
  const role = document.activeElement?.dataset?.role;
  above.replaceChildren(...partsAbove().filter(Boolean));
  results.replaceChildren(...(audit.data?.services.length ? partsBelow() : []).filter(Boolean));
  if (focused)
    results.querySelector(`[data-key="${CSS.escape(focused)}"] [data-role="${role}"]`)?.focus();
}

/* What no filter changes. */
function partsAbove() {
  if (audit.refused)
    return [explained("needsAdmin", "bastide key add NAME --scopes admin")];
  if (audit.folders?.length === 0)
    return [explained("needsFolder", "bastide serve --audit PATH")];
  if (!audit.data)
    return [];
  const { summary } = audit.data.report;
  return [element("h2", { class: "sentence" }, sentence(summary)), owners(summary),
    summary.services.length ? null : warnings(summary)];
}

function partsBelow() {
  const { summary } = audit.data.report;
  return [services(), plan(summary), kept(), warnings(summary)];
}

function explained(name, command) {
  return element("div", { class: "explained" }, element("h2", {}, word("dependencies")),
    element("p", {}, word(name)), element("pre", {}, element("code", {}, command)));
}

/* The server says it in English; in other languages it is put together here. */
function sentence(summary) {
  const heavy = summary.services.filter((one) => one.provider_id && one.level !== "note");
  const outside = summary.concentration.jurisdictions.shares.find((one) => one.name && one.name !== "EU");
  if (language === "en" || !heavy.length)
    return summary.services.length ? summary.headline : word("nothingFound");
  const under = heavy.filter((one) => !outside || countryOf(one) === outside.name);
  const most = summary.owners.filter((one) => one.name).sort((a, b) => b.cut.stops - a.cut.stops)[0];
  const providers = (rows) => new Set(rows.map((one) => one.provider_id)).size;
  return word("sentenceLaw", { under: providers(under), of: providers(heavy),
    country: country(outside?.name ?? "EU") }) + (most.cut.stops
    ? word("sentenceStops", { owner: most.name, count: most.cut.stops }) : word("sentenceNone"));
}

function countryOf(service) {
  return audit.data.services.find((one) => one.key === service.service_id)?.places[0]?.country;
}

function owners(summary) {
  const rows = summary.owners.filter((one) => one.name).slice(0, MOST_OWNERS);
  if (!rows.length)
    return null;
  return element("section", {}, element("h3", {}, word("ifOneGoes")), element("ul", { class: "owners" },
    ...rows.map((one) => element("li", {},
      element("button", { type: "button", class: "plain name", onclick: () => setFilter("owner", one.name) }, one.name),
      element("span", { class: "quiet" }, percent(one.share)),
      element("span", { class: "cut" }, ...cutTexts(one.cut))))));
}

function cutTexts(cut) {
  const texts = ["stops", "hinders", "later"].filter((name) => cut[name])
    .map((name) => element("span", { class: name }, word("cut_" + name, { count: cut[name] })));
  return texts.length ? texts : [element("span", { class: "quiet" }, word("cut_unfelt"))];
}

function services() {
  const rows = filtered();
  const places = rows.reduce((sum, one) => sum + one.places.length, 0);
  const shown = rows.slice(0, MOST_SERVICES + more);
  return element("section", { "aria-label": word("services") },
    element("h3", {}, word("services"), " ", element("small", { class: "quiet", role: "status" },
      word("servicesIn", { count: rows.length, services: number(rows.length), places: number(places) }))),
    ...shown.map(serviceRow),
    rows.length > shown.length ? element("button", { type: "button", class: "plain", onclick: () => {
      more += MOST_SERVICES;
      changed();
    } }, word("showMore", { count: number(rows.length - shown.length) })) : null);
}

function levelMark(level) {
  return element("span", { class: "level " + level, title: word("level_" + level) }, MARKS[level],
    element("span", { class: "hidden-text" }, " " + word("level_" + level)));
}

function serviceRow(service) {
  const open = audit.open.has(service.key);
  const first = service.places[0];
  const notes = notesFor(service);
  const toggle = element("button", { type: "button", class: "toggle", "data-role": "toggle", "aria-expanded": open,
    onclick: () => {
      open ? audit.open.delete(service.key) : audit.open.add(service.key);
      changed();
    } }, levelMark(service.level), element("span", { class: "what" }, element("strong", {}, service.service),
    element("span", { class: "quiet" }, whose(first))), element("span", { class: "quiet count" },
    word("places", { count: service.places.length, places: number(service.places.length) }),
    service.waived ? " · " + word("waivedCount", { count: number(service.waived) }) : "",
    notes.length ? " · " + word("noteCount", { count: notes.length }) : ""));
  return element("div", { class: "service", "data-key": service.key }, toggle,
    iconButton("more", word("serviceActions", { title: service.service }), (event) => menu(event.currentTarget, [
      [word("waiveService"), () => waive(service)],
      [word("noteService"), () => note(service)],
    ]), { "aria-haspopup": "menu", "aria-expanded": "false", "data-role": "menu" }),
    open ? details(service, notes) : null);
}

function whose(finding) {
  if (!finding.owner)
    return word("ownerUnknown");
  return [finding.owner, country(finding.country), ...finding.laws].join(" · ");
}

function details(service, notes) {
  const shown = service.places.slice(0, MOST_PLACES);
  const ways = service.alternatives.map((one) => one.name + " (" + word("effort_" + one.effort) + ")").join("; ");
  return element("div", { class: "details" },
    service.when_gone ? element("p", {}, word("whenGone"), " ", service.when_gone) : null,
    ways ? element("p", {}, word("instead"), " ", ways) : null,
    ...notes.map((one) => element("p", { class: "noted" }, one.note)),
    element("ul", { class: "places" }, ...shown.map((finding) => placeRow(service, finding))),
    service.places.length > shown.length ? element("p", { class: "quiet" },
      word("andMore", { count: number(service.places.length - shown.length) })) : null);
}

function placeRow(service, finding) {
  const reason = reasonFor(finding);
  return element("li", {}, element("code", { class: "where" }, finding.file + ":" + finding.line),
    element("small", { class: "quiet" }, word("evidence_" + finding.evidence)),
    reason === undefined
      ? element("span", { class: "acts" },
        element("button", { type: "button", class: "plain", onclick: () => waive(service, finding) }, word("waive")),
        element("button", { type: "button", class: "plain", onclick: () => note(service, finding) }, word("note")))
      : element("small", { class: "waived" }, word("waivedFor", { reason })),
    element("code", { class: "text" }, finding.text));
}

function plan(summary) {
  const steps = summary.plan.filter((one) => one.alternative).slice(0, MOST_STEPS);
  if (!steps.length)
    return null;
  return element("section", {}, element("h3", {}, word("wayOut"), " ",
    element("small", { class: "quiet" }, word("wayOutHint"))), element("ol", { class: "plan" },
    ...steps.map((one) => element("li", {}, element("strong", {}, one.service), " → ", one.alternative.name,
      element("small", { class: "quiet" }, " " + word("effort_" + one.alternative.effort)
        + (one.horizon_days ? " · " + word("within", { days: one.horizon_days }) : ""))))));
}

function kept() {
  const { waivers, notes } = audit.data.kept;
  if (waivers.length + notes.length === 0)
    return null;
  const row = (kind, entry, text) => element("li", {}, element("span", {},
    element("strong", {}, entry.service ?? entry.provider ?? ""), entry.file ? " · " + entry.file : "", " ", text),
    element("button", { type: "button", class: "plain", onclick: () => removeKept(kind, entry),
      "aria-label": word("removeEntry", { text }) }, word("remove")));
  return element("section", {}, element("h3", {}, word("keptHere")), element("p", { class: "quiet" }, word("keptHint")),
    element("ul", { class: "kept" },
      ...waivers.map((one) => row("waivers", one, word("waivedUntil", one))),
      ...notes.map((one) => row("notes", one, one.note))),
    element("button", { type: "button", class: "plain", onclick: copyYaml }, word("copyYaml")));
}

function warnings(summary) {
  if (!summary.warnings.length)
    return null;
  return element("details", { class: "warnings" },
    element("summary", {}, word("notRead", { count: summary.warnings.length })),
    element("ul", {}, ...summary.warnings.slice(0, MOST_SERVICES).map((one) =>
      element("li", {}, element("code", {}, one.file), " ", one.text))));
}
