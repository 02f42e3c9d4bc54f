/* notice.js: what went wrong, in the person's words, and what can be done. */
import { Failure, forgetKey } from "./api.js";
import { changed, state } from "./state.js";
import { element } from "./dom.js";
import { word } from "./words.js";

const KNOWN = [401, 403, 404, 413, 429, 503, 507];
const SAYS_MORE = [400, 403, 413, 500, 501, 507]; /* the server's own words tell what to do */

export function failureText(failure) {
  if (!(failure instanceof Failure))
    return word("failureOther", { status: failure.message });
  if (failure.status === 0)
    return word("offline");
  const known = KNOWN.includes(failure.status) ? word("failure" + failure.status, { seconds: failure.retryAfter || 5 })
    : word("failureOther", { status: failure.status });
  return SAYS_MORE.includes(failure.status) && failure.message ? known + " " + failure.message : known;
}

/* Shows a failure; again repeats what failed. */
export function tell(failure, again = null) {
  if (failure.name === "AbortError")
    return;
  state.notice = { text: failureText(failure), run: again, status: failure.status };
  if (!(failure instanceof Failure))
    console.error(failure);
  changed();
}

export function clearNotice(status = null) {
  if (!state.notice || (status !== null && state.notice.status !== status))
    return;
  state.notice = null;
  changed();
}

let shown = null;

export function renderNotice(at) {
  if (state.notice === shown)
    return;
  shown = state.notice;
  at.replaceChildren();
  if (!shown)
    return;
  const { run, status } = shown;
  at.append(element("p", {}, shown.text));
  if (run)
    at.append(element("button", { type: "button", class: "plain", onclick: () => {
      if (status === 401)
        forgetKey();
      clearNotice();
      run();
    } }, word(status === 401 ? "enterKey" : "tryAgain")));
  at.append(element("button", { type: "button", class: "plain", onclick: () => clearNotice() }, word("dismiss")));
}
