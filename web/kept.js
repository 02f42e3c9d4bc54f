/* kept.js: what this browser remembers: the key, drafts, the chosen branch, language, colours.
 * Storage can be switched off or full: then it lasts as long as the page. */

const page = new Map();
const PREFIX = "bastide.";

function area(name) {
  try {
    return window[name];
  } catch (refused) {
    return null;
  }
}

export function keep(name, value, where = "localStorage") {
  page.set(name, value);
  try {
    if (value === null || value === "")
      area(where)?.removeItem(PREFIX + name);
    else
      area(where)?.setItem(PREFIX + name, value);
  } catch (full) {
    /* the copy of this page has it */
  }
}

export function kept(name, where = "localStorage") {
  try {
    return area(where)?.getItem(PREFIX + name) ?? page.get(name) ?? "";
  } catch (refused) {
    return page.get(name) ?? "";
  }
}
