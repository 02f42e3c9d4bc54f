/* main.js: puts the page together: who renders what, who hears of what, and the first requests. */
import { change, element, iconButton } from "./dom.js";
import { keepUpToDate, loadStatus, moved, reload } from "./listing.js";
import { grown, makeMessages, renderMessages } from "./messages.js";
import { idInAddress, open, talkTold } from "./talk.js";
import { word } from "./words.js";
import { focusBox, makeComposer, renderComposer } from "./composer.js";
import { renderNotice, tell } from "./notice.js";
import { renderSidebar, showSide } from "./sidebar.js";
import { renderedBy, changed, state } from "./state.js";
import { Follow } from "./follow.js";
import { dialog } from "./overlay.js";
import { enterDependencies, inDependencies } from "./audits.js";
import { keyAskedBy } from "./api.js";
import { renderDependencies } from "./dependencies.js";
import { renderTop } from "./settings.js";

const at = (id) => document.getElementById(id);

const scroll = at("scroll");
const follow = new Follow(scroll, at("messages"), (following) => {
  state.following = following;
  changed();
});
const down = iconButton("down", "", () => follow.jump(), { class: "tool down" });
at("bottom").prepend(down);

renderedBy(() => {
  const room = state.room === "dependencies";
  at("skip").textContent = word(room ? "skipRoom" : "skip");
  at("room").hidden = !room;
  at("scroll").hidden = at("bottom").hidden = room;
  change(down, { "aria-label": word("down"), title: word("down"), hidden: state.following });
  renderSidebar(at("side-body"));
  renderTop(at("top"));
  renderNotice(at("notice"));
  if (room)
    renderDependencies(at("room"));
  renderMessages();
  renderComposer();
});

/* ---- the key ----------------------------------------------------------------------------------------------------- */

keyAskedBy(async (refused) => {
  const field = element("input", { type: "text", id: "key", class: "secret", autocomplete: "off", spellcheck: "false",
    autocapitalize: "off", required: true });
  const remember = element("input", { type: "checkbox", id: "key-remember" });
  return dialog({ title: word("keyQuestion"), confirm: word("keyUse"),
    body: [element("p", { class: refused ? "bad" : "quiet" }, word(refused ? "keyRefused" : "keyText")),
      element("label", { for: "key" }, word("keyLabel")), field,
      element("label", { class: "check" }, remember, word("keyRemember"))],
    result: () => ({ key: field.value.trim(), remember: remember.checked }) });
});

/* ---- keys and navigation ----------------------------------------------------------------------------------------- */

at("skip").onclick = (event) => {
  event.preventDefault();
  at(state.room === "chat" ? "message" : "room").focus();
};

/* Shows what the address says, without adding to the history. */
function goToAddress() {
  if (inDependencies())
    enterDependencies({ push: false });
  else
    open(idInAddress(), { push: false });
}

document.addEventListener("keydown", (event) => {
  const command = (event.ctrlKey || event.metaKey) && !event.altKey;
  if (event.key === "Escape" && state.side)
    showSide(false);
  if (command && event.key === "k") {
    event.preventDefault();
    showSide(true);
    at("search").focus();
  }
});

document.addEventListener("pointerdown", (event) => {
  if (state.side && !event.target.closest("#side, #menu-button, .menu, dialog"))
    showSide(false);
});

window.addEventListener("popstate", goToAddress);
window.addEventListener("online", () => reload().catch(() => {}));

/* ---- beginning --------------------------------------------------------------------------------------------------- */

talkTold({ grown, moved, toEnd: () => follow.jump() });
makeMessages(at("messages"), scroll);
makeComposer();
goToAddress();
if (state.room === "chat")
  focusBox();

function begin() {
  Promise.all([reload(), loadStatus()]).catch((failure) => tell(failure, begin));
}

begin();
keepUpToDate();

