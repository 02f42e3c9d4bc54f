/* api.js: the only file that knows the server's routes.
 *
 * Each call gives what the server said or throws a Failure. Where the server wants a key, the call waits until the
 * person has given one, then asks again. */
import { keep, kept } from "./kept.js";

const ROOT = "/api/bastide/v1/";

/* status: the server's, or 0 where none was reached. */
export class Failure extends Error {
  constructor(status, message, retryAfter = 0) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/* ---- the key ----------------------------------------------------------------------------------------------------- */

let askForKey = null;
let asking = null;
let declined = false; /* the person would rather not: not asked again unasked */

/* ask(wasRefused) gives a promise of { key, remember }, or of null where the person would rather not. */
export function keyAskedBy(ask) {
  askForKey = ask;
}

function key() {
  return kept("key", "sessionStorage") || kept("key");
}

export function forgetKey() {
  declined = false;
  keep("key", "", "sessionStorage");
  keep("key", "");
}

export function hasKey() {
  return key() !== "";
}

/* One question for all calls that wait for it. True: there is a key to try. */
async function obtainKey(refused) {
  if (key() !== refused)
    return true;
  if (declined)
    return false;
  asking ??= askForKey(refused !== "").finally(() => { asking = null; });
  const given = await asking;
  if (given && key() === refused) {
    keep("key", given.remember ? given.key : "");
    keep("key", given.key, "sessionStorage");
  }
  declined = given === null;
  return !declined;
}

/* ---- one request ------------------------------------------------------------------------------------------------- */

async function failureOf(response) {
  let message = "";
  try {
    const said = await response.json();
    message = said?.error?.message ?? said?.error ?? "";
  } catch (noJson) {
    /* the status has to do */
  }
  return new Failure(response.status, String(message), Number(response.headers.get("Retry-After")) || 0);
}

async function request(method, path, { body, signal, accept } = {}) {
  for (;;) {
    const used = key();
    const headers = { Accept: accept ?? "application/json" };
    if (used)
      headers.Authorization = "Bearer " + used;
    if (body !== undefined)
      headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(ROOT + path, { method, headers, signal, cache: "no-store",
        body: body === undefined ? undefined : JSON.stringify(body) });
    } catch (unreached) {
      if (unreached.name === "AbortError")
        throw unreached;
      throw new Failure(0, "");
    }
    if (response.ok)
      return response;
    const failure = await failureOf(response);
    if (failure.status !== 401 || !await obtainKey(used))
      throw failure;
  }
}

async function asked(method, path, options) {
  const response = await request(method, path, options);
  return response.status === 204 ? null : response.json();
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

const at = encodeURIComponent;

export const api = {
  status: () => asked("GET", "status"),
  conversations: (words, signal) =>
    asked("GET", "conversations" + (words ? "?q=" + at(words) : ""), { signal }),
  conversation: (id, signal) => asked("GET", "conversations/" + at(id), { signal }),
  create: (body) => asked("POST", "conversations", { body }),
  change: (id, body) => asked("PATCH", "conversations/" + at(id), { body }),
  remove: async (id) => { await request("DELETE", "conversations/" + at(id)); },
  send: (id, body, signal) => asked("POST", "conversations/" + at(id) + "/messages", { body, signal }),
  stop: async (message) => { await request("POST", "messages/" + at(message) + "/stop"); },
  exported: async (id, format) =>
    (await request("GET", "conversations/" + at(id) + "/export?format=" + format, { accept: "*/*" })).text(),
  audits: () => asked("GET", "audits"),
  audit: (id) => asked("GET", "audits/" + id),
  auditAgain: (id) => asked("POST", "audits/" + id, { body: {} }),
  auditKeep: (id, body) => asked("POST", "audits/" + id + "/kept", { body }),
  exportedAll: async (format) => (await request("GET", "export?format=" + format, { accept: "*/*" })).text(),
  stream,
};

/* Calls told(event) for each event of an answer from number `from` on; returns when the stream ends. */
async function stream(message, from, signal, told) {
  const response = await request("GET", "messages/" + at(message) + "/stream?from=" + from,
    { signal, accept: "text/event-stream" });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done)
        return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines)
        if (line.startsWith("data:"))
          told(JSON.parse(line.slice(5)));
    }
  } catch (broken) {
    if (broken.name === "AbortError")
      throw broken;
    throw new Failure(0, "");
  }
}
