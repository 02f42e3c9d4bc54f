/* attachments.js: text files inside a message: how the model reads them, and how they are found again.
 *
 *   what was typed
 *
 *   File: notes.txt
 *   ```              a fence that is longer than any in the file
 *   its text
 *   ```
 *
 * A message is one text for the server and for whoever exports it; the page shows its files folded. */

const FILE = /(?:^|\n\n)File: ([^\n]{1,255})\n(`{3,})\n([\s\S]*?)\n\2(?=\n\n|$)/g;

/* A file: { name, text }. */
export function joinFiles(text, files) {
  return [text, ...files.map(fenced)].filter(Boolean).join("\n\n");
}

function fenced({ name, text }) {
  const longest = (text.match(/`{3,}/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2);
  const fence = "`".repeat(longest + 1);
  return `File: ${name}\n${fence}\n${text.replace(/\n$/, "")}\n${fence}`;
}

/* { text, files } of a message. */
export function splitFiles(message) {
  const files = [];
  const text = message.replace(FILE, (whole, name, fence, inside) => {
    files.push({ name, text: inside });
    return "";
  });
  return { text: text.trim(), files };
}
