// Tables of a file's rows: those that were scored, and those that were not.

import { count, element, facts, percent } from "./page.js";

const SHOWN = 100;

/** The scored rows in the order given, each with its file's line. */
export function scoredTable(columns, good, notes) {
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
      element("strong", {}, first < 0 ? "no decision" : facts.names[first]),
      meter(first < 0 ? Math.max(...shares) : shares[first]),
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

/** The rows that were not scored, each with its first fault. */
export function rejectedTable(errors) {
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

export function tableOf(caption, heads, body) {
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
