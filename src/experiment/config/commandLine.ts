import { PRESETS } from '../presets/presets';
import type { ExperimentConfig } from './schema';

/** The runner's line for a config: a preset with its changes, or, where that is no longer, the config's link. */
export function commandLine(config: ExperimentConfig, link: string): string {
  const lines = PRESETS.flatMap(({ id, config: from }) => {
    const changes = changesBetween(from, config);
    return changes ? [runLine(id, changes)] : [];
  });
  return [...lines, runLine(link, [])].reduce((best, line) => (line.length < best.length ? line : best));
}

const runLine = (source: string, changes: readonly string[]): string =>
  ['npm run lab -- run', quoted(source), ...changes.map((change) => `--set ${quoted(change)}`)].join(' ');

/** As one word of a POSIX shell. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/**
 * What `--set` must change, as path=value, to make one config of another; null where it cannot, because a field of the
 * whole config is to go.
 */
export function changesBetween(from: ExperimentConfig, to: ExperimentConfig): string[] | null {
  const changes: string[] = [];
  return collect(from, to, '', changes) ? changes : null;
}

/** Adds the changes below a path; false where that value can only be set as a whole. */
function collect(from: unknown, to: unknown, path: string, changes: string[]): boolean {
  if (from === to) return true;
  if (!isTree(from) || !isTree(to) || Array.isArray(from) !== Array.isArray(to)) return false;
  if (Object.keys(from).some((key) => !Object.hasOwn(to, key))) return false;
  for (const [key, value] of Object.entries(to)) {
    const below = path === '' ? key : `${path}.${key}`;
    if (!collect(from[key], value, below, changes)) changes.push(`${below}=${textOf(value)}`);
  }
  return true;
}

type Tree = Readonly<Record<string, unknown>>;

/** A list counts as one, with its numbers as keys. */
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/** The runner reads a value as JSON where it is some, else as text. */
function textOf(value: unknown): string {
  const json = JSON.stringify(value);
  if (typeof value !== 'string') return json;
  try {
    JSON.parse(value);
    return json;
  } catch {
    return value;
  }
}
