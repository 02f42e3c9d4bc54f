/* settings.js: which model answers and how: the choice above the conversation, and the panel beside it; and colours. */
import { bytes, language, number, word } from "./words.js";
import { change, element, icon, iconButton } from "./dom.js";
import { changed, currentModel, state } from "./state.js";
import { keep, kept } from "./kept.js";
import { api } from "./api.js";
import { beginNew, showSide } from "./sidebar.js";
import { tell } from "./notice.js";

/* name in the request, words, range; step "any" takes fractions. */
const SAMPLING = [
  ["temperature", "temperature", { min: 0, max: 2, step: "any" }],
  ["top_p", "topP", { min: 0, max: 1, step: "any" }],
  ["top_k", "topK", { min: 0, max: 1000, step: 1 }],
  ["max_tokens", "maxTokens", { min: 1, max: 1_000_000, step: 1 }],
  ["seed", "seed", { min: 0, max: 2 ** 53 - 1, step: 1 }],
];

/* ---- kept with the conversation ---------------------------------------------------------------------------------- */

let saving = 0;

function set(name, value) {
  if (value === "" || value === null)
    delete state.settings[name];
  else
    state.settings[name] = value;
  keepSettings();
  changed();
}

/* With the conversation, and as what the next one begins with (but for the seed, which belongs to one). */
function keepSettings() {
  const { seed, ...next } = state.settings;
  keep("settings", JSON.stringify(next));
  const id = state.open?.id;
  clearTimeout(saving);
  if (id)
    saving = setTimeout(() => api.change(id, { settings: state.settings }).catch(tell), 300);
}

/* ---- the bar above the conversation ------------------------------------------------------------------------------ */

let select, title, settingsButton;
let shownLanguage = "";
let listed = "";

export function renderTop(top) {
  if (shownLanguage !== language)
    buildTop(top);
  shownLanguage = language;
  const room = state.room === "chat" ? "" : word(state.room);
  const name = room || (state.open ? state.open.title || word("untitled") : "");
  select.parentElement.hidden = settingsButton.hidden = Boolean(room);
  top.classList.toggle("in-room", Boolean(room));
  if (title.textContent !== name)
    title.textContent = name;
  title.hidden = !name;
  document.title = name ? name + " · Bastide" : "Bastide";
  renderModels();
}

function buildTop(top) {
  const menuButton = iconButton("menu", word("menu"), () => {
    showSide(true);
    document.querySelector("#side button")?.focus();
  }, { id: "menu-button", class: "tool when-narrow" });
  title = element("h1", { class: "talk-title" });
  select = element("select", { id: "model", "aria-label": word("model"), onchange: () => set("model", select.value) });
  settingsButton = iconButton("tune", word("settings"), openSettings, { "aria-haspopup": "dialog" });
  const newButton = iconButton("plus", word("newChat"), beginNew, { class: "tool when-narrow" });
  top.replaceChildren(menuButton, element("span", { class: "model" }, select), title, settingsButton, newButton);
  listed = "";
}

function optionText(model) {
  const facts = [bytes(model.bytes), model.loaded ? word("loaded") : ""].filter(Boolean);
  return model.id + " · " + facts.join(" · ");
}

function renderModels() {
  const models = state.server?.models ?? [];
  const now = currentModel()?.id ?? "";
  const looks = JSON.stringify([models, language]);
  if (looks !== listed) {
    const groups = [["fits", models.filter((model) => model.fits !== false)],
      ["fitsNot", models.filter((model) => model.fits === false)]];
    select.replaceChildren(...groups.filter(([, members]) => members.length).map(([name, members]) =>
      element("optgroup", { label: word(name) }, ...members.map((model) => element("option", { value: model.id,
        disabled: model.fits === false && !model.loaded }, optionText(model))))));
    if (!models.length)
      select.append(element("option", { value: "" }, state.server ? word("noModel") : "…"));
  }
  listed = looks;
  if (select.value !== now)
    select.value = now;
}

/* ---- the panel --------------------------------------------------------------------------------------------------- */

function field(name, label, hint, range) {
  const input = element("input", { type: "number", id: "set-" + name, "aria-describedby": "hint-" + name,
    inputmode: "decimal", ...range });
  input.value = state.settings[name] ?? "";
  input.onchange = () => {
    const valid = input.value !== "" && input.checkValidity();
    set(name, valid ? Number(input.value) : "");
    if (!valid)
      input.value = "";
  };
  return element("div", { class: "field" }, element("label", { for: input.id }, label), input,
    element("small", { id: "hint-" + name }, hint));
}

function modelFacts() {
  const model = currentModel();
  if (!model)
    return null;
  const facts = [bytes(model.bytes)];
  if (model.parameters)
    facts.unshift(number(model.parameters / 1e6) + " M");
  if (model.context)
    facts.push(word("context", { share: number(model.context) }));
  const { available } = state.server.memory ?? {};
  if (available)
    facts.push(word("free", { bytes: bytes(available) }));
  return element("p", { class: "quiet" }, element("strong", {}, model.id), " · ", facts.join(" · "));
}

export function openSettings() {
  const system = element("textarea", { id: "set-system", rows: 5, placeholder: word("systemHint") });
  system.value = state.settings.system ?? "";
  system.oninput = () => set("system", system.value);
  const panel = element("dialog", { class: "panel", "aria-labelledby": "settings-title" },
    element("header", {}, element("h2", { id: "settings-title" }, word("settings")),
      iconButton("close", word("close"), () => panel.close())),
    modelFacts(),
    element("p", { class: "quiet" }, word("settingsHint")),
    element("div", { class: "field" }, element("label", { for: "set-system" }, word("system")), system),
    element("div", { class: "fields" }, ...SAMPLING.map(([name, text, range]) =>
      field(name, word(text), word(text + "Hint"), range))),
    element("div", { class: "dialog-buttons" },
      element("button", { type: "button", class: "plain", onclick: () => {
        const { model } = state.settings;
        state.settings = model ? { model } : {};
        keepSettings();
        changed();
        panel.close();
      } }, word("reset")),
      element("button", { type: "button", class: "primary", onclick: () => panel.close() }, word("done"))));
  panel.onclick = (event) => event.target === panel && panel.close();
  panel.onclose = () => panel.remove();
  document.body.append(panel);
  panel.showModal();
}

/* ---- colours ----------------------------------------------------------------------------------------------------- */

const THEMES = [["", "half", "themeSystem"], ["light", "sun", "themeLight"], ["dark", "moon", "themeDark"]];

export function themeButton() {
  const button = iconButton("half", "", () => {
    const at = THEMES.findIndex(([theme]) => theme === kept("theme"));
    keep("theme", THEMES[(at + 1) % THEMES.length][0]);
    show();
  });
  function show() {
    const [theme, sign, name] = THEMES.find(([one]) => one === kept("theme")) ?? THEMES[0];
    if (theme)
      document.documentElement.dataset.theme = theme;
    else
      delete document.documentElement.dataset.theme;
    button.replaceChildren(icon(sign));
    change(button, { "aria-label": word("theme", { name: word(name) }), title: word("theme", { name: word(name) }) });
  }
  show();
  return button;
}
