// What the model would say if one value of the row were another: a curve, or bars for categories.

import { byId, drawn, element, facts, fieldOf, percent, words } from "./page.js";
import { Refusal, predict } from "./service.js";

const STEPS = 32; // along a range
const MOST = 36; // categories; more are not looked at at once
const [WIDTH, HEIGHT, LEFT, TOP] = [300, 130, 4, 8];

const choice = byId("what-if-column");
let about = null; // the row, its class as a position, its probability, typed values by column
let asking = new AbortController();

choice.addEventListener("change", () => open(choice.value));

/** The columns that can be tried out for a row that has been answered. */
export function offer(row, position, share, contributions) {
  about = { row, position, share, typed: new Map() };
  for (const { column, value } of contributions) {
    if (canVary(column)) about.typed.set(column, value);
  }
  const names = facts.columns.filter((name) => about.typed.has(name));
  choice.replaceChildren(
    element("option", { value: "" }, "choose a column"),
    ...names.map((name) => element("option", { value: name }, name)),
  );
  byId("what-if-class").textContent = facts.names[position];
  byId("what-if").hidden = !names.length;
}

export const canVary = (column) => valuesOf(column, null).length > 1;

/** Ask about a column, and draw what comes. */
export async function open(column) {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const { row, position, share, typed } = about;
  choice.value = column;
  byId("curve").replaceChildren();
  if (!column) return;
  const now = typed.get(column);
  const values = valuesOf(column, now);
  const rows = values.map((value) => ({ ...row, [column]: value }));
  byId("what-if").ariaBusy = true;
  try {
    const { probabilities } = await predict(rows, { skip: true, signal });
    const found = values
      .map((value, i) => ({ value, share: probabilities[i]?.[position] }))
      .filter((one) => one.share !== undefined);
    const isLine = Boolean(facts.ranges[facts.columns.indexOf(column)]);
    if (!found.length) throw new Refusal("The model takes no other value here.");
    const made = isLine ? line(column, found, { value: now, share }) : bars(column, found, now, share);
    byId("curve").replaceChildren(...made);
    byId("what-if").scrollIntoView({ block: "nearest" });
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Refusal)) throw error;
    byId("curve").replaceChildren(element("p", { className: "error" }, error.message));
  } finally {
    if (!signal.aborted) byId("what-if").ariaBusy = false;
  }
}

export function clear() {
  asking.abort();
  byId("curve").replaceChildren();
  byId("what-if").hidden = true;
}

/** The values to ask about: steps of the range that training saw, or its categories. */
function valuesOf(column, now) {
  const range = facts.ranges[facts.columns.indexOf(column)];
  if (range) return stepsOf(column, range);
  const named = [...optionsOf(column)].map(({ value }) => value || null).slice(0, MOST);
  const present = now === null ? now : String(now);
  return named.length && !named.includes(present) ? [present, ...named] : named;
}

const optionsOf = (column) => fieldOf(column).list?.options ?? fieldOf(column).options ?? [];

function stepsOf(column, [low, high]) {
  const { kind, timed } = facts.kinds[facts.columns.indexOf(column)];
  const [start, end] = [numberOf(low), numberOf(high)];
  const step = (end - start) / STEPS;
  const steps = Array.from({ length: STEPS + 1 }, (_, i) => start + i * step);
  const written = {
    integer: Math.round,
    date: (time) => new Date(time).toISOString().slice(0, timed ? 19 : 10),
  }[kind];
  return [...new Set(steps.map(written ?? ((number) => Number(number.toPrecision(6)))))];
}

/** A number as it is, a date in milliseconds; what names no zone is taken as UTC throughout. */
function numberOf(value) {
  if (typeof value === "number") return value;
  return Date.parse(/T[\d:.]+$/.test(value) ? `${value}Z` : value);
}

/** A line from the least to the greatest value, with a dot where the row is. */
function line(column, found, now) {
  const [low, high] = facts.ranges[facts.columns.indexOf(column)].map(numberOf);
  const inside = (x) => Math.min(Math.max(x, LEFT), WIDTH - LEFT);
  const x = (value) => inside(LEFT + ((numberOf(value) - low) / (high - low)) * (WIDTH - 2 * LEFT));
  const y = (share) => TOP + (1 - share) * (HEIGHT - 2 * TOP);
  const isKnown = now.value !== null;
  const every = isKnown ? [...found, now] : found;
  every.sort((a, b) => numberOf(a.value) - numberOf(b.value));
  const level = (at, name, label) => [
    drawn("line", { class: name, x1: 0, x2: WIDTH, y1: y(at), y2: y(at) }),
    drawn("text", { x: WIDTH, y: y(at) - 3, "text-anchor": "end" }, label),
  ];
  const limit = limitFor(about.position);
  const picture = drawn(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": spoken(column, every, now) },
    ...level(0, "grid", "0%"),
    ...level(1, "grid", "100%"),
    ...(limit === null ? [] : level(limit, "grid limit", `threshold ${percent(limit)}`)),
    drawn("polyline", {
      class: "line",
      points: every.map(({ value, share }) => `${x(value)},${y(share)}`).join(" "),
    }),
    ...(isKnown ? [drawn("circle", { class: "dot", cx: x(now.value), cy: y(now.share), r: 5 })] : []),
  );
  const ends = [found[0], now, found.at(-1)].map((one) =>
    element(
      one === now ? "b" : "span",
      {},
      element("span", { className: "whole" }, `${shown(one.value)}:`),
      ` ${percent(one.share)}`,
    ),
  );
  return [picture, element("p", { className: "ends" }, ...ends)];
}

/** From which probability on this class is answered, where a threshold says it. */
function limitFor(position) {
  if (!facts.threshold) return null;
  const { of, at } = facts.threshold;
  return position === of ? at : 1 - at;
}

/** The same for whoever does not see it. */
function spoken(column, every, now) {
  const told = ({ value, share }) => `${percent(share)} at ${shown(value)}`;
  const sorted = [...every].sort((a, b) => a.share - b.share);
  return (
    `Probability by ${column}: ${told(every[0])} to ${told(every.at(-1))}; ` +
    `lowest ${told(sorted[0])}, highest ${told(sorted.at(-1))}; now ${told(now)}`
  );
}

/** A bar for each category, the greatest first; that of the row stands out. */
function bars(column, found, now, share) {
  const labels = new Map([...optionsOf(column)].map(({ value, label }) => [value, label || value]));
  const present = now === null ? null : String(now);
  const each = found.map((one) => (one.value === present ? { ...one, share } : one));
  each.sort((a, b) => b.share - a.share);
  const items = each.map((one) => {
    const bar = element("span", { className: "bar" });
    bar.style.width = `${one.share * 100}%`;
    const isNow = one.value === present;
    return element(
      "li",
      { className: isNow ? "first" : "" },
      element("span", { className: "name" }, ...words(labels.get(one.value) ?? shown(one.value)), isNow ? " (now)" : ""),
      element("span", { className: "share" }, percent(one.share)),
      element("span", { className: "track" }, bar),
    );
  });
  return [element("ul", { className: "bars", role: "list" }, ...items)];
}

function shown(value) {
  if (value === null) return "(missing)";
  return String(value).replace("T", " ");
}
