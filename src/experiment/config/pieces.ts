/** What the config's schema is made of; every message names the value and what is allowed. */
import * as v from 'valibot';
import { shown } from '../reading';
import { FIELDS, rangeText, type FieldName } from './fields';

export const number = (name: FieldName) => {
  const f = FIELDS[name];
  const message = (issue: { input: unknown }) => `${shown(issue.input)} is not allowed; give ${rangeText(f)}`;
  return v.pipe(
    v.number(message),
    v.check((x: number) => Number.isFinite(x) && x >= f.min && x <= f.max, message),
    v.check((x: number) => !f.integer || Number.isInteger(x), message),
  );
};

export const oneOf = <const T extends readonly string[]>(options: T) =>
  v.picklist(options, (issue) => `${shown(issue.input)} is not one of ${options.join(', ')}`);

export const object = <const T extends v.ObjectEntries>(entries: T) =>
  v.strictObject(entries, (issue) => {
    const names = Object.keys(entries).join(', ');
    if (issue.expected === 'never') return `unknown field; allowed here: ${names}`;
    if (issue.expected !== 'Object') return 'is missing';
    return `${shown(issue.input)} is not allowed; give an object with ${names}`;
  });

export const text = (what: string, maximum: number) =>
  v.pipe(
    v.string((issue) => `${shown(issue.input)} is not ${what}`),
    v.minLength(1, `is empty; give ${what}`),
    v.maxLength(maximum, `is longer than ${maximum} characters`),
    v.regex(/^\P{Cc}*$/u, 'holds control characters'),
  );

/** Looks at the entries only where their number is right: a link may come with a million of them. */
export const list = <T extends v.GenericSchema>(item: T, minimum: number, maximum: number) =>
  v.pipe(
    v.custom<v.InferInput<T>[]>(
      (input) => Array.isArray(input) && input.length >= minimum && input.length <= maximum,
      ({ input }) =>
        Array.isArray(input)
          ? `has too ${input.length < minimum ? 'few' : 'many'} entries; give ${minimum} to ${maximum}`
          : `${shown(input)} is not a list`,
    ),
    v.array(item),
  );
