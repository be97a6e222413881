import { foreign } from '../math/foreign';
import type { Models } from '../training/task';

/**
 * Says that a file has taken the place of one that an experiment began with; null where none has. A checkpoint is known by
 * its name, and other bytes under the same name may fit as well.
 *
 * @param began what it began with; undefined where nobody knows
 */
export function otherModel(began: Models | undefined, now: Models | undefined): string | null {
  const other = Object.entries(began ?? {}).find(([name, hash]) => now?.[name] !== undefined && now[name] !== hash);
  if (!other) return null;
  return `the checkpoint "${foreign(other[0], 200)}" is another file now than the one that this began with`;
}
