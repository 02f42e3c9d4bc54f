/* blocks.js: Markdown's blocks: lines in, a list of blocks out. Text inside them is inline.js's.
 *
 * After CommonMark 0.31 and GitHub's tables and tasks, with what models write: a list nested by two spaces, formulas
 * between $$ or \[ \] lines. HTML is text. Every line is looked at a bounded number of times: quotes and lists nest
 * at most DEEPEST deep, what lies deeper is text.
 *
 * A block: { type, first, next } (its lines are first <= line < next) and, by type,
 *   paragraph  text            heading  level, text         rule
 *   code       text, label, closed                          math  text
 *   quote      blocks          list     ordered, start, loose, items: [{ raw, blocks, task }]
 *   table      align, head, rows: arrays of cells' texts */

const DEEPEST = 12;
const MOST_COLUMNS = 100;
const FORMULA_LINES = 64; /* a formula that does not end within so many lines is text */

/* ---- one line ---------------------------------------------------------------------------------------------------- */

function isBlank(line) {
  return line.trim() === "";
}

function indentOf(line) {
  let at = 0;
  while (line[at] === " ")
    at++;
  return at;
}

/* Tabs at the start of a line become spaces, to the next multiple of four. */
function untab(line) {
  let at = 0;
  let width = 0;
  for (; line[at] === " " || line[at] === "\t"; at++)
    width += line[at] === "\t" ? 4 - width % 4 : 1;
  return line.lastIndexOf("\t", at) < 0 ? line : " ".repeat(width) + line.slice(at);
}

/* Three or more of *, - or _, with nothing but spaces between. */
function isRule(line) {
  let sign = "";
  let count = 0;
  for (const character of line) {
    if (character === " " || character === "\t")
      continue;
    if (!sign && "*-_".includes(character))
      sign = character;
    if (character !== sign)
      return false;
    count++;
  }
  return count >= 3;
}

function fenceOf(line) {
  const found = /^ {0,3}(`{3,}|~{3,})/.exec(line);
  if (!found)
    return null;
  const label = line.slice(found[0].length).trim();
  return found[1][0] === "`" && label.includes("`") ? null : { mark: found[1], label, indent: indentOf(line) };
}

function headingOf(line) {
  const found = /^ {0,3}(#{1,6})(?=[ \t]|$)/.exec(line);
  if (!found)
    return null;
  let text = line.slice(found[0].length).trim();
  let end = text.length;
  while (text[end - 1] === "#")
    end--;
  if (end === 0 || text[end - 1] === " ")
    text = text.slice(0, end).trim();
  return { level: found[1].length, text };
}

function quoted(line) {
  const found = /^ {0,3}> ?/.exec(line);
  return found ? line.slice(found[0].length) : null;
}

/* width: columns up to the text. */
function markerOf(line) {
  const found = /^( {0,3})([-+*]|\d{1,9}[.)])( {1,4}(?! )| (?= )|$)/.exec(line);
  if (!found || isRule(line))
    return null;
  const ordered = found[2].length > 1;
  return { indent: found[1].length, width: found[0].length + (found[3] === "" ? 1 : 0), ordered,
    kind: ordered ? found[2].at(-1) : found[2], start: ordered ? parseInt(found[2], 10) : 1,
    empty: isBlank(line.slice(found[0].length)) };
}

/* The cells of a table's row. */
function cellsOf(line) {
  const cells = [];
  let cell = "";
  for (let at = 0; at < line.length; at++) {
    if (line[at] === "\\" && line[at + 1] === "|")
      cell += line[++at];
    else if (line[at] === "|") {
      cells.push(cell.trim());
      cell = "";
    } else
      cell += line[at];
  }
  if (!isBlank(cell))
    cells.push(cell.trim());
  if (line.trimStart()[0] === "|")
    cells.shift();
  return cells;
}

const ALIGNMENTS = { "10": "left", "01": "right", "11": "center", "00": "" };

/* Alignments, if the line is the one below a table's head. */
function alignmentsOf(line) {
  if (!line.includes("-") || !/^[ |:-]+$/.test(line))
    return null;
  const cells = cellsOf(line);
  if (!cells.length || !cells.every((cell) => /^:?-+:?$/.test(cell)))
    return null;
  return cells.map((cell) => ALIGNMENTS[Number(cell[0] === ":") + "" + Number(cell.at(-1) === ":")]);
}

function tableAt(lines, at) {
  if (at + 1 >= lines.length || !lines[at].includes("|"))
    return null;
  const align = alignmentsOf(lines[at + 1]);
  return align && align.length <= MOST_COLUMNS && cellsOf(lines[at]).length === align.length ? align : null;
}

/* ---- formulas on lines of their own ------------------------------------------------------------------------------ */

const FORMULAS = [["$$", "$$"], ["\\[", "\\]"]];

/* { text, next } of a formula that begins in this line and has nothing after its end. */
function formulaAt(lines, at) {
  const line = lines[at].trim();
  const [open, close] = FORMULAS.find(([mark]) => line.startsWith(mark)) ?? [];
  if (!open)
    return null;
  const text = [line.slice(open.length)];
  for (let next = at + 1; next - at <= FORMULA_LINES; next++) {
    const last = text.at(-1);
    const end = last.indexOf(close);
    if (end >= 0 && end === last.length - close.length) {
      text[text.length - 1] = last.slice(0, end);
      return { text: text.join("\n").trim(), next };
    }
    if (end >= 0 || last.includes(open) || next >= lines.length || isBlank(lines[next]))
      return null;
    text.push(lines[next].trim());
  }
  return null;
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

/* Whether a paragraph ends before this line. */
function interrupts(lines, at, depth) {
  const line = lines[at];
  if (isBlank(line) || headingOf(line) || fenceOf(line) || isRule(line))
    return true;
  if (depth < DEEPEST && quoted(line) !== null)
    return true;
  const marker = depth < DEEPEST && markerOf(line);
  if (marker && !marker.empty && marker.start === 1)
    return true;
  return tableAt(lines, at) !== null || formulaAt(lines, at) !== null;
}

function readCode(lines, at, fence) {
  const text = [];
  let next = at + 1;
  let closed = false;
  for (; next < lines.length && !closed; next++) {
    const end = /^ {0,3}(`{3,}|~{3,}) *$/.exec(lines[next]);
    closed = end !== null && end[1][0] === fence.mark[0] && end[1].length >= fence.mark.length;
    if (!closed)
      text.push(lines[next].slice(Math.min(fence.indent, indentOf(lines[next]))));
  }
  return { type: "code", label: fence.label, text: text.join("\n"), closed, next };
}

function readIndented(lines, at) {
  let next = at;
  let end = at;
  for (; next < lines.length && (isBlank(lines[next]) || indentOf(lines[next]) >= 4); next++)
    if (!isBlank(lines[next]))
      end = next + 1;
  const text = lines.slice(at, end).map((line) => line.slice(4)).join("\n");
  return { type: "code", label: "", text, closed: true, next: end };
}

function readQuote(lines, at, depth) {
  const inner = [];
  let next = at;
  for (; next < lines.length; next++) {
    const line = quoted(lines[next]);
    if (line === null && (isBlank(inner.at(-1) ?? "") || interrupts(lines, next, depth)))
      break;
    inner.push(line ?? lines[next]);
  }
  return { type: "quote", blocks: readBlocks(inner, depth + 1), next };
}

/* The lines of one item, without its indentation; loose: a blank line stands between its parts or after it. */
function itemLines(lines, at, marker) {
  const inner = [lines[at].slice(marker.width)];
  let blank = false;
  let next = at + 1;
  for (; next < lines.length; next++) {
    const line = lines[next];
    const indent = indentOf(line);
    if (isBlank(line)) {
      if (inner.length === 1 && isBlank(inner[0]))
        break;
      blank = true;
      inner.push("");
      continue;
    }
    const inside = indent >= marker.width || (indent >= marker.indent + 2 && markerOf(line.trimStart()));
    const lazy = !blank && !markerOf(line) && !isBlank(inner.at(-1)) && !headingOf(line) && !fenceOf(line)
      && !isRule(line) && quoted(line) === null;
    if (!inside && !lazy)
      break;
    blank = false;
    inner.push(line.slice(Math.min(indent, marker.width)));
  }
  while (inner.length && isBlank(inner.at(-1)))
    inner.pop();
  return { inner, next, blankAfter: blank };
}

function readItem(inner, depth) {
  const task = /^\[([ xX])\] /.exec(inner[0] ?? "");
  const raw = inner.join("\n");
  const lines = task ? [inner[0].slice(4), ...inner.slice(1)] : inner;
  const blocks = readBlocks(lines, depth + 1);
  const loose = blocks.some((block, at) => at > 0 && isBlank(lines[block.first - 1] ?? "x")
    && blocks[at - 1].type !== "list");
  return { raw, blocks, task: task ? task[1] !== " " : null, loose };
}

function readList(lines, at, depth) {
  const begin = markerOf(lines[at]);
  const items = [];
  let loose = false;
  let next = at;
  let blankBefore = false;
  while (next < lines.length) {
    const marker = markerOf(lines[next]);
    if (!marker || marker.ordered !== begin.ordered || marker.kind !== begin.kind)
      break;
    loose ||= blankBefore;
    const read = itemLines(lines, next, marker);
    const item = readItem(read.inner, depth);
    loose ||= item.loose;
    items.push(item);
    blankBefore = read.blankAfter;
    next = read.next;
  }
  return { type: "list", ordered: begin.ordered, start: begin.start, loose, items, next };
}

function readTable(lines, at, align, depth) {
  const rows = [];
  let next = at + 2;
  for (; next < lines.length; next++) {
    const line = lines[next];
    if (isBlank(line) || (!line.includes("|") && interrupts(lines, next, depth)) || fenceOf(line))
      break;
    rows.push(cellsOf(line).slice(0, align.length));
  }
  return { type: "table", align, head: cellsOf(lines[at]), rows, next };
}

function readParagraph(lines, at, depth) {
  let next = at + 1;
  for (; next < lines.length; next++) {
    const under = /^ {0,3}(=+|-{3,}) *$/.exec(lines[next]);
    if (under) {
      const text = lines.slice(at, next).map((line) => line.trim()).join("\n");
      return { type: "heading", level: under[1][0] === "=" ? 1 : 2, text, next: next + 1 };
    }
    if (interrupts(lines, next, depth))
      break;
  }
  const text = lines.slice(at, next).map((line) => line.trimStart()).join("\n").trimEnd();
  return { type: "paragraph", text, next };
}

function readBlock(lines, at, depth) {
  const line = lines[at];
  if (indentOf(line) >= 4)
    return readIndented(lines, at);
  const fence = fenceOf(line);
  if (fence)
    return readCode(lines, at, fence);
  const heading = headingOf(line);
  if (heading)
    return { type: "heading", ...heading, next: at + 1 };
  if (isRule(line))
    return { type: "rule", next: at + 1 };
  if (depth < DEEPEST && quoted(line) !== null)
    return readQuote(lines, at, depth);
  if (depth < DEEPEST && markerOf(line))
    return readList(lines, at, depth);
  const align = tableAt(lines, at);
  if (align)
    return readTable(lines, at, align, depth);
  const formula = formulaAt(lines, at);
  if (formula)
    return { type: "math", ...formula };
  return readParagraph(lines, at, depth);
}

function readBlocks(lines, depth) {
  const blocks = [];
  for (let at = 0; at < lines.length;) {
    if (isBlank(lines[at])) {
      at++;
      continue;
    }
    const block = readBlock(lines, at, depth);
    block.first = at;
    blocks.push(block);
    at = block.next;
  }
  return blocks;
}

export function parseBlocks(text) {
  return readBlocks(text.split("\n").map((line) => untab(line.replace(/\r$/, ""))), 0);
}
