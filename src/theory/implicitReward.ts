import { logSoftmax, logSumExp } from '../math/logits';

/** One prompt of a tabular policy with K responses, float64. All rows are [K]; logits need no normalisation. */

/** r_θ(k) = β·log(π_θ(k)/π_ref(k)), [K], in reward units (arXiv 2502.04270). */
export function implicitRewards(
  logits: ArrayLike<number>,
  referenceLogits: ArrayLike<number>,
  beta: number,
): Float64Array {
  const logP = logSoftmax(logits);
  const logReference = logSoftmax(referenceLogits);
  return logP.map((value, k) => beta * (value - logReference[k]!));
}

/** log Z⁺ and log Z⁻, where Z± = E_{π_θ}[exp(±r_θ)] (arXiv 2502.04270, T-PILAF). In logs, so that no range overflows. */
export function logPartitions(
  logits: ArrayLike<number>,
  referenceLogits: ArrayLike<number>,
  beta: number,
): { readonly plus: number; readonly minus: number } {
  const logP = logSoftmax(logits);
  const r = implicitRewards(logits, referenceLogits, beta);
  return {
    plus: logSumExp(logP.map((value, k) => value + r[k]!)),
    minus: logSumExp(logP.map((value, k) => value - r[k]!)),
  };
}

/** N = 1 + Z⁺Z⁻ of a prompt: T-PILAF's weight w(x) is N over its mean over prompts. */
export function pairNormaliser(logits: ArrayLike<number>, referenceLogits: ArrayLike<number>, beta: number): number {
  const { plus, minus } = logPartitions(logits, referenceLogits, beta);
  return 1 + Math.exp(plus + minus);
}
