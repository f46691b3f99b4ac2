// What a scored file is like at a glance: its answers, how sure they are, and what went wrong.

import { count, drawn, element, facts, percent, words } from "./page.js";
import { tableOf } from "./tables.js";

const BINS = 10;
const MOST = 5; // lines of a list
const [WIDTH, HEIGHT] = [300, 90];

/** The parts of the summary, each a group with a heading. */
export function summary({ columns, good, warnings, faults, ragged, mend, again }) {
  return [
    good.length && group("Answers", mix(good)),
    good.length && group("How sure they are", histogram(good)),
    faults.length + ragged.length &&
      group("Why rows are not scored", refusals(faults, ragged), ...mending(mend, again)),
    good.length && columns.includes(facts.target) && group(...judged(good, columns)),
    warnings.length && group("Warnings by column", reasons(warnings, (one) => one.column)),
  ].filter(Boolean);
}

function group(title, ...children) {
  return element("div", { className: "part" }, element("h3", {}, title), ...children);
}

/** How many rows got each class, with a tick where the share of the training rows is. */
function mix(good) {
  const counts = facts.names.map((_, i) => good.filter(({ first }) => first === i).length);
  const undecided = good.filter(({ first }) => first < 0).length;
  const items = facts.names
    .map((name, i) => ({ name, share: counts[i] / good.length, trained: facts.trained[i] }))
    .concat(undecided ? [{ name: "no decision", share: undecided / good.length }] : [])
    .sort((a, b) => b.share - a.share);
  const lines = items.slice(0, MOST).map(({ name, share, trained }) => {
    const bar = element("span", { className: "bar" });
    bar.style.width = `${share * 100}%`;
    const tick = element("span", { className: "tick" });
    tick.style.left = `${(trained ?? 0) * 100}%`;
    const usual = trained === undefined ? "" : ` (training ${percent(trained)})`;
    return element(
      "li",
      {},
      element("span", { className: "name" }, ...words(name)),
      element("span", { className: "share" }, `${percent(share)}${usual}`),
      element("span", { className: "track" }, bar, ...(usual ? [tick] : [])),
    );
  });
  return element("ul", { className: "bars", role: "list" }, ...lines, ...more(items.length));
}

/** How many answers have which probability, in tenths. */
function histogram(good) {
  const bins = Array(BINS).fill(0);
  for (const { shares, first } of good) {
    const share = first < 0 ? Math.max(...shares) : shares[first];
    bins[Math.min(BINS - 1, Math.floor(share * BINS))] += 1;
  }
  const from = bins.findIndex(Boolean);
  const seen = bins.slice(from);
  const wide = WIDTH / seen.length;
  const tall = (number) => (number / Math.max(...bins)) * (HEIGHT - 34);
  const edge = (i) => `${((from + i) / BINS) * 100}%`;
  const columns = seen.flatMap((number, i) => [
    drawn("rect", {
      class: "bin",
      x: i * wide + 1,
      y: HEIGHT - 17 - tall(number),
      width: wide - 2,
      height: tall(number),
    }),
    drawn(
      "text",
      { x: (i + 0.5) * wide, y: HEIGHT - 21 - tall(number), "text-anchor": "middle" },
      number.toLocaleString("en"),
    ),
    drawn("text", { x: i * wide, y: HEIGHT - 4 }, edge(i)),
  ]);
  const told = seen.map((number, i) => `${edge(i)} to ${edge(i + 1)}: ${number}`).join(", ");
  const label = `Rows by the probability of their answer: ${told}`;
  const picture = drawn(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    ...columns,
    drawn("text", { x: WIDTH, y: HEIGHT - 4, "text-anchor": "end" }, "100%"),
  );
  const hint = "Rows by the probability of their answer.";
  return element("div", {}, picture, element("p", { className: "hint" }, hint));
}

/** The commonest of what is said of rows, each with the number of rows and an example. */
function reasons(notes, keyOf) {
  const groups = Map.groupBy(notes, keyOf);
  const sorted = [...groups.values()].sort((a, b) => b.length - a.length);
  const lines = sorted.slice(0, MOST).map((notes) => {
    const [{ column, message }] = notes;
    const about = element("span", { className: "long" }, column ? `${column}: ${message}` : message);
    return element("li", {}, element("b", {}, count(notes.length, "row")), " ", about);
  });
  return element("ul", { className: "told", role: "list" }, ...lines, ...more(sorted.length));
}

function refusals(faults, ragged) {
  const short = ({ message, ...fault }) => ({ ...fault, message: message.split("; as it")[0] });
  const uneven = ragged.map(({ fault }) => ({
    column: null,
    message: fault ?? "has more or fewer cells than the header",
  }));
  const every = [...faults.map(short), ...uneven];
  return reasons(every, ({ column, message }) => `${column}: ${message}`);
}

/** The one button that mends what can be mended. */
function mending({ examples }, again) {
  if (!examples.length) return [];
  const button = element("button", { type: "button", id: "mend" }, "Read them so and score again");
  button.addEventListener("click", again);
  const what = `Another decimal mark? Read ${examples.slice(0, 3).join(", ")}.`;
  return [element("p", {}, what), button];
}

const more = (all) => (all > MOST ? [element("li", {}, `and ${all - MOST} more`)] : []);

/** The answers against the file's own target: how many are right, and what was taken for what. */
function judged(good, columns) {
  const position = columns.indexOf(facts.target);
  const known = good
    .map(({ cells, first }) => ({ truth: facts.classes.indexOf(cells[position].trim()), first }))
    .filter(({ truth, first }) => truth >= 0 && first >= 0);
  const title = `Against the file's "${facts.target}"`;
  if (!known.length) return [title, element("p", {}, "No row has a label that the model knows.")];
  const right = known.filter(({ truth, first }) => truth === first).length;
  const left = good.length - known.length;
  const said =
    `${percent(right / known.length)} of ${count(known.length, "row")} are right` +
    (left ? `; ${count(left, "row")} without a known label or a decision` : "") +
    ". If the model was trained on these rows, this says nothing of new ones.";
  const body = facts.names.map((name, i) => [
    element("b", {}, name),
    ...facts.names.map((_, j) =>
      String(known.filter(({ truth, first }) => truth === i && first === j).length),
    ),
  ]);
  const caption = "Rows by their label (a line each) and their answer";
  const place = { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Confusion matrix" };
  const matrix = element("div", place, tableOf(caption, ["label", ...facts.names], body));
  return [title, element("p", {}, said), matrix];
}
