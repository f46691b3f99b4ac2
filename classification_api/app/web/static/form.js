// One row: what is filled in goes to the service, and the answer stands beside it.

import { byId, count, element, facts, percent, points } from "./page.js";
import { Refusal, predict } from "./service.js";

const LONGEST = 10;
const REASONS = 6;
const LONGEST_VALUE = 60;

const form = byId("row");
const answer = byId("answer");
const bars = [...byId("bars").children];
const fields = facts.columns.map((_, i) => byId(`field-${i}`));
let shown = 0;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  form.setAttribute("aria-busy", "true");
  try {
    show(await predict([values()], { explain: REASONS }));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refuse(error);
  } finally {
    form.removeAttribute("aria-busy");
  }
});

form.addEventListener("input", () => {
  if (answer.classList.contains("answered")) {
    byId("remark").textContent = "The values have changed since. Press Predict again.";
  }
});

byId("example").addEventListener("click", () => {
  shown = (shown + 1) % facts.examples.length;
  fields.forEach((field, i) => {
    field.value = facts.examples[shown][i];
  });
  clear();
});

/** The row as it is filled in. Text is sent as it stands: the service knows the rules. */
function values() {
  return Object.fromEntries(facts.columns.map((name, i) => [name, fields[i].value || null]));
}

function show(result) {
  clear();
  const [shares] = result.probabilities;
  const first = result.classes.indexOf(result.predictions[0]);
  byId("verdict").replaceChildren(...verdict(shares, first));
  byId("remark").textContent = [decided(shares, first), held(result.sets), remark(result.warnings)]
    .join(" ")
    .trim();
  answer.classList.add("answered");
  bars.forEach((bar, i) => draw(bar, shares[i], i === first));
  if (bars.length > LONGEST) {
    const order = shares.map((_, i) => i).sort((a, b) => shares[b] - shares[a]);
    byId("bars").append(...order.map((i) => bars[i]));
    const rest = order.slice(LONGEST).reduce((sum, i) => sum + shares[i], 0);
    byId("others").textContent =
      `${count(order.length - LONGEST, "class", "classes")} more: ${percent(rest)}`;
  }
  explain(result.explanations[0]);
  result.warnings.forEach(({ column, message }) => note(column, message, "warning"));
  answer.scrollIntoView({ block: "nearest" });
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

function draw(bar, share, isFirst) {
  bar.classList.toggle("first", isFirst);
  bar.querySelector(".share").textContent = percent(share);
  bar.querySelector(".bar").style.width = `${share * 100}%`;
}

/** The columns that moved the probability most, with bars to the left and right of its usual one. */
function explain({ class: label, base, contributions, rest, error }) {
  const widest = Math.max(...contributions.map((one) => Math.abs(one.contribution)), 1e-9);
  byId("why-class").textContent = named(label);
  byId("reasons").replaceChildren(...contributions.map((one) => reason(one, widest)));
  byId("why-rest").textContent =
    `In points, from the usual ${percent(base)}` +
    (rest ? `; all other columns ${points(rest)}` : "") +
    (error ? `; give or take ${(error * 100).toFixed(1)}.` : ".");
  byId("why").hidden = false;
}

function reason({ column, value, contribution, reference }, widest) {
  const bar = element("span", { className: contribution < 0 ? "bar less" : "bar more" });
  bar.style.width = `${(Math.abs(contribution) / widest) * 50}%`;
  const instead = value === reference ? "as usual" : `instead of the usual ${said(reference)}`;
  return element(
    "li",
    {},
    element("span", { className: "name" }, element("b", {}, column), ` ${said(value)}`),
    element("span", { className: "share" }, points(contribution)),
    element("span", { className: "track" }, bar),
    element("span", { className: "hint" }, instead),
  );
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
  const names = sets[0].length ? sets[0].map(named).join(", ") : "no class";
  return `The set that holds the truth in ${percent(facts.coverage)} of cases: ${names}.`;
}

/** What people read for a class. */
const named = (label) => facts.names[facts.classes.indexOf(String(label))];

function remark(warnings) {
  if (!warnings.length) return "Each value by itself lies within what training has seen.";
  const names = [...new Set(warnings.map(({ column }) => column))].join(", ");
  return `Less sure than it looks: see ${names}.`;
}

function refuse(error) {
  clear();
  for (const { loc, msg } of error.faults) {
    if (loc[0] === "body" && loc.length > 3) note(String(loc[3]), msg, "error");
  }
  const wrong = fields.filter((field) => field.hasAttribute("aria-invalid"));
  byId("remark").textContent = wrong.length
    ? `No answer: ${count(wrong.length, "value")} to mend.`
    : error.message;
  wrong[0]?.focus();
}

/** Forget the answer and what was said of the values. */
function clear() {
  answer.classList.remove("answered");
  byId("verdict").textContent = "–";
  byId("remark").textContent = "Press Predict to see the answer.";
  byId("others").textContent = "";
  byId("why").hidden = true;
  for (const bar of bars) {
    bar.classList.remove("first");
    bar.querySelector(".share").textContent = "–";
    bar.querySelector(".bar").style.width = "0";
  }
  fields.forEach((field, i) => {
    field.removeAttribute("aria-invalid");
    byId(`field-${i}-note`).replaceChildren();
    byId(`field-${i}-note`).className = "note";
  });
}

function note(column, message, kind) {
  const i = facts.columns.indexOf(column);
  if (i < 0) return;
  const place = byId(`field-${i}-note`);
  place.textContent = `${kind === "error" ? "Error" : "Warning"}: ${message}`;
  place.className = `note ${kind}`;
  if (kind === "error") fields[i].setAttribute("aria-invalid", "true");
}
