import { logSoftmax, logSumExp } from '../math/logits';

/** The next word after a beginning, from the logits of policy and reference over the vocabulary, [V] each. */
export interface WordLogits {
  readonly policy: ArrayLike<number>;
  readonly reference: ArrayLike<number>;
}

/** log π_θ(w) − log π_ref(w) of every word, nats; times β it is the word's implicit reward. // [V] */
export function logRatios({ policy, reference }: WordLogits): Float64Array {
  const logReference = logSoftmax(reference);
  return logSoftmax(policy).map((value, word) => value - logReference[word]!);
}

/**
 * log Z_t = log Σ_w π_θ(w)·exp(α·log(π_θ/π_ref)(w)): what a token-by-token sampler divides by at this word. Drawn as
 * whole sequences, π⁺ ∝ π_θ·(π_θ/π_ref)^α has one Z for all completions instead (arXiv 2502.04270).
 */
export function logNormaliser(words: WordLogits, alpha: number): number {
  const logPolicy = logSoftmax(words.policy);
  return logSumExp(logRatios(words).map((ratio, word) => logPolicy[word]! + alpha * ratio));
}

/** A completion that was drawn from π_θ, as the two ways of sampling π⁺ see it. */
export interface DrawnText {
  /** log π_θ(y) − log π_ref(y). */
  readonly logRatio: number;
  /** Σ_t log Z_t along it. */
  readonly logNormalisers: number;
}

export interface TokenAgainstSequence {
  /** By text: how many times as often π⁺ draws it token by token as it would as a whole. */
  readonly factors: readonly number[];
  /** Total variation distance of the two, estimated from the texts. */
  readonly distance: number;
}

/** How the two ways of sampling π⁺ differ, by self-normalised importance sampling over texts drawn from π_θ. */
export function tokenAgainstSequence(texts: readonly DrawnText[], alpha: number): TokenAgainstSequence {
  const shares = (logs: readonly number[]) => {
    const total = logSumExp(logs);
    return logs.map((value) => Math.exp(value - total));
  };
  const whole = shares(texts.map(({ logRatio }) => alpha * logRatio));
  const byToken = shares(texts.map(({ logRatio, logNormalisers }) => alpha * logRatio - logNormalisers));
  return {
    factors: byToken.map((share, i) => share / whole[i]!),
    distance: byToken.reduce((sum, share, i) => sum + Math.abs(share - whole[i]!), 0) / 2,
  };
}
