/** One prompt of a bandit and what its policy is to learn, float64. */
export interface Prompt {
  /** h_ref. // [K] */
  readonly referenceLogits: ArrayLike<number>;
  /** r*. // [K] */
  readonly rewards: ArrayLike<number>;
  readonly beta: number;
}

/**
 * The logits a share `at` of the way from the reference to the optimum: h_ref + at·r* / β, [K]. At 0 they are the
 * reference's, at 1 those of π* ∝ π_ref·exp(r* / β).
 */
export const logitsAt = ({ referenceLogits, rewards, beta }: Prompt, at: number): Float64Array =>
  Float64Array.from(referenceLogits, (h, k) => h + (at * rewards[k]!) / beta);
