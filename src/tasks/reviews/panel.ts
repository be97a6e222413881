import type { RewardForm } from './bounds';
import { LEXICON } from './lexicon';
import { score } from './oracle';
import ratings from './panel.json';
import { VOCABULARY } from './vocabulary';

/**
 * Ten people who read with ratings of their own: the raw ratings of VADER's lexicon (Hutto and Gilbert 2014), from −4 to
 * 4 a word, made by `scripts/makePanel.mjs`. Words that they did not rate, and all that is not sentiment (negation,
 * recommendations, charges), they judge as the oracle does.
 */
export const PANEL_SIZE = 10;

/** The oracle's lexicon reaches from −5 to 5. */
const SCALE = 5 / 4;

const sentiments = Array.from({ length: PANEL_SIZE }, (_, annotator) =>
  LEXICON.sentiment.map((sentiment, id) => {
    const rated = (ratings.words as Readonly<Record<string, readonly number[]>>)[VOCABULARY[id]!]?.[annotator];
    // What the oracle counts as a recommendation is none of the sentiment.
    return rated === undefined || LEXICON.recommendation[id] !== 0 ? sentiment : SCALE * rated;
  }),
);

/** What annotator 0 … 9 thinks of a completion, on the oracle's scale. */
export const scoreBy = (
  annotator: number,
  prompt: readonly number[],
  completion: readonly number[],
  form?: RewardForm,
): number => score(prompt, completion, form, sentiments[annotator]).reward;
