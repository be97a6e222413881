/**
 * Categorical distributions in log space, float64. Inputs are one row of K logits or log-probabilities;
 * a NaN anywhere comes out as NaN, so a diverged run is noticed and not hidden.
 */

/** log Σ_k exp(values_k); −∞ for an empty row. Shifted by the largest value, so nothing overflows. */
export function logSumExp(values: ArrayLike<number>): number {
  let largest = -Infinity;
  for (let k = 0; k < values.length; k++) largest = Math.max(largest, values[k]!);
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += Math.exp(values[k]! - largest);
  return largest + Math.log(sum);
}

/** Log-probabilities [K], in nats, of a row of logits [K]. */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  const normaliser = logSumExp(logits);
  const logP = new Float64Array(logits.length);
  for (let k = 0; k < logP.length; k++) logP[k] = logits[k]! - normaliser;
  return logP;
}

/** Probabilities [K] of a row of logits [K]. */
export const softmax = (logits: ArrayLike<number>): Float64Array => logSoftmax(logits).map(Math.exp);

/**
 * Σ_k p_k·value_k for log-probabilities `logP` [K]. Impossible entries count as nothing, whatever their value
 * (0·log 0 = 0 in entropies and divergences).
 */
export function expectation(logP: ArrayLike<number>, value: (k: number) => number): number {
  let sum = 0;
  for (let k = 0; k < logP.length; k++) {
    const p = Math.exp(logP[k]!);
    if (p !== 0) sum += p * value(k);
  }
  return sum;
}

/** KL(P‖Q) = Σ_k p_k·(log p_k − log q_k) in nats, from log-probabilities [K]. */
export const klDivergence = (logP: ArrayLike<number>, logQ: ArrayLike<number>): number =>
  expectation(logP, (k) => logP[k]! - logQ[k]!);

/** −Σ_k p_k·log p_k in nats, from log-probabilities [K]. */
export const entropy = (logP: ArrayLike<number>): number => -expectation(logP, (k) => logP[k]!);
