import { foreign } from '../../math/foreign';

/** Keys that mean something to JavaScript itself; no config has a field of such a name. */
const RESERVED: readonly string[] = ['__proto__', 'prototype', 'constructor'];

/** Names in a path, many more than a config has levels. */
const MOST_NAMES = 20;

/**
 * A copy of a config with the value at a dotted path replaced, as in `schedule.steps` or `arms.0.alpha`; the input
 * stays as it is. Objects that are missing on the way are made, and a list grows by one where the path names the entry
 * after its last. Whether such a field exists is for `parseConfig` to say.
 *
 * @throws RangeError with a sentence for people where the path cannot be followed.
 */
export function setPath(input: unknown, path: string, value: unknown): unknown {
  const keys = path.split('.');
  if (keys.length > MOST_NAMES) throw new RangeError(`"${foreign(path)}" is not a path; it has ${keys.length} names`);
  if (keys.includes('')) throw new RangeError(`"${foreign(path)}" is not a path; give names with dots between`);
  const reserved = keys.find((key) => RESERVED.includes(key));
  if (reserved !== undefined) throw new RangeError(`${foreign(path)}: unknown field "${reserved}"`);
  return replaced(input, keys, 0, value);
}

function replaced(at: unknown, keys: readonly string[], depth: number, value: unknown): unknown {
  const key = keys[depth];
  if (key === undefined) return value;
  const next = (child: unknown) => replaced(child, keys, depth + 1, value);
  if (Array.isArray(at)) {
    const list: readonly unknown[] = at;
    const index = indexIn(list, keys, depth);
    return [...list.slice(0, index), next(list[index]), ...list.slice(index + 1)];
  }
  if (at === undefined) return { [key]: next(undefined) };
  if (typeof at !== 'object' || at === null) {
    const above = keys.slice(0, depth).join('.') || 'the config';
    throw new RangeError(
      `${foreign(keys.join('.'))} cannot be set: ${foreign(above)} is ${foreign(JSON.stringify(at))}, which has no fields`,
    );
  }
  return { ...at, [key]: next(Object.hasOwn(at, key) ? (at as Record<string, unknown>)[key] : undefined) };
}

function indexIn(list: readonly unknown[], keys: readonly string[], depth: number): number {
  const key = keys[depth]!;
  const index = /^\d{1,4}$/.test(key) ? Number(key) : NaN;
  if (index <= list.length) return index;
  const above = keys.slice(0, depth).join('.') || 'the config';
  const entries = list.length === 1 ? '1 entry' : `${list.length} entries`;
  throw new RangeError(
    `${foreign(keys.join('.'))} cannot be set: ${foreign(above)} is a list of ${entries}, numbered from 0, and has no ${foreign(key)}`,
  );
}
