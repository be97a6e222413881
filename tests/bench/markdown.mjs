/** Pieces of Markdown: tables and numbers as a reader wants them. */

/** @typedef {import('./results').Summary} Summary */
/** @typedef {'ms' | '1/s' | 'count' | 'bytes'} Unit */

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 * @param {number} words how many columns hold words, from the left; numbers stand at the right of theirs
 */
export function table(head, rows, words = 1) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column < words ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/**
 * Three digits that count, whole numbers from a thousand on.
 * @param {number} value
 */
export function number(value) {
  if (Math.abs(value) >= 999.5) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** @param {number} value */
export function bytes(value) {
  if (value >= 2 ** 20) return `${number(value / 2 ** 20)} MiB`;
  return value >= 2 ** 10 ? `${number(value / 2 ** 10)} KiB` : `${number(value)} B`;
}

/**
 * @param {number} value
 * @param {Unit} unit
 */
export const quantity = (value, unit) => (unit === 'bytes' ? bytes(value) : number(value));

/**
 * The median, with its quartiles where they say more.
 * @param {Summary & { unit: Unit }} row
 */
export function summary({ median, low, high, unit }) {
  const [middle, lower, upper] = [median, low, high].map((value) => quantity(value, unit));
  return lower === upper ? `${middle}` : `${middle} (${lower}–${upper})`;
}
