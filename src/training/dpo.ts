import * as tf from '@tensorflow/tfjs-core';
import { logSigmoid } from '../ops/logSigmoid/logSigmoid';
import { flatten, unflatten } from '../policy/parameters';
import type { CompletionBatch, Policy } from '../policy/policy';

/** A fleet's labelled minibatch: rows 2i and 2i + 1 are pair i's chosen and rejected completion. */
export interface PreferenceBatch {
  readonly completions: CompletionBatch; // rows = 2P
  /** log π_ref(y|x) of every row, nats. */
  readonly referenceLogProbs: Float32Array; // [R, 2P]
  /** Per pair; 1 in plain DPO. */
  readonly weights: tf.Tensor2D; // [R, P]
}

/**
 * The DPO loss of every run, −log σ(β·(Δ log π_θ − Δ log π_ref)), weighted mean over its pairs
 * (Rafailov et al. 2023, equation 7).
 *
 * @param logProbs sequence log-probs of rows chosen, rejected, chosen, …  // [R, 2P]
 * @param referenceLogProbs the same rows' under the reference  // [R, 2P]
 * @param betas // [R, 1]
 * @param weights // [R, P]
 * @returns nats per pair  // [R]
 */
export function dpoLoss(
  logProbs: tf.Tensor2D,
  referenceLogProbs: tf.Tensor2D,
  betas: tf.Tensor2D,
  weights: tf.Tensor2D,
): tf.Tensor1D {
  const [runs, rows] = logProbs.shape;
  const logRatios = tf.reshape(tf.sub(logProbs, referenceLogProbs), [runs, rows / 2, 2]);
  const [chosen, rejected] = tf.unstack(logRatios, 2) as [tf.Tensor2D, tf.Tensor2D];
  const margins = tf.mul(tf.sub(chosen, rejected), betas);
  return tf.neg(tf.mean(tf.mul(weights, logSigmoid(margins)), 1));
}

/**
 * Every run's DPO loss and its gradient in flat form. Runs do not touch: the sum over runs has, in each run's
 * weights, that run's own gradient.
 *
 * @param weights // [R, N]
 * @param betas // [R, 1]
 * @returns loss [R], gradient [R, N]
 */
export function dpoGradient(
  policy: Policy,
  weights: tf.Tensor2D,
  batch: PreferenceBatch,
  betas: tf.Tensor2D,
): { loss: tf.Tensor1D; gradient: tf.Tensor2D } {
  return tf.tidy(() => {
    const named = unflatten(policy.layout, weights);
    const names = [...named.keys()];
    const reference = tf.tensor2d(batch.referenceLogProbs, [weights.shape[0], batch.completions.prompts.rows]);
    // The gradient's pass disposes what it made; the losses per run are kept out of it by hand.
    const perRun: tf.Tensor1D[] = [];
    const gradients = tf.grads((...tensors: tf.Tensor[]) => {
      const parameters = new Map(names.map((name, i) => [name, tensors[i]!]));
      const logProbs = tf.sum(policy.tokenLogProbs(parameters, batch.completions), 2) as tf.Tensor2D;
      const loss = dpoLoss(logProbs, reference, betas, batch.weights);
      perRun.push(tf.keep(loss));
      return tf.sum(loss);
    })([...named.values()]);
    const gradient = flatten(policy.layout, new Map(names.map((name, i) => [name, gradients[i]!])));
    const loss = tf.clone(perRun[0]!);
    tf.dispose(perRun);
    return { loss, gradient };
  });
}
