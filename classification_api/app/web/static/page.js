// What the parts of the page share: facts of the model, elements, numbers in words.

export const facts = JSON.parse(document.getElementById("facts").textContent);

export const byId = (id) => document.getElementById(id);

/** The field of each column, in the columns' order. */
export const fields = facts.columns.map((_, i) => byId(`field-${i}`));

export const fieldOf = (column) => fields[facts.columns.indexOf(column)];

/** An element with properties and children; text among them stays text. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** The same of a picture. */
export function drawn(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A name that may be broken after its underscores. */
export function words(name) {
  return name.split(/(?<=_)/).flatMap((part, i) => (i ? [element("wbr"), part] : [part]));
}

/** "1 row", "2,000 rows". */
export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** A probability in words; one that is not 0 or 1 is never rounded to it. */
export function percent(share) {
  if (share > 0 && share < 0.001) return "< 0.1%";
  if (share < 1 && share > 0.999) return "> 99.9%";
  return `${(share * 100).toFixed(1)}%`;
}

/** A contribution in words, with its sign, in points of a hundred. */
export function points(share) {
  const sign = share < 0 ? "\u2212" : "+";
  return `${sign}${(Math.abs(share) * 100).toFixed(1)}`;
}
