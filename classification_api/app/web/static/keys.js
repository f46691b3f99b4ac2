// The key, where the service asks for one: known to this tab until it is closed.

const NAME = "key";
let here = null; // where a browser keeps nothing, it lasts as long as the page

export function kept() {
  try {
    return sessionStorage.getItem(NAME) ?? here;
  } catch {
    return here;
  }
}

export function keep(key) {
  here = key;
  try {
    sessionStorage.setItem(NAME, key);
  } catch {
    // As said above.
  }
}

export function forget() {
  here = null;
  try {
    sessionStorage.removeItem(NAME);
  } catch {
    // Nothing was kept.
  }
}
