/* dom.js: elements from code. The page holds no markup in strings: what comes from outside reaches the document as text
 * nodes only. */

const SVG = "http://www.w3.org/2000/svg";

/* element("button", { class: "round", type: "button", onclick: f, "aria-label": "Close" }, child, "text")
 * A value of false, null or undefined leaves the attribute out; true sets it empty. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  change(made, attributes);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/* Sets, changes or (false, null, undefined) removes attributes and listeners. */
export function change(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on"))
      target[name] = value;
    else if (value === false || value === null || value === undefined)
      target.removeAttribute(name);
    else if (target.getAttribute(name) !== (value === true ? "" : String(value)))
      target.setAttribute(name, value === true ? "" : String(value));
  }
}

/* Outlines on a grid of 24, drawn for this page. */
const ICONS = {
  plus: "M12 5v14M5 12h14",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16.2 16.2 20 20",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M7 7h10v10H7z",
  attach: "M19 11.5 12 18.6a4.4 4.4 0 0 1-6.3-6.3l7.5-7.5a3 3 0 0 1 4.2 4.2l-7.4 7.4a1.4 1.4 0 0 1-2-2l6.6-6.6",
  copy: "M9 9h10v11H9zM5 15V4h10v1.5",
  check: "M5 12.5 10 17.5 19 7",
  again: "M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4",
  edit: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
  onward: "M6 6l6 6-6 6M13 6l6 6-6 6",
  left: "M14 6l-6 6 6 6",
  right: "M10 6l6 6-6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  pin: "M9 4h6l-1 6 3 3H7l3-3zM12 13v7",
  bin: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
  close: "M6 6l12 12M18 6 6 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  tune: "M4 8h9M17 8h3M4 16h3M11 16h9M15 6v4M9 14v4",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2"
    + "M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5",
  moon: "M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5z",
  half: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 4v16",
  globe: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM3.5 12h17"
    + "M12 3.5c3 2.5 3.5 5.5 3.5 8.5s-.5 6-3.5 8.5c-3-2.5-3.5-5.5-3.5-8.5s.5-6 3.5-8.5z",
  chat: "M5 5h14v11H11l-4 4v-4H5z",
  file: "M6 3.5h8l4 4v13H6zM14 3.5v4h4",
  shield: "M12 3.5 5 6v5.5c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6z",
  links: "M8 8.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM16 20.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM8 8.5v3.5h8v3.5",
  compass: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM15.5 8.5l-2 5-5 2 2-5z",
  stamp: "M5 20h14M6 16.5h12v-2.5h-4.5l.5-6a2 2 0 1 0-4 0l.5 6H6z",
};

const drawn = new Map();

export function icon(name) {
  if (!drawn.has(name))
    drawn.set(name, draw(name));
  return drawn.get(name).cloneNode(true);
}

function svg(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  change(made, attributes);
  made.append(...children);
  return made;
}

function draw(name) {
  return svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon icon-" + name },
    svg("path", { d: ICONS[name] }));
}

/* A ring of which a share, from 0 to 1, is filled. */
export function ring(share) {
  return svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", class: "ring" },
    svg("circle", { cx: 8, cy: 8, r: 6 }),
    svg("circle", { cx: 8, cy: 8, r: 6, pathLength: 100, "stroke-dasharray": `${100 * share} 100`, class: "filled" }));
}

/* A button with a sign; its name is read aloud and shown when the pointer rests on it. */
export function iconButton(sign, name, onclick, attributes = {}) {
  return element("button", { type: "button", class: "tool", "aria-label": name, title: name, onclick, ...attributes },
    icon(sign));
}
