import { problemText, type Parsed } from '../experiment/reading';

import { foreign, messageOf } from '../math/foreign';

/** What the user asked for cannot be done as asked: one sentence and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Exit codes as shells know them. */
export const EXIT = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** Letters of a sentence: a name in it may be of any length. */
const LONGEST = 1000;

/** Whatever was thrown, in one line of text that no terminal obeys. */
export function sentence(error: unknown): string {
  const message = messageOf(error).replace(/\s+/g, ' ').trim();
  const text = foreign(message || 'unknown error', LONGEST);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** What was read; throws UsageError with the first problem. */
export function known<T>(parsed: Parsed<T>, place = ''): T {
  if (parsed.ok) return parsed.value;
  throw new UsageError(`${place === '' ? '' : `${place}: `}${problemText(parsed.problems)}`);
}
