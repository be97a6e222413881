/** One way to rewrite a symbol: its weight among the alternatives, and symbols or words with spaces between. */
export type Alternative = readonly [weight: number, symbols: string];

/** The grammar as data: whatever has a row here is a symbol, everything else is a word. No symbol may reach itself. */
export type Rules = Readonly<Record<string, readonly Alternative[]>>;

/** Every word of a list with equal weight. */
export const oneOf = (words: string): Alternative[] => words.split(' ').map((word): Alternative => [1, word]);
