// Asking /predict, and saying in one sentence why there is no answer.

import { byId } from "./page.js";

// Relative to this file, /static/page/service.js, so that the service may stand under any path.
const PREDICT = new URL("../../predict", import.meta.url);
const PATIENCE = 5;

let key = "";

byId("key").addEventListener("submit", (event) => {
  event.preventDefault();
  key = byId("key-value").value.trim();
  byId("key-hint").textContent = "The key is used from now on, until this page is left.";
});

/** Why there is no answer. `faults` holds what is wrong with each value, where that is why. */
export class Refusal extends Error {
  constructor(message, { status = 0, faults = [] } = {}) {
    super(message);
    this.status = status;
    this.faults = faults;
  }
}

/** The service's answer for rows, each an object of column to text or null. */
export async function predict(rows, { skip = false, signal } = {}) {
  const address = new URL(PREDICT);
  if (skip) address.searchParams.set("on_error", "skip");
  const headers = { "content-type": "application/json" };
  if (key) headers["x-api-key"] = key;
  const request = { method: "POST", headers, body: JSON.stringify({ inputs: rows }), signal };
  for (let attempt = 1; ; attempt += 1) {
    const response = await ask(address, request);
    if (response.ok) return response.json();
    const isBusy = response.status === 429 || response.status === 503;
    if (!isBusy || attempt === PATIENCE) throw await refusal(response);
    await pause(Number(response.headers.get("retry-after")) || attempt, signal);
  }
}

async function ask(address, request) {
  try {
    return await fetch(address, request);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("The service does not answer. Is it running?");
  }
}

async function refusal(response) {
  const { status } = response;
  const detail = await response.json().then((body) => body.detail, () => null);
  if (status === 401 || status === 403) {
    byId("key").hidden = false;
    byId("key-value").focus();
    return new Refusal(
      key ? "The service does not know this API key." : "The service asks for an API key.",
      { status },
    );
  }
  if (Array.isArray(detail)) {
    return new Refusal("The service refuses these values.", { status, faults: detail });
  }
  const reason = typeof detail === "string" ? detail : response.statusText;
  return new Refusal(`The service refuses: ${status} ${reason}`.trim(), { status });
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, Math.min(seconds, 30) * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("Stopped", "AbortError"));
    });
  });
}
