// Many rows: a CSV is read here, sent in parts, and shown as a table that can be downloaded.

import { CsvError, decode, parse, write } from "./csv.js";
import { byId, count, element, facts, percent } from "./page.js";
import { Refusal, predict } from "./service.js";

const LARGEST = 50e6; // bytes; beyond it a browser is the wrong tool
const PART = 500; // rows a request
const SHOWN = 100;

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

async function score(file) {
  current.abort();
  const mine = new AbortController();
  current = mine;
  byId("scored").hidden = true;
  byId("drop").scrollIntoView({ block: "nearest" });
  say();
  try {
    const table = await read(file);
    const scored = await scoreAll(table, mine.signal);
    if (current === mine) show(file.name, table, scored);
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
async function scoreAll({ columns, records, ragged }, signal) {
  const positions = facts.columns.map((name) => columns.indexOf(name));
  const rows = records.map(({ cells }) =>
    Object.fromEntries(facts.columns.map((name, i) => [name, cells[positions[i]]])),
  );
  const scored = {
    shares: [],
    first: [],
    warnings: [],
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

function show(name, { columns, records, ragged }, { shares, first, warnings, errors }) {
  const good = records
    .map((record, i) => ({ ...record, i, shares: shares[i], first: first[i] }))
    .filter((row) => row.shares);
  const refused = records.length + ragged.length - good.length;
  const notes = byRow(warnings);
  const files = [download(stem(name) + ".scored.csv", outcome(columns, good))];
  if (refused) files.push(download(stem(name) + ".rejected.csv", rejections(name, errors)));
  for (const { href } of byId("downloads").children) URL.revokeObjectURL(href);
  byId("downloads").replaceChildren(...files);
  byId("table").replaceChildren(...(good.length ? [scoredTable(columns, good, notes)] : []));
  byId("rejected").replaceChildren(...(refused ? [rejectedTable(errors)] : []));
  byId("table").hidden = !good.length;
  byId("rejected").hidden = !refused;
  byId("scored").hidden = false;
  say(
    `${name}: ${count(good.length, "row")} scored` +
      (refused ? `, ${refused.toLocaleString("en")} not: they are listed below` : "") +
      (notes.size ? `. ${count(notes.size, "row has", "rows have")} warnings` : "") +
      ".",
  );
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
    facts.classes[first] ?? "",
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

function scoredTable(columns, good, notes) {
  const heads = [
    "line",
    "prediction",
    "probability",
    ...(notes.size ? ["warnings"] : []),
    ...facts.columns,
  ];
  const positions = facts.columns.map((name) => columns.indexOf(name));
  const body = good.slice(0, SHOWN).map(({ line, cells, shares, first, i }) => {
    const about = (notes.get(i) ?? []).map(({ column, message }) => `${column}: ${message}`);
    return [
      String(line),
      element("strong", {}, facts.names[first] ?? "no decision"),
      meter(shares[first] ?? Math.max(...shares)),
      ...(notes.size ? [element("span", { className: "warning long" }, about.join("; "))] : []),
      ...positions.map((position) => long(cells[position])),
    ];
  });
  const left = good.length - body.length;
  const caption = left
    ? `The first ${SHOWN} of ${count(good.length, "scored row")}; the download has all.`
    : count(good.length, "scored row");
  return tableOf(caption, heads, body);
}

function rejectedTable(errors) {
  const body = errors
    .slice(0, SHOWN)
    .map(({ line, column, value, message }) => [line, column ?? "", value ?? "", message])
    .map((cells) => cells.map(long));
  const caption =
    errors.length > SHOWN
      ? `Not scored: the first ${SHOWN} of ${count(errors.length, "row")}; the download has all.`
      : "Not scored";
  return tableOf(caption, ["line", "column", "value", "reason"], body);
}

const long = (cell) => element("span", { className: "long" }, String(cell));

function meter(share) {
  const bar = element("span", { className: "bar" });
  bar.style.width = `${share * 100}%`;
  return element(
    "span",
    { className: "meter" },
    element("span", { className: "track" }, bar),
    percent(share),
  );
}

function tableOf(caption, heads, body) {
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const rows = body.map((cells) =>
    element("tr", {}, ...cells.map((cell) => element("td", {}, cell))),
  );
  return element(
    "table",
    {},
    element("caption", {}, element("span", {}, caption)),
    element("thead", {}, head),
    element("tbody", {}, ...rows),
  );
}

function progress(done, all) {
  byId("work").hidden = false;
  byId("progress").max = all;
  byId("progress").value = done;
  byId("progress-label").textContent =
    `Scoring: ${done.toLocaleString("en")} of ${count(all, "row")}`;
}

function say(text = "", kind = "") {
  byId("file-status").textContent = text;
  byId("file-status").className = kind;
}

const stem = (name) => name.replace(/\.[^.]*$/, "");
const list = (names) => names.map((name) => `"${name}"`).join(", ");
