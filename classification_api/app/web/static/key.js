// A field for the key: with it the page itself is asked for, and takes this one's place.

import { forget, keep, kept } from "./keys.js";

// Relative to this file, /static/page/key.js, so that the service may stand under any path.
const PAGE = new URL("../../", import.meta.url);

const field = document.getElementById("key");
const note = document.getElementById("key-note");

document.getElementById("open").addEventListener("submit", (event) => {
  event.preventDefault();
  open(field.value.trim());
});

if (kept()) open(kept());
else field.focus();

function open(key) {
  if (!/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(key)) {
    refuse(key ? "The key holds a character that no key has." : "Type the key first.");
    return;
  }
  const request = new XMLHttpRequest();
  request.open("GET", PAGE);
  request.responseType = "document"; // so that no text has to be made into a page here
  request.setRequestHeader("accept", "text/html");
  request.setRequestHeader("x-api-key", key);
  request.addEventListener("error", () => refuse("The service does not answer. Is it running?"));
  request.addEventListener("load", () => {
    if (request.status === 200) show(request.response, key);
    else if (request.status === 401) refuse("The service does not know this key.");
    else refuse(`The service refuses (${request.status}). Try again.`);
  });
  request.send();
}

async function show(page, key) {
  keep(key);
  document.replaceChild(document.adoptNode(page.documentElement), document.documentElement);
  await import("./form.js");
  await import("./file.js");
}

function refuse(why) {
  forget();
  note.textContent = `Error: ${why}`;
  note.className = "note error";
  field.setAttribute("aria-invalid", "true");
  field.select();
}
