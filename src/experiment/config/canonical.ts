import { isObject } from '../../math/foreign';

/** A value's JSON with the keys of every object in alphabetical order: equal for what differs in their order only. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
