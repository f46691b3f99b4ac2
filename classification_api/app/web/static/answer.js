// The answer to one row: its class, each class's probability, and which columns moved it.

import { byId, count, element, facts, fieldOf, percent, points, words } from "./page.js";
import * as whatIf from "./what_if.js";

const LONGEST = 10;
const REASONS = 6;
const LONGEST_VALUE = 60;

const answer = byId("answer");
const brief = byId("brief"); // the verdict in the bar below, on narrow screens
const bars = [...byId("bars").children];

/** Show the service's answer to `row`, which holds what was sent. */
export function show(result, row) {
  const [shares] = result.probabilities;
  const first = result.classes.indexOf(result.predictions[0]);
  byId("verdict").replaceChildren(...verdict(shares, first));
  say(...[decided(shares, first), held(result.sets)].map((text) => text && `${text} `));
  byId("remark").append(...remark(result.warnings));
  answer.classList.toggle("warned", result.warnings.length > 0);
  bars.forEach((bar, i) => draw(bar, shares[i], i === first));
  if (bars.length > LONGEST) {
    const order = shares.map((_, i) => i).sort((a, b) => shares[b] - shares[a]);
    byId("bars").append(...order.map((i) => bars[i]));
    const rest = order.slice(LONGEST).reduce((sum, i) => sum + shares[i], 0);
    byId("others").textContent =
      `${count(order.length - LONGEST, "class", "classes")} more: ${percent(rest)}`;
  }
  const [explanation] = result.explanations;
  if (explanation) {
    const at = result.classes.indexOf(explanation.class);
    whatIf.offer(row, at, shares[at], explanation.contributions);
    explain(explanation);
  }
  const more = result.warnings.length ? "less sure than it looks" : "see why";
  brief.textContent = `${byId("verdict").textContent}: ${more}`;
  brief.hidden = false;
  if (!brief.offsetParent) byId("verdict").scrollIntoView({ block: "nearest" });
}

/** The class that is answered with its probability, or that none is. */
function verdict(shares, first) {
  if (first >= 0) {
    const share = element("span", {}, percent(shares[first]));
    return [element("strong", {}, facts.names[first]), " ", share];
  }
  const under = `${percent(Math.max(...shares))} is under ${percent(facts.abstainBelow)}`;
  return [element("strong", {}, "no decision:"), " ", element("span", {}, under)];
}

/** Say whether the answer is about what is filled in now. */
export function mark(isCurrent) {
  answer.classList.toggle("stale", !isCurrent);
  brief.classList.toggle("stale", !isCurrent);
  byId("changed").hidden = isCurrent;
}

/** Say whether another answer is on its way; what stands there is kept until then. */
export function wait(isWaiting) {
  answer.ariaBusy = isWaiting;
}

export function say(...texts) {
  byId("remark").replaceChildren(...texts);
}

/** Forget the answer. */
export function clear() {
  mark(true);
  answer.classList.remove("warned");
  brief.hidden = true;
  byId("verdict").textContent = "–";
  say("Press Predict to see the answer.");
  byId("others").textContent = "";
  byId("why").hidden = true;
  whatIf.clear();
  for (const bar of bars) {
    bar.classList.remove("first");
    bar.querySelector(".share").textContent = "–";
    bar.querySelector(".bar").style.width = "0";
  }
}

function draw(bar, share, isFirst) {
  bar.classList.toggle("first", isFirst);
  bar.querySelector(".share").textContent = percent(share);
  bar.querySelector(".bar").style.width = `${share * 100}%`;
}

/** The columns that moved the probability most, with bars to the left and right of its usual one. */
function explain({ class: label, base, contributions, rest, error }) {
  const named = contributions.slice(0, REASONS);
  const others = contributions
    .slice(REASONS)
    .reduce((sum, { contribution }) => sum + contribution, rest);
  const widest = Math.max(...named.map((one) => Math.abs(one.contribution)), 1e-9);
  byId("why-class").textContent = nameOf(label);
  byId("reasons").replaceChildren(...named.map((one) => reason(one, widest)));
  byId("why-rest").textContent =
    `In points, from the usual ${percent(base)}` +
    (others ? `; all other columns ${points(others)}` : "") +
    (error ? `; give or take ${(error * 100).toFixed(1)}.` : ".");
  byId("why").hidden = false;
}

function reason({ column, value, contribution, reference, words: struck = [] }, widest) {
  const bar = element("span", { className: contribution < 0 ? "bar less" : "bar more" });
  bar.style.width = `${(Math.abs(contribution) / widest) * 50}%`;
  const instead = value === reference ? "as usual" : `instead of the usual ${said(reference)}`;
  return element(
    "li",
    {},
    element("span", { className: "name" }, nameIn(column), ` ${said(value)}`),
    element("span", { className: "share" }, points(contribution)),
    element("span", { className: "track" }, bar),
    element("span", { className: "hint" }, instead),
    ...(struck.length ? [lost(struck)] : []),
  );
}

/** What each word of a text adds: how far the probability would fall without it. */
function lost(struck) {
  const told = struck.flatMap(({ word, effect }, i) => [
    i ? ", " : "",
    element("b", {}, word),
    ` ${points(effect)}`,
  ]);
  return element("span", { className: "hint" }, "Each word struck out in turn: ", ...told, ".");
}

/** A column's name; pressed, it shows what other values would change. */
function nameIn(column) {
  if (!whatIf.canVary(column)) return element("b", {}, ...words(column));
  const button = element("button", { type: "button", className: "link" }, ...words(column));
  button.title = `What if ${column} were different?`;
  button.addEventListener("click", () => whatIf.open(column));
  return button;
}

function said(value) {
  if (value === null) return "(missing)";
  const text = String(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}\u2026` : text;
}

/** Why this class: which side of the threshold its probability is on. */
function decided(shares, first) {
  if (!facts.threshold || first < 0) return "";
  const { of, at } = facts.threshold;
  const side = first === of ? "reaches" : "is below";
  const what = `${percent(shares[of])} for ${facts.names[of]} ${side}`;
  return `${facts.names[first]}: ${what} the threshold of ${percent(at)}.`;
}

/** The set of classes, where the model was asked for one. */
function held(sets) {
  if (!sets) return "";
  const names = sets[0].length ? sets[0].map(nameOf).join(", ") : "no class";
  return `The set that holds the truth in ${percent(facts.coverage)} of cases: ${names}.`;
}

/** What people read for a class. */
const nameOf = (label) => facts.names[facts.classes.indexOf(String(label))];

function remark(warnings) {
  if (!warnings.length) return ["Each value by itself lies within what training has seen."];
  const columns = [...new Set(warnings.map(({ column }) => column))];
  const links = columns.flatMap((column, i) => (i ? [", ", toField(column)] : [toField(column)]));
  return ["Less sure than it looks: see ", ...links, "."];
}

function toField(column) {
  const field = fieldOf(column);
  if (!field) return column;
  const link = element("a", { href: `#${field.id}` }, ...words(column));
  link.addEventListener("click", (event) => {
    event.preventDefault();
    field.closest("details")?.setAttribute("open", "");
    field.focus();
  });
  return link;
}
