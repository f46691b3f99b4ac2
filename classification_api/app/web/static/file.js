// Many rows: a CSV is read here, sent in parts, and shown as a table that can be downloaded.

import { CsvError, decode, parse, write } from "./csv.js";
import { mends } from "./mend.js";
import { byId, count, element, facts } from "./page.js";
import { Refusal, predict } from "./service.js";
import { summary } from "./summary.js";
import { rejectedTable, scoredTable } from "./tables.js";

const LARGEST = 50e6; // bytes; beyond it a browser is the wrong tool
const PART = 500; // rows a request
const SOON = 30; // milliseconds in which a browser shows what is new

let current = new AbortController();

byId("file").addEventListener("change", ({ target }) => {
  if (target.files.length) score(target.files[0]);
  target.value = ""; // so that the same file can be chosen again
});

byId("stop").addEventListener("click", () => current.abort());

for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const isOver = kind === "dragenter" || kind === "dragover";
    byId("drop").classList.toggle("over", isOver);
    if (kind === "drop" && event.dataTransfer.files.length) score(event.dataTransfer.files[0]);
  });
}

/** Score a file; `mended` maps columns to how their cells are sent instead. */
async function score(file, mended = new Map()) {
  current.abort();
  const mine = new AbortController();
  current = mine;
  byId("scored").hidden = true;
  progress(0, 0, `Reading ${file.name}`);
  say();
  byId("many").scrollIntoView();
  try {
    await new Promise((resolve) => setTimeout(resolve, SOON)); // a long file takes a while to read
    const table = await read(file);
    const scored = await scoreAll(table, mended, mine.signal);
    if (current === mine) show(file, table, scored, mended);
  } catch (error) {
    if (current !== mine) return;
    if (error.name === "AbortError") say("Stopped. Nothing was kept.");
    else if (error instanceof CsvError || error instanceof Refusal) say(error.message, "error");
    else throw error;
  } finally {
    if (current === mine) byId("work").hidden = true;
  }
}

async function read(file) {
  if (file.size > LARGEST) {
    throw new CsvError(
      `The file is larger than ${LARGEST / 1e6} MB. Score it with the command line: ` +
        `classification-model predict ${file.name} --output scored.csv`,
    );
  }
  const table = parse(decode(await bytesOf(file), facts.encoding), facts.columns);
  const absent = facts.columns.filter((name) => !table.columns.includes(name));
  if (absent.length) {
    throw new CsvError(
      `The file has no column ${list(absent)}. Its columns are ${list(table.columns)}.`,
    );
  }
  if (!table.records.length && !table.ragged.length) throw new CsvError("The file has no rows.");
  const taken = added().find((name) => table.columns.includes(name));
  if (taken) throw new CsvError(`The file has a column "${taken}" already; rename it.`);
  return table;
}

async function bytesOf(file) {
  try {
    return await file.arrayBuffer();
  } catch {
    throw new CsvError(`${file.name} cannot be read. Is it a folder, or was it moved?`);
  }
}

/** For each record, in order, its shares or none; and all warnings and errors. */
async function scoreAll({ columns, records, ragged }, mended, signal) {
  const sent = facts.columns.map((name) => {
    const position = columns.indexOf(name);
    const mend = mended.get(name) ?? ((cell) => cell);
    return [name, (cells) => mend(cells[position])];
  });
  const rows = records.map(({ cells }) =>
    Object.fromEntries(sent.map(([name, cell]) => [name, cell(cells)])),
  );
  const scored = {
    shares: [],
    first: [],
    warnings: [],
    faults: [],
    errors: ragged.map((record) => uneven(record, columns)),
  };
  for (let size = PART; scored.shares.length < rows.length;) {
    const start = scored.shares.length;
    progress(start, rows.length);
    try {
      const answer = await predict(rows.slice(start, start + size), { skip: true, signal });
      scored.shares.push(...answer.probabilities);
      scored.first.push(...answer.predictions.map((label) => answer.classes.indexOf(label)));
      scored.warnings.push(...answer.warnings.map((one) => ({ ...one, row: start + one.row })));
      scored.faults.push(...(answer.errors ?? []));
      for (const faults of byRow(answer.errors ?? []).values()) {
        scored.errors.push(fault(records[start + faults[0].row].line, faults));
      }
    } catch (error) {
      // How many rows a service takes at once is its operator's choice.
      if (!error.isTooMuch || size === 1) throw error;
      size = Math.ceil(size / 4);
    }
  }
  scored.errors.sort((a, b) => a.line - b.line);
  return scored;
}

/** Why a record is not scored: its first fault, and the names of the others' columns. */
function fault(line, [{ column, value, message }, ...others]) {
  const more = others.map((other) => `'${other.column}' ${other.message}`).join("; ");
  return { line, column, value, message: more ? `${message}; and ${more}` : message };
}

function uneven({ line, cells, fault }, columns) {
  const message = fault ?? `has ${count(cells.length, "cell")}, and the header has ${columns.length}`;
  return { line, column: null, value: null, message };
}

function show(file, table, { shares, first, warnings, faults, errors }, mended) {
  const { name } = file;
  const { columns, records, ragged } = table;
  const good = records
    .map((record, i) => ({ ...record, i, shares: shares[i], first: first[i] }))
    .filter((row) => row.shares);
  const refused = records.length + ragged.length - good.length;
  const notes = byRow(warnings);
  const files = [download(stem(name) + ".scored.csv", outcome(columns, good))];
  if (refused) files.push(download(stem(name) + ".rejected.csv", rejections(name, errors)));
  for (const { href } of byId("downloads").children) URL.revokeObjectURL(href);
  byId("downloads").replaceChildren(...files);
  const mend = mends(faults, table);
  const again = () => score(file, new Map([...mended, ...mend.byColumn]));
  byId("summary").replaceChildren(
    ...summary({ columns, good, warnings, faults, ragged, mend, again }),
  );
  const draw = () => {
    const rows = byId("unsure").checked ? [...good].sort((a, b) => surety(a) - surety(b)) : good;
    byId("table").replaceChildren(...(good.length ? [scoredTable(columns, rows, notes)] : []));
  };
  byId("unsure").onchange = draw;
  draw();
  byId("rejected").replaceChildren(...(refused ? [rejectedTable(errors)] : []));
  byId("table").hidden = !good.length;
  byId("order").hidden = good.length < 2;
  byId("rejected").hidden = !refused;
  byId("scored").hidden = false;
  byId("many").scrollIntoView();
  say(
    `${name}: ${count(good.length, "row")} scored` +
      (refused ? `, ${refused.toLocaleString("en")} not: they are listed below` : "") +
      (notes.size ? `. ${count(notes.size, "row has", "rows have")} warnings` : "") +
      (mended.size ? `. Read by another decimal mark: ${[...mended.keys()].join(", ")}` : "") +
      ".",
  );
}

/** How sure an answer is: its probability, or how far it is from the threshold. */
function surety({ shares, first }) {
  if (facts.threshold) return Math.abs(shares[facts.threshold.of] - facts.threshold.at);
  return first < 0 ? Math.max(...shares) : shares[first];
}

/** What is said of rows, by row. */
function byRow(notes) {
  const rows = new Map(notes.map(({ row }) => [row, []]));
  for (const note of notes) rows.get(note.row).push(note);
  return rows;
}

const added = () => ["prediction", ...facts.classes.map((label) => `probability_${label}`)];

/** As the command line writes it: the file's columns, the prediction, each class's share. */
function outcome(columns, good) {
  const body = good.map(({ cells, shares, first }) => [
    ...cells,
    facts.classes[first],
    ...shares,
  ]);
  return [[...columns, ...added()], ...body];
}

function rejections(name, errors) {
  const body = errors.map(({ line, column, value, message }) => [
    name,
    line,
    column,
    value,
    message,
  ]);
  return [["file", "line", "column", "value", "reason"], ...body];
}

function download(name, rows) {
  const content = new Blob([write(rows)], { type: "text/csv" });
  return element(
    "a",
    { className: "button", href: URL.createObjectURL(content), download: name },
    `Download ${name}`,
  );
}

function progress(done, all, text) {
  byId("work").hidden = false;
  byId("progress").max = all || 1;
  byId("progress").value = done;
  byId("progress-label").textContent =
    text ?? `Scoring: ${done.toLocaleString("en")} of ${count(all, "row")}`;
}

function say(text = "", kind = "") {
  byId("file-status").textContent = text;
  byId("file-status").className = kind;
}

const stem = (name) => name.replace(/\.[^.]*$/, "");
const list = (names) => names.map((name) => `"${name}"`).join(", ");
