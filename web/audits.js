/* audits.js: what the room Dependencies knows and does: which folders are audited, their results, filters, waivers and
 * notes. dependencies.js shows it.
 *
 * While the room is shown it asks how far the server is; a result is fetched when its number is another than ours. */
import { changed, state } from "./state.js";
import { clearNotice, tell } from "./notice.js";
import { dialog, toast } from "./overlay.js";
import { api } from "./api.js";
import { copyText } from "./copy.js";
import { element } from "./dom.js";
import { word } from "./words.js";

const BUSY_MILLISECONDS = 700;
const QUIET_MILLISECONDS = 4000;
const WAIVED_DAYS = 180;

export const audit = {
  folders: null,  /* what api.audits() gave; null until it came */
  folder: 0,      /* id of the one that is shown */
  refused: false, /* the key is not good for it */
  version: 0,     /* of data */
  data: null,     /* { kept, report, services, waived } */
  filters: {},    /* name to value; "" or absent: all */
  open: new Set(), /* keys of services whose places are shown */
};

/* ---- coming and going -------------------------------------------------------------------------------------------- */

let asking = 0;

export function inDependencies() {
  return location.pathname === "/dependencies";
}

export function enterDependencies({ push = true } = {}) {
  if (push && !inDependencies())
    history.pushState(null, "", "/dependencies" + location.search);
  state.room = "dependencies";
  clearNotice();
  changed();
  look();
}

/* Asks, and again after a while, as long as the room is shown; also when the server could not be reached. */
async function look() {
  clearTimeout(asking);
  if (state.room !== "dependencies")
    return;
  try {
    if (!document.hidden)
      await refresh();
    clearNotice(0);
  } catch (failure) {
    refusedBy(failure);
    if (failure.status !== 0)
      return;
  }
  clearTimeout(asking);
  if (audit.folders?.length !== 0)
    asking = setTimeout(look, isBusy() ? BUSY_MILLISECONDS : QUIET_MILLISECONDS);
}

function refusedBy(failure) {
  audit.refused = failure.status === 403;
  if (!audit.refused && !state.notice)
    tell(failure, look);
  changed();
}

async function refresh() {
  audit.folders = (await api.audits()).folders;
  audit.refused = false;
  const folder = shownFolder();
  if (folder && folder.version > 0 && (folder.version !== audit.version || !audit.data))
    take(folder, await api.audit(folder.id));
  changed();
}

function take(folder, data) {
  if (folder.id !== audit.folder)
    return;
  audit.version = folder.version;
  audit.data = { ...data, ...grouped(data.report) };
}

export function shownFolder() {
  return audit.folders?.find((folder) => folder.id === audit.folder);
}

export function isBusy() {
  return ["waiting", "reading"].includes(shownFolder()?.state);
}

export function showFolder(id) {
  Object.assign(audit, { folder: id, version: 0, data: null, filters: {}, open: new Set() });
  changed();
  look();
}

export function readAgain() {
  attempt(async () => {
    await api.auditAgain(audit.folder);
    await look();
  });
}

async function attempt(work) {
  try {
    await work();
  } catch (failure) {
    tell(failure, () => attempt(work));
  }
}

/* ---- findings by service ----------------------------------------------------------------------------------------- */

export function keyOf(finding) {
  return finding.service_id ?? "host:" + finding.provider;
}

function grouped(report) {
  const places = new Map();
  for (const finding of report.findings) {
    if (!places.has(keyOf(finding)))
      places.set(keyOf(finding), []);
    places.get(keyOf(finding)).push(finding);
  }
  const services = report.summary.services.map((service) => {
    const key = keyOf(service);
    return { ...service, key, places: places.get(key) ?? [] };
  });
  const waived = new Map(report.summary.waivers.map((one) => [place(one), one.reason]));
  return { services, waived };
}

function place(one) {
  return JSON.stringify([one.service, one.file, one.line]);
}

export function reasonFor(finding) {
  return audit.data.waived.get(place(finding));
}

/* ---- filters ----------------------------------------------------------------------------------------------------- */

/* What each filter compares with; laws are several. */
const FIELDS = {
  level: (finding) => [finding.level],
  owner: (finding) => [finding.owner ?? ""],
  law: (finding) => finding.laws,
  provider: (finding) => [finding.provider],
  category: (finding) => [finding.category ?? ""],
  evidence: (finding) => [finding.evidence],
  waived: (finding) => [reasonFor(finding) === undefined ? "no" : "yes"],
};

export function setFilter(name, value) {
  audit.filters[name] = value;
  changed();
}

export function hasFilters() {
  return Object.values(audit.filters).some(Boolean);
}

export function clearFilters() {
  audit.filters = {};
  changed();
}

export function choices(name) {
  const values = new Set(audit.data.report.findings.flatMap(FIELDS[name]));
  values.delete("");
  return [...values].sort((a, b) => a.localeCompare(b));
}

function fits(finding, words) {
  return Object.entries(FIELDS).every(([name, values]) =>
    !audit.filters[name] || values(finding).includes(audit.filters[name]))
    && words.every((one) => (finding.file + " " + finding.text + " " + finding.service).toLowerCase().includes(one));
}

/* The services that have a place which fits, each with those places. */
export function filtered() {
  const words = (audit.filters.words ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  return audit.data.services.map((service) => ({ ...service, all: service.places.length,
    places: hasFilters() ? service.places.filter((finding) => fits(finding, words)) : service.places }))
    .filter((service) => service.places.length > 0);
}

/* ---- waivers and notes ------------------------------------------------------------------------------------------- */

/* What a waiver or note is about, in the audit's own words. */
function target(service, finding) {
  const named = service.service_id ? { service: service.service_id } : { provider: service.provider };
  return finding ? { ...named, file: finding.file } : named;
}

function keep(doing, kind, entry) {
  return attempt(async () => {
    await api.auditKeep(audit.folder, { do: doing, kind, entry });
    await refresh();
  });
}

function about(service, finding) {
  return element("p", { class: "quiet" }, element("strong", {}, service.service), finding ? " · " + finding.file : "");
}

function inDays(days) {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

export async function waive(service, finding = null) {
  const reason = element("input", { type: "text", id: "waive-reason", required: true, maxlength: 500,
    autocomplete: "off" });
  const expires = element("input", { type: "date", id: "waive-expires", required: true, value: inDays(WAIVED_DAYS),
    min: inDays(0) });
  const given = await dialog({ title: word("waiveTitle"), confirm: word("waive"),
    body: [about(service, finding), element("p", { class: "quiet" }, word("waiveText")),
      element("label", { for: "waive-reason" }, word("reason")), reason,
      element("label", { for: "waive-expires", class: "apart" }, word("expires")), expires],
    result: () => ({ reason: reason.value.trim(), expires: expires.value }) });
  if (given?.reason)
    await keep("add", "waivers", { ...target(service, finding), ...given });
}

export async function note(service, finding = null) {
  const field = element("input", { type: "text", id: "note-text", required: true, maxlength: 900,
    autocomplete: "off" });
  const given = await dialog({ title: word("noteTitle"), confirm: word("noteKeep"),
    body: [about(service, finding), element("label", { for: "note-text" }, word("note")), field],
    result: () => field.value.trim() });
  if (given)
    await keep("add", "notes", { ...target(service, finding), note: given });
}

export function removeKept(kind, entry) {
  return keep("remove", kind, entry);
}

export function notesFor(service) {
  return audit.data.kept.notes.filter((one) =>
    one.service ? one.service === service.service_id : one.provider === service.provider && !service.service_id);
}

/* A JSON text is one of YAML, too. */
function yamlOf(kept) {
  const list = (entries) => entries.map((entry) => "  - " + Object.entries(entry)
    .map(([name, value]) => name + ": " + JSON.stringify(value)).join("\n    ")).join("\n");
  return Object.entries(kept).filter(([, entries]) => entries.length)
    .map(([kind, entries]) => kind + ":\n" + list(entries) + "\n").join("");
}

export async function copyYaml() {
  toast(word(await copyText(yamlOf(audit.data.kept)) ? "copied" : "copyFailed"));
}
