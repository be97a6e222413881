import { END, PADDING, type OracleScore } from '../task';
import { BOUNDS, PLAIN_FORM, rewardOf } from './bounds';
import { LEXICON } from './lexicon';
import { Reader } from './reader';
import { fromEnd, isUsual } from './wording';

/**
 * The oracle: a bounded sentiment of the completion, read word by word, less charges for length and broken wording.
 *
 * reward = bound·tanh(Σ contributions / scale), or another `RewardForm` of the sum. A token contributes
 * - what it states in its context (see `Reader`): sentiment, negated or intensified, or a recommendation;
 * - less of it with each earlier use of the same word and with each earlier statement, so that piling up praise
 *   brings little, and with "but" in the sentence less before and more after it;
 * - minus a charge for each token beyond `lengthFree`, for wording that no review has, for a missing end.
 * The prompt sets the context ("the soup was not …") but is not credited itself.
 */
export const ORACLE = {
  ...BOUNDS,
  beforeBut: 0.6,
  afterBut: 1.4,
  /** Factor on a word for each earlier use of it. */
  repeated: 0.4,
  /** Factor on a statement for each one before it: the third compliment says less than the first. */
  accumulated: 0.8,
  /** Tokens, end included, before rambling is charged. */
  lengthFree: 16,
  perExtraToken: 0.15,
  /** For three words in a row that no review has; none of the three earns praise. */
  unusual: 0.75,
  unfinished: 2,
} as const;

/**
 * The reward of a completion (token ids up to and including its end token, or cut off) after its prompt, and each
 * token's contribution, whose sum it is made of. `sentiment` is that of every word, the lexicon's where not given.
 * Whatever stands after an end token is ignored. An empty completion has reward 0.
 * @throws RangeError for an id outside the vocabulary.
 */
export function score(
  prompt: readonly number[],
  completion: readonly number[],
  form = PLAIN_FORM,
  sentiment = LEXICON.sentiment,
): OracleScore {
  const contributions = statements(prompt, completion, sentiment);
  charge(contributions, prompt, completion);
  let sum = 0;
  for (const contribution of contributions) sum += contribution;
  return { reward: rewardOf(form, sum), contributions };
}

/** What each token of the completion states, weighted. */
function statements(prompt: readonly number[], completion: readonly number[], sentiment: Float64Array): number[] {
  const reader = new Reader(sentiment);
  for (const id of prompt) reader.read(id);
  const uses = new Map<number, number>();
  const credits = new Array<number>(completion.length).fill(0);
  let made = 0;
  let sentenceStart = 0;
  let afterBut = false;
  for (let index = 0; index < completion.length && completion[index] !== END; index++) {
    const id = completion[index]!;
    const stated = reader.read(id);
    if (stated !== 0) {
      const key = LEXICON.recommendation[id] === 0 ? id : PADDING; // all recommendations repeat each other
      const earlier = uses.get(key) ?? 0;
      uses.set(key, earlier + 1);
      const weight = ORACLE.repeated ** earlier * ORACLE.accumulated ** made++;
      credits[index] = stated * weight * (afterBut ? ORACLE.afterBut : 1);
    } else if (id === LEXICON.fullStop) {
      sentenceStart = index + 1;
      afterBut = false;
    } else if (id === LEXICON.but && !afterBut) {
      for (let before = sentenceStart; before < index; before++) credits[before]! *= ORACLE.beforeBut;
      afterBut = true;
    }
  }
  return credits;
}

/** Takes the charges off the tokens that cause them, and the praise out of unusual wording. */
function charge(contributions: number[], prompt: readonly number[], completion: readonly number[]): void {
  const forfeit = (index: number): void => {
    if (contributions[index]! > 0) contributions[index] = 0;
  };
  let first = fromEnd(prompt, 2);
  let second = fromEnd(prompt, 1);
  for (let index = 0; index < completion.length; index++) {
    const id = completion[index]!;
    if (!isUsual(first, second, id)) {
      for (let near = Math.max(0, index - 2); near <= index; near++) forfeit(near);
      contributions[index]! -= ORACLE.unusual;
    }
    if (index >= ORACLE.lengthFree) contributions[index]! -= ORACLE.perExtraToken;
    if (id === END) return;
    first = second;
    second = id;
  }
  if (completion.length > 0) contributions[completion.length - 1]! -= ORACLE.unfinished;
}
