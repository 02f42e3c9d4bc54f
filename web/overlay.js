/* overlay.js: what lies over the page for a moment: dialogs, menus, toasts. */
import { element } from "./dom.js";
import { word } from "./words.js";

/* Shows a dialog; resolves with what `result` gives for the button that was pressed, null where it was dismissed.
 * The browser keeps the focus inside and gives it back afterwards. */
export function dialog({ title, body, confirm, danger = false, result = () => true }) {
  return new Promise((resolve) => {
    const form = element("form", { method: "dialog" },
      element("h2", { id: "dialog-title" }, title),
      ...body,
      element("div", { class: "dialog-buttons" },
        element("button", { type: "button", class: "plain", onclick: () => box.close() }, word("cancel")),
        element("button", { type: "submit", class: danger ? "danger" : "primary" }, confirm)));
    const box = element("dialog", { "aria-labelledby": "dialog-title" }, form);
    let given = null;
    form.onsubmit = (event) => {
      event.preventDefault();
      given = result();
      box.close();
    };
    box.onclose = () => {
      box.remove();
      resolve(given);
    };
    document.body.append(box);
    box.showModal();
    (form.querySelector("input") ?? form.querySelector("[type=submit]")).focus();
  });
}

/* ---- menus ------------------------------------------------------------------------------------------------------- */

let openMenu = null;

/* Opens a menu at its button, closes it if it is open. rows: [text, run] pairs. Arrow keys move, Escape closes. */
export function menu(button, rows) {
  const again = openMenu?.button === button;
  openMenu?.close();
  if (again)
    return;
  const items = rows.filter(Boolean).map(([text, run, danger]) => element("button", {
    type: "button", role: "menuitem", tabindex: -1, class: danger ? "danger-text" : null,
    onclick: () => { close(true); run(); } }, text));
  const list = element("div", { class: "menu", role: "menu", "aria-label": button.getAttribute("aria-label") },
    ...items);

  function close(refocus) {
    openMenu = null;
    list.remove();
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    if (refocus)
      button.focus();
  }
  function outside(event) {
    if (!list.contains(event.target) && !button.contains(event.target))
      close(false);
  }
  list.onkeydown = (event) => {
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab")
      close(true);
    if (to !== undefined)
      items.at(to % items.length).focus();
    if (to !== undefined || event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  document.addEventListener("pointerdown", outside, true);
  button.setAttribute("aria-expanded", "true");
  openMenu = { button, close: () => close(false) };
  (button.closest("dialog") ?? document.body).append(list);
  place(list, button.getBoundingClientRect());
  items[0].focus();
}

/* Below the button, or above it where there is more room; never past the window's edge. */
function place(list, button) {
  const edge = 8;
  const left = Math.min(button.left, innerWidth - list.offsetWidth - edge);
  const below = button.bottom + 4 + list.offsetHeight + edge <= innerHeight;
  list.style.left = Math.max(edge, left) + "px";
  list.style.top = Math.max(edge, below ? button.bottom + 4 : button.top - list.offsetHeight - 4) + "px";
}

/* ---- toasts ------------------------------------------------------------------------------------------------------ */

const TOAST_MILLISECONDS = 4000;

export function toast(text) {
  const shown = element("div", { class: "toast" }, text);
  document.getElementById("toasts").replaceChildren(shown);
  setTimeout(() => shown.remove(), TOAST_MILLISECONDS);
}

/* Said once to who listens, shown to nobody. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}
