// Asking /predict, and saying in one sentence why there is no answer.

import { kept } from "./keys.js";

// Relative to this file, /static/page/service.js, so that the service may stand under any path.
const PREDICT = new URL("../../predict", import.meta.url);
const PATIENCE = 5;

/** Why there is no answer. `faults` holds what is wrong with each value, where that is why. */
export class Refusal extends Error {
  constructor(message, { status = 0, faults = [] } = {}) {
    super(message);
    this.faults = faults;
    this.isTooMuch = status === 413 || faults.some(({ type }) => type === "too_long");
  }
}

/** The service's answer for rows, each an object of column to text or null. */
export async function predict(rows, { skip = false, explain = 0, signal } = {}) {
  const address = new URL(PREDICT);
  if (explain) address.searchParams.set("explain", explain);
  if (skip) address.searchParams.set("on_error", "skip");
  const headers = { "content-type": "application/json" };
  const request = { method: "POST", headers, body: JSON.stringify({ inputs: rows }), signal };
  if (kept()) {
    headers["x-api-key"] = kept();
    request.credentials = "omit"; // or the browser asks for a password where the key is refused
  }
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
  if (status === 401 && kept()) {
    return new Refusal("The service does not know the key any more: load this page again.");
  }
  const detail = await response.json().then(
    (body) => body.detail,
    () => null,
  );
  if (Array.isArray(detail)) {
    const [{ msg }] = detail;
    return new Refusal(`The service refuses these values: ${msg}`, { status, faults: detail });
  }
  return new Refusal(`The service refuses: ${detail ?? response.statusText} (${status})`, {
    status,
  });
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
