import * as v from 'valibot';
import { foreign, messageOf } from '../math/foreign';
import { parseJson } from '../math/json';

/**
 * How everything from outside is read: files, links, options, stored records. A reader never throws; it returns the
 * value, or what is wrong with the input. Only files of weights are read by `policy/`, which throws.
 */
export type Parsed<T> = { readonly ok: true; readonly value: T } | Refused;

export interface Refused {
  readonly ok: false;
  readonly problems: readonly Problem[];
}

/** One thing wrong with an input: where, and a sentence that names the value and what is allowed. */
export interface Problem {
  /** Dotted, as in `arms.1.alpha`; '' where the message says it all. */
  readonly path: string;
  readonly message: string;
}

export const accepted = <T>(value: T): Parsed<T> => ({ ok: true, value });

export const refused = (path: string, message: string): Refused => ({ ok: false, problems: [{ path, message }] });

/** The same problems, in a part of something larger. */
export const within = (place: string, { problems }: Refused): Refused => ({
  ok: false,
  problems: problems.map(({ path, message }) => ({ path: path === '' ? place : `${place}.${path}`, message })),
});

/** The first problem as one sentence, for the command line and for dialogs. */
export function problemText(problems: readonly Problem[]): string {
  const [first] = problems;
  if (!first) return 'nothing is wrong';
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return `${first.path === '' ? '' : `${first.path}: `}${first.message}${more}`;
}

/** The first problem alone, for a list of things that each have some. */
export const firstProblem = (problems: readonly Problem[]): string => problemText(problems.slice(0, 1));

/** The value; throws an Error with the first problem where there is none. */
export function valueOf<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw new Error(problemText(parsed.problems));
}

/**
 * Reads up to the first problem: a file may have one in each of a million places. A config's controls need `all`.
 *
 * @param whole what the input is called where all of it is wrong
 */
export function readBy<const T extends v.GenericSchema>(
  schema: T,
  input: unknown,
  whole: string,
  { all = false } = {},
): Parsed<v.InferOutput<T>> {
  const parsed = v.safeParse(schema, input, { abortEarly: !all });
  if (parsed.success) return accepted(parsed.output);
  return { ok: false, problems: parsed.issues.map((issue) => problemOf(issue, whole)) };
}

/** Of a text file in the page. To read a larger one holds it up for more than a second. */
export const MAXIMUM_FILE_BYTES = 64 * 2 ** 20;

/** @param mostValues of the JSON; lists and objects count, too */
export function readJson(text: string, mostValues = Infinity): Parsed<unknown> {
  try {
    return accepted(parseJson(text, mostValues));
  } catch (error) {
    return refused('', `the file ${messageOf(error)}`);
  }
}

/** What is nested in a bad value is left out: it may be of any depth. */
const flat = (value: unknown) => (_: string, inner: unknown) =>
  inner === value || typeof inner !== 'object' || inner === null ? inner : '…';

/** A value, quoted in a message. */
export const shown = (value: unknown): string => {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value, flat(value)) ?? String(value));
  return foreign(text);
};

/** Letters of a field's path, and of what is wrong with it: a file may have names and values of any length. */
const MOST = { path: 100, message: 300 };

type Issue = Parameters<typeof v.getDotPath>[0] & {
  readonly message: string;
  readonly expected: string | null;
  readonly input: unknown;
};

function problemOf(issue: Issue, whole: string): Problem {
  const { input, expected, message } = issue;
  const isMissing = input === undefined && expected !== 'never' && expected !== null;
  // What is allowed stays in the message.
  const said = isMissing ? message.replace(/^(undefined is not .*?(?=;|$)|Invalid .*)/, 'is missing') : message;
  return { path: foreign(v.getDotPath(issue) ?? whole, MOST.path), message: foreign(said, MOST.message) };
}
