// CSV to table and back, by the rules of the package's own reader (processing/csv_reader.py).

const DELIMITERS = [",", ";", "\t", "|"];
const SAMPLED = 100;
const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$/;

/** Why a file is no CSV that can be read. */
export class CsvError extends Error {}

/** Bytes to text: by the mark at the start, else as UTF-8, else as Windows-1252. */
export function decode(bytes) {
  const text = decoded(new Uint8Array(bytes));
  // Text has none of these; a picture, an archive or a spreadsheet has many.
  const binary = text.search(/[\0-\x07]/);
  if (binary >= 0) {
    const line = text.slice(0, binary).split("\n").length;
    throw new CsvError(`Line ${line} holds no text, so it is no CSV: save it as CSV.`);
  }
  return text;
}

function decoded(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** Each record that is not a blank line, as `{line, cells}`: the line that it starts on. */
export function* records(text, delimiter) {
  const ends = new RegExp(`[\\${delimiter}\r\n]|$`, "g");
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const record = { line, cells: [] };
    const isBlank = "\r\n".includes(text[at]);
    for (;;) {
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
  const merits = DELIMITERS.map((delimiter) => merit(text, delimiter, new Set(known)));
  const best = merits.reduce((a, b) => (isMore(b, a) ? b : a));
  const [header, ...body] = records(text, DELIMITERS[merits.indexOf(best)]);
  const columns = header.cells.map((cell) => cell.trim());
  const twice = columns.find((column, i) => columns.indexOf(column) < i);
  if (twice !== undefined) throw new CsvError(`Two columns have the name "${twice}"; rename one.`);
  const isWhole = ({ cells }) => cells.length === columns.length;
  return {
    columns,
    records: body.filter(isWhole),
    ragged: body.filter((record) => !isWhole(record)),
  };
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
