const GREEK: Readonly<Record<string, string>> = { α: 'alpha', β: 'beta', ε: 'epsilon', θ: 'theta', π: 'pi' };

/** A name in lower-case letters, digits and single hyphens, for files; empty where nothing of it is left. */
export const slug = (name: string): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[αβεθπ]/g, (letter) => GREEK[letter]!)
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
