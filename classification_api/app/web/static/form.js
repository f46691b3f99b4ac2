// One row: what is filled in goes to the service, and the answer stands beside it.

import * as answer from "./answer.js";
import { byId, count, facts, fieldOf, fields } from "./page.js";
import { Refusal, predict } from "./service.js";

const EXPLAINED = 200; // columns; each is told with its value, which what-if begins from

const form = byId("row");
let shown = 0;
let asking = new AbortController();
let answered = null; // the values that the answer is about

// What is pressed before this script listens would be lost.
byId("predict").disabled = false;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  asking.abort();
  const mine = new AbortController();
  asking = mine;
  const asked = values();
  answer.wait(true);
  try {
    const explain = Math.min(facts.columns.length, EXPLAINED);
    const result = await predict([asked], { explain, signal: mine.signal });
    if (mine.signal.aborted) return;
    if (isNow(asked)) show(result, asked);
    else drop();
  } catch (error) {
    if (mine.signal.aborted) return;
    if (!(error instanceof Refusal)) throw error;
    if (isNow(asked)) refuse(error);
    else drop();
  } finally {
    if (asking === mine) answer.wait(false);
  }
});

form.addEventListener("input", () => {
  if (answered) answer.mark(isNow(answered));
});

byId("example").addEventListener("click", () => {
  shown = (shown + 1) % facts.examples.length;
  fields.forEach((field, i) => {
    field.value = facts.examples[shown][i];
  });
  asking.abort();
  answer.wait(false);
  clear();
});

/** The row as it is filled in. Text is sent as it stands: the service knows the rules. */
function values() {
  return Object.fromEntries(facts.columns.map((name, i) => [name, fields[i].value || null]));
}

const isNow = (asked) => JSON.stringify(asked) === JSON.stringify(values());

function show(result, asked) {
  clear();
  answered = asked;
  answer.show(result, asked);
  result.warnings.forEach(({ column, message }) => note(column, message, "warning"));
}

/** An answer that came too late is about other values than those that stand there. */
function drop() {
  clear();
  answer.say("The values changed while the answer was on its way. Press Predict again.");
}

function refuse(error) {
  clear();
  for (const { loc, msg } of error.faults) {
    if (loc[0] === "body" && loc.length > 3) note(String(loc[3]), msg, "error");
  }
  const wrong = fields.filter((field) => field.hasAttribute("aria-invalid"));
  answer.say(wrong.length ? `No answer: ${count(wrong.length, "value")} to mend.` : error.message);
  wrong[0]?.focus();
}

/** Forget the answer and what was said of the values. */
function clear() {
  answered = null;
  answer.clear();
  fields.forEach((field, i) => {
    field.removeAttribute("aria-invalid");
    byId(`field-${i}-note`).replaceChildren();
    byId(`field-${i}-note`).className = "note";
  });
}

function note(column, message, kind) {
  const field = fieldOf(column);
  if (!field) return;
  const place = byId(`${field.id}-note`);
  place.textContent = `${kind === "error" ? "Error" : "Warning"}: ${message}`;
  place.className = `note ${kind}`;
  field.closest("details")?.setAttribute("open", "");
  if (kind === "error") field.setAttribute("aria-invalid", "true");
}
