/* state.js: all that the page knows, in one object, and the one way to show it.
 *
 *   something happens -> an action changes state -> changed() -> render(state), at most once a frame
 *
 * Only the pieces of an answer in the making take a shorter way (talk.js tells messages.js), so that a token costs no
 * more than itself. */
import { kept } from "./kept.js";

export const state = {
  server: null,        /* what api.status() gave */
  conversations: null, /* rows of the list; null until they came */
  words: "",           /* what is searched for */
  renaming: "",        /* id of the conversation whose title is being typed */
  open: null,          /* the conversation that is shown: { id, title, tree, choices }; null: a new one */
  loading: "",         /* id of the conversation that is on its way */
  settings: defaults(),
  editing: null,       /* the question that the message box holds again */
  pending: null,       /* { text, parent }: on its way to the server */
  notice: null,        /* { text, action, run } */
  following: true,
  room: "chat",        /* or "dependencies" (audits.js) */
  side: false,         /* whether the navigation is shown where there is no room for both */
};

/* What a new conversation begins with: as in the last one. */
export function defaults() {
  try {
    return JSON.parse(kept("settings")) ?? {};
  } catch (none) {
    return {};
  }
}

let render = () => {};
let due = false;

export function renderedBy(function_) {
  render = function_;
}

export function changed() {
  if (due)
    return;
  due = true;
  queueMicrotask(() => {
    due = false;
    render(state);
  });
}

/* The model that answers next: as chosen, else the server's default. */
export function currentModel() {
  const models = state.server?.models ?? [];
  return models.find((model) => model.id === state.settings.model) ?? models.find((model) => model.default)
    ?? models[0];
}
