// Numbers that a file writes with another decimal mark than the model's table did.

const READING = /may mean (\S+)$/; // as the service says it, where there is one reading only
const MARKS = [",", "."];

/**
 * How refused columns could be read: `byColumn` maps a column to a function of its cells, and
 * `examples` says of each what it would do.
 */
export function mends(faults, { columns, records }) {
  const byColumn = new Map();
  const examples = [];
  for (const column of new Set(faults.map((fault) => fault.column))) {
    const told = faults
      .filter((fault) => fault.column === column)
      .map(({ value, message }) => [String(value), Number(READING.exec(message)?.[1] ?? NaN)])
      .filter(([, reading]) => !Number.isNaN(reading));
    const mark = MARKS.find((one) => told.every(([text, number]) => read(text, one) === number));
    if (!told.length || !mark) continue;
    const position = columns.indexOf(column);
    byColumn.set(column, reader(mark, records.map(({ cells }) => cells[position])));
    examples.push(`${told[0][0]} as ${told[0][1]} in ${column}`);
  }
  return { byColumn, examples };
}

/** Reads a column's cells by a mark: all of them, or where they contradict it those that have it. */
function reader(mark, cells) {
  const [other] = MARKS.filter((one) => one !== mark);
  const fraction = new RegExp(`\\${other}(?!\\d{3}(?!\\d))`);
  const isMixed = cells.some((cell) => fraction.test(cell) && !cell.includes(mark));
  return (cell) => {
    const number = !cell.includes(mark) && (isMixed || !cell.includes(other)) ? NaN : read(cell, mark);
    return Number.isNaN(number) ? cell : number;
  };
}

function read(text, mark) {
  const [other] = MARKS.filter((one) => one !== mark);
  const plain = text.replaceAll(other, "").replace(/[\s'\u2019]/g, "").replace(mark, ".");
  return plain ? Number(plain) : NaN;
}
