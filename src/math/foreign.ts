/**
 * Text that somebody else wrote (a file, a link, an option), made fit to be shown: control and formatting characters
 * as their escapes, so that no terminal obeys them and none hides, and no longer than `most`.
 */
export function foreign(text: string, most = 60): string {
  const visible = text
    .slice(0, most + 1)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
  return visible.length > most ? `${visible.slice(0, most - 1)}…` : visible;
}

/** What was thrown, in its own words. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
