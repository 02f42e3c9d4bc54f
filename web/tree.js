/* tree.js: a conversation's messages are a tree; what is read is one way through it.
 *
 *   user ─┬─ assistant ── user ── assistant          an edit is another child of the same parent,
 *         └─ assistant (regenerated)                 a second answer another child of the same question
 *
 * choices: parent's id ("" for the beginning) to the child that is shown; without a choice the newest is. */

export class Tree {
  constructor(messages) {
    this.messages = new Map();
    this.children = new Map();
    for (const message of messages)
      this.add(message);
  }

  add(message) {
    const known = this.messages.get(message.id);
    if (known) {
      Object.assign(known, message);
      return known;
    }
    this.messages.set(message.id, message);
    const parent = message.parent ?? "";
    if (!this.children.has(parent))
      this.children.set(parent, []);
    this.children.get(parent).push(message.id);
    return message;
  }

  /* The messages that are shown, from the first to the last. */
  way(choices) {
    const way = [];
    let at = "";
    for (let below = this.children.get(at); below; below = this.children.get(at)) {
      at = below.includes(choices[at]) ? choices[at] : below[below.length - 1];
      way.push(this.messages.get(at));
    }
    return way;
  }

  siblings(message) {
    return this.children.get(message.parent ?? "");
  }
}
