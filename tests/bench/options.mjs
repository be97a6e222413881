/** Options of the command line, with errors that name the option, its value and what it may be. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** @type {{ sizes: Record<string, unknown>, ladder: string[], growth: string[] }} */
const { sizes, ladder, growth } = JSON.parse(readFileSync(new URL('sizes.json', import.meta.url), 'utf8'));

export const SIZES = Object.keys(sizes);
/** The models that every form is measured at, and those that differ from the default in one thing. */
export { ladder as LADDER, growth as GROWTH };
export const ADAPTERS = ['swiftshader', 'default'];

export class UsageError extends Error {}

/**
 * Only options, each with a value or, where `flags` has it, without; absent ones are undefined.
 * @template {string} Name
 * @template {string} Flag
 * @param {readonly Name[]} names
 * @param {readonly Flag[]} flags
 * @returns {Partial<Record<Name, string>> & Partial<Record<Flag, boolean>>}
 */
export function readOptions(names, flags) {
  const options = Object.fromEntries([
    ...names.map((name) => [name, { type: 'string' }]),
    ...flags.map((name) => [name, { type: 'boolean' }]),
  ]);
  try {
    const { values } = parseArgs({ options });
    return /** @type {any} */ (values);
  } catch (error) {
    const known = [...names, ...flags].map((name) => `--${name}`).join(', ');
    const [problem] = String(/** @type {Error} */ (error).message).split(/[.] |\n/);
    throw new UsageError(`${problem?.replace(/[.]$/, '')}. The options are ${known}.`);
  }
}

/**
 * @param {string} name
 * @param {string} text words with commas
 * @param {readonly string[]} allowed
 */
export function listOf(name, text, allowed) {
  const words = [...new Set(text.split(','))];
  for (const word of words) {
    if (!allowed.includes(word)) {
      throw new UsageError(`--${name} ${text}: “${word}” is not one of ${allowed.join(', ')}.`);
    }
  }
  return allowed.filter((word) => words.includes(word));
}

/**
 * @param {string} name
 * @param {string} text
 * @param {readonly string[]} allowed
 */
export function oneOf(name, text, allowed) {
  if (!allowed.includes(text)) throw new UsageError(`--${name} ${text}: allowed are ${allowed.join(', ')}.`);
  return text;
}

/**
 * Runs side by side, from few to many: a small fleet's time says whether a large one is worth waiting for.
 * @param {string} text
 */
export function fleetsOf(text) {
  const fleets = text.split(',').map(Number);
  if (!fleets.every((fleet) => Number.isInteger(fleet) && fleet >= 1 && fleet <= 128)) {
    throw new UsageError(`--fleets ${text}: give whole numbers from 1 to 128, with commas between them.`);
  }
  return [...new Set(fleets)].sort((a, b) => a - b);
}

/**
 * @param {string} name
 * @param {string} text
 */
export function positive(name, text) {
  const value = Number(text);
  if (!(value > 0 && value <= 3600)) throw new UsageError(`--${name} ${text}: give a number above 0, at most 3600.`);
  return value;
}

/**
 * @param {string} name
 * @param {string} text
 */
export function wholeNumber(name, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1000) {
    throw new UsageError(`--${name} ${text}: give a whole number from 1 to 1000.`);
  }
  return value;
}

/**
 * What went wrong is told without a stack; exit code 2 where it was the command line, else 1.
 * @param {() => Promise<void>} main
 */
export async function runCommand(main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
