// CSV to table and back, by the rules of the package's own reader (processing/csv_reader.py).

const DELIMITERS = [",", ";", "\t", "|"];
const SAMPLED = 100;
const FOREIGN = /[^\0-\x7f]/;
const SIGNS = /[€…‘’“”–—\u00a0£§«°±²³µ»½¾×]/g;
const NO_WORD = new RegExp(
  "\\p{L}[^\\0-\\x7f\\p{L}\\p{N}\\s\u2018\u2019\u201c-\u201e«»]\\p{L}" +
    "|[a-zß-ÿ][À-ÖØ-ÞŠŒŽŸ]|[ÝýÞþÐðŠšŽž]",
  "u",
);
const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$/;

/** Why a file is no CSV that can be read. */
export class CsvError extends Error {}

/**
 * Bytes to text: by the mark at the start, else as UTF-8, else as the table that was trained on, if
 * that can be, else as what Western Europe writes.
 */
export function decode(bytes, hint) {
  const text = decoded(new Uint8Array(bytes), hint);
  // Text has none of these; a picture, an archive or a spreadsheet has many.
  const binary = text.search(/[\0-\x07]/);
  if (binary >= 0) {
    const line = text.slice(0, binary).split("\n").length;
    throw new CsvError(`Line ${line} holds no text, so it is no CSV: save it as CSV.`);
  }
  return text;
}

function decoded(bytes, hint) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  const text = utf8(bytes);
  if (text !== null) return text;
  const faulty = lines(bytes).filter(({ bytes }) => utf8(bytes) === null);
  const foreign = lines(bytes).filter(({ bytes }) => bytes.some((byte) => byte > 127));
  if (2 * faulty.length <= foreign.length) {
    const shown = faulty.slice(0, 5).map(({ number }) => number);
    throw new CsvError(`Not UTF-8: line ${shown.join(", ")}. Mend these lines.`);
  }
  const hinted = hint && read(bytes, hint);
  if (hinted) return hinted;
  const western = new TextDecoder("windows-1252").decode(bytes);
  if (!looksWestern(western)) {
    throw new CsvError("The file is not UTF-8, and it is not sure what it is: save it as UTF-8.");
  }
  return western;
}

const utf8 = (bytes) => read(bytes, "utf-8");

function read(bytes, encoding) {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function lines(bytes) {
  const found = [];
  for (let start = 0, number = 1; start < bytes.length; number += 1) {
    const end = bytes.indexOf(10, start);
    const stop = end < 0 ? bytes.length : end + 1;
    found.push({ number, bytes: bytes.subarray(start, stop) });
    start = stop;
  }
  return found;
}

/** Whether some letters of words have accents, and no sign stands inside a word. */
function looksWestern(text) {
  const words = (text.match(/[A-Za-z\u0080-\uffff]{2,}/g) ?? []).filter((word) => FOREIGN.test(word));
  const letters = words.join("");
  const share = (letters.match(/[^\0-\x7f]/g) ?? []).length / (letters.length || 1);
  return !text.replace(SIGNS, "").match(FOREIGN) || (share < 0.5 && !NO_WORD.test(text));
}

/** Each record that is not a blank line, as `{line, cells}`: the line that it starts on. */
export function* records(text, delimiter, { first = 1, spaced = false } = {}) {
  const ends = new RegExp(`[\\${delimiter}\r\n]|$`, "g");
  let at = 0;
  let line = first;
  while (at < text.length) {
    const record = { line, cells: [] };
    const isBlank = "\r\n".includes(text[at]);
    for (;;) {
      while (spaced && text[at] === " ") at += 1;
      const cell = text[at] === '"' ? quoted(text, at, record.line) : plain(text, at, ends);
      record.cells.push(cell.text);
      at = cell.end;
      if (text[at] !== delimiter) break;
      at += 1;
    }
    // What follows is the end of the line, or something after a closing quote.
    if (at < text.length && !"\r\n".includes(text[at])) throw unclosed(record.line);
    at += text.startsWith("\r\n", at) ? 2 : 1;
    line +=
      1 + record.cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
    if (!isBlank) yield record;
  }
}

function plain(text, start, ends) {
  ends.lastIndex = start;
  const end = ends.exec(text).index;
  return { text: text.slice(start, end), end };
}

/** A cell in quotes; within, two quotes are one. */
function quoted(text, start, line) {
  const parts = [];
  for (let from = start + 1; ;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) throw unclosed(line);
    parts.push(text.slice(from, quote));
    if (text[quote + 1] !== '"') return { text: parts.join('"'), end: quote + 1 };
    from = quote + 2;
  }
}

function unclosed(line) {
  return new CsvError(
    `Line ${line}: a quote that opens here is never closed, or closes too early.`,
  );
}

/**
 * The table in a text: its `columns`, its `records`, and as `ragged` those that have more or
 * fewer cells. The delimiter is the one that finds the most known columns, else that of the
 * most even table.
 */
export function parse(text, known) {
  if (!text.trim()) throw new CsvError("The file is empty; its first line must name the columns.");
  const marked = text.match(/^"?sep=([,;|\t])"?\s*?(\r\n|\n|\r)/i);
  const rest = marked ? text.slice(marked[0].length) : text;
  const delimiter = marked ? marked[1] : bestDelimiter(rest, known);
  const spaced = new RegExp(`[${delimiter}] +"[^"\n]*"\\s*(?:[${delimiter}]|$)`, "m").test(rest);
  const every = [...records(rest, delimiter, { first: marked ? 2 : 1, spaced })];
  const at = headerAmong(every.slice(0, SAMPLED), known);
  const body = every.slice(at + 1);
  const columns = named(every[at].cells, body.slice(0, SAMPLED));
  const twice = columns.find((column, i) => columns.indexOf(column) < i);
  if (twice !== undefined) throw new CsvError(`Two columns have the name "${twice}"; rename one.`);
  const header = every[at].cells.join(delimiter);
  for (const record of body) {
    if (record.cells.length > 1 && record.cells.every((cell) => cell === "")) {
      record.fault = "holds nothing but delimiters";
    } else if (record.cells.join(delimiter) === header) {
      record.fault = "is the header once more";
    } else if (!record.cells.slice(columns.length).join("").trim()) {
      record.cells.length = Math.min(record.cells.length, columns.length);
    }
  }
  const isWhole = ({ cells, fault }) => !fault && cells.length === columns.length;
  return {
    columns,
    records: body.filter(isWhole),
    ragged: body.filter((record) => !isWhole(record)),
  };
}

function bestDelimiter(text, known) {
  const merits = DELIMITERS.map((delimiter) => merit(text, delimiter, new Set(known)));
  const best = merits.reduce((a, b) => (isMore(b, a) ? b : a));
  return DELIMITERS[merits.indexOf(best)];
}

/** Which record names the columns: the first that names all that are known, or is no title. */
function headerAmong(found, known) {
  const names = ({ cells }) => new Set(cells.map((cell) => cell.trim()));
  const all = found.findIndex((record) => known.every((name) => names(record).has(name)));
  if (known.length && all >= 0) return all;
  const widths = new Map();
  for (const { cells } of found) widths.set(cells.length, (widths.get(cells.length) ?? 0) + 1);
  const usual = [...widths].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  const isHeader = ({ cells }) => {
    const filled = cells.filter((cell) => cell.trim()).length;
    return (cells.length === usual && (filled > 1 || usual < 3)) || filled > 1;
  };
  return Math.max(0, found.findIndex(isHeader));
}

/** The header's cells, without those at its end that name and hold nothing. */
function named(header, rows) {
  const names = header.map((cell) => cell.trim());
  let width = names.length;
  while (width > 1 && !names[width - 1]) width -= 1;
  const isUsed = rows.some(({ cells }) => cells.slice(width).join("").trim());
  return isUsed ? names : names.slice(0, width);
}

/** How good a delimiter is: known columns found, evenness, columns; the first that differs. */
function merit(text, delimiter, known) {
  const widths = [];
  let found = 0;
  try {
    for (const { cells } of records(text, delimiter)) {
      if (!widths.length) found = cells.filter((cell) => known.has(cell.trim())).length;
      widths.push(cells.length);
      if (widths.length > SAMPLED) break;
    }
  } catch (error) {
    if (error instanceof CsvError) return [found, 0, 0];
    throw error;
  }
  const [width] = widths;
  if (width < 2) return [found, 0, 0];
  return [found, widths.filter((other) => other === width).length / widths.length, width];
}

function isMore(a, b) {
  const i = a.findIndex((value, position) => value !== b[position]);
  return i >= 0 && a[i] > b[i];
}

/** Records of cells as a CSV, by the rules of what the command line writes (batch/answers.py). */
export function write(rows) {
  return rows.map((cells) => `${cells.map(written).join(",")}\n`).join("");
}

function written(cell) {
  const text = neutral(String(cell ?? ""));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A cell that a spreadsheet shows and does not run: what begins as a formula gets an apostrophe. */
function neutral(text) {
  const runs = /^[=+\-@\t\r\n]/.test(text) && !NUMBER.test(text);
  return runs ? `'${text}` : text;
}
