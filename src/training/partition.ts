import * as tf from '@tensorflow/tfjs-core';
import { gatherRows } from '../ops/gatherRows/gatherRows';

/**
 * 1 + Z⁺Z⁻ of every prompt, with Z± = E_{π_θ}[exp(±r_θ)] and r_θ = β·log(π_θ/π_ref) (arXiv 2502.04270).
 * Tabular policies only: the sum runs over all responses.
 *
 * @param logits h_θ tables above h_ref tables  // [2R, X, K]
 * @param betas // [R, 1]
 * @returns // [R, X]
 */
export function pairNormalisers(logits: tf.Tensor3D, betas: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const [policy, reference] = tf.split(tf.logSoftmax(logits), 2, 0) as [tf.Tensor3D, tf.Tensor3D];
    const implicit = tf.mul(tf.sub(policy, reference), tf.expandDims(betas, 2));
    const expectation = (sign: number) => tf.sum(tf.exp(tf.add(policy, tf.mul(implicit, sign))), 2);
    return tf.add(1, tf.mul(expectation(1), expectation(-1)));
  });
}

/** The normaliser of each pair's prompt. // [R, X], prompt indices [R, P] → [R, P] */
export function normaliserPerPair(normalisers: tf.Tensor2D, promptIndices: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => tf.squeeze(gatherRows(tf.expandDims(normalisers, 2), promptIndices), [2]) as tf.Tensor2D);
}
