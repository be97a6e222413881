import * as tf from '@tensorflow/tfjs-core';
import { gatherRows } from '../ops/gatherRows/gatherRows';
import { logSigmoid } from '../ops/logSigmoid/logSigmoid';
import { logSumExp } from '../ops/logSumExp/logSumExp';

/**
 * log(Z⁺Z⁻) of every prompt, with Z± = E_{π_θ}[exp(±r_θ)] and r_θ = β·log(π_θ/π_ref) (arXiv 2502.04270).
 * In logarithms, because the partition functions themselves overflow where a policy has moved far.
 * Tabular policies only: the sum runs over all responses.
 *
 * @param logits h_θ tables above h_ref tables  // [2R, X, K]
 * @param betas // [R, 1]
 * @returns // [R, X]
 */
export function logPartitionProducts(logits: tf.Tensor3D, betas: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const [policy, reference] = tf.split(tf.logSoftmax(logits), 2, 0) as [tf.Tensor3D, tf.Tensor3D];
    const implicit = tf.mul(tf.sub(policy, reference), tf.expandDims(betas, 2));
    const logExpectation = (sign: number) => logSumExp(tf.add(policy, tf.mul(implicit, sign)));
    return tf.add(logExpectation(1), logExpectation(-1));
  });
}

/** Each pair's value of its prompt. // [R, X], prompt indices [R, P] → [R, P] */
export function perPair(values: tf.Tensor2D, promptIndices: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => tf.squeeze(gatherRows(tf.expandDims(values, 2), promptIndices), [2]) as tf.Tensor2D);
}

/**
 * Whether a pair keeps its interpolated coefficients: T-PILAF draws both completions from π_θ with probability
 * 1/(1 + Z⁺Z⁻) = σ(−log Z⁺Z⁻) instead.
 *
 * @param gates uniform draws; 1 for samplers of fixed weights, which always keep theirs  // [R, P]
 * @returns 1 or 0  // [R, P]
 */
export function keptPairs(gates: tf.Tensor2D, logProducts: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => tf.cast(tf.greaterEqual(gates, tf.sigmoid(tf.neg(logProducts))), 'float32'));
}

/**
 * T-PILAF's loss weights (1 + Z⁺Z⁻)/mean, the mean over the step's pairs; 1 for runs that are not weighted.
 *
 * @param weighted per run  // [R]
 */
export function partitionWeights(logProducts: tf.Tensor2D, weighted: readonly boolean[]): tf.Tensor2D {
  return tf.tidy(() => {
    const logs = tf.neg(logSigmoid(tf.neg(logProducts))); // log(1 + Z⁺Z⁻)
    const logMean = tf.sub(tf.logSumExp(logs, 1, true), Math.log(logs.shape[1]));
    // A choice, not a sum with a factor 0: one run's weights may overflow, its neighbours' must not notice.
    const chosen = tf.tile(
      tf.tensor2d(
        weighted.map((w) => [w]),
        undefined,
        'bool',
      ),
      [1, logs.shape[1]],
    );
    return tf.where(chosen, tf.exp(tf.sub(logs, logMean)), tf.onesLike(logs));
  });
}
