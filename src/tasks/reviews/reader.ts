import { LEXICON } from './lexicon';
import { VOCABULARY } from './vocabulary';

export const READING = {
  /** Factors on what a negator denies: "not good" is nearly as bad as "good" is good, "not bad" is faint praise. */
  negatedPraise: -0.75,
  negatedBlame: -0.4,
  /** How many words ahead a negator reaches, unless punctuation or "but" stops it. */
  negationScope: 3,
} as const;

const { recommendation, intensity, isNegator, isCommitment, isBreak, isUnconditional } = LEXICON;

/** Reads words from left to right and says what each of them states in the context of those before. */
export class Reader {
  /** Words that a pending negator still reaches; 0 without one. */
  #negation = 0;
  /** Whether "will" or "would" stands in the clause. */
  #committed = false;
  #intensity = 1;

  /** @param sentiment of every word, by its id; the lexicon's, or somebody's own */
  constructor(private readonly sentiment: Float64Array = LEXICON.sentiment) {}

  /**
   * What a word states, 0 for most, and the context moved past it. A negator is used up by the first word it denies;
   * it takes the strength of an intensifier away ("not very good" is not worse than "not good").
   * @throws RangeError for an id outside the vocabulary.
   */
  read(id: number): number {
    if (VOCABULARY[id] === undefined) throw new RangeError(`no word has the id ${id}`);
    if (isBreak[id] === 1) {
      this.#negation = 0;
      this.#committed = false;
      this.#intensity = 1;
      return 0;
    }
    const stated = this.#recommends(id) ?? this.#feels(id);
    if (stated !== 0) this.#negation = 0;
    else if (isNegator[id] === 1) this.#negation = READING.negationScope;
    else if (this.#negation > 0) this.#negation--;
    this.#intensity = intensity[id]!;
    if (isCommitment[id] === 1) this.#committed = true;
    return stated;
  }

  #recommends(id: number): number | null {
    const value = recommendation[id]!;
    if (value === 0) return null;
    const negated = this.#negation > 0;
    if (!negated && !this.#committed && isUnconditional[id] === 0) return 0;
    return negated ? -value : value * this.#intensity;
  }

  #feels(id: number): number {
    const value = this.sentiment[id]!;
    if (this.#negation === 0) return value * this.#intensity;
    return value * (value > 0 ? READING.negatedPraise : READING.negatedBlame);
  }
}
