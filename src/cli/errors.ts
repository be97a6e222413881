/** What the user asked for cannot be done as asked: one sentence and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Exit codes as shells know them. */
export const EXIT = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** Whatever was thrown, in one line of text. */
export function sentence(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim() || 'unknown error';
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
