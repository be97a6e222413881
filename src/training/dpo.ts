import * as tf from '@tensorflow/tfjs-core';
import { dpoSlopes } from '../ops/preferenceLoss/preferenceLoss';
import type { CompletionBatch, Policy } from '../policy/policy';

/** A fleet's labelled minibatch: rows 2i and 2i + 1 of a run are pair i's chosen and rejected completion. */
export interface PreferenceBatch {
  readonly completions: CompletionBatch;
  /** log π_ref(y|x) of every row, nats. */
  readonly referenceLogProbs: Float32Array; // [R·B]
  /** A run's loss is Σ weight · loss over its pairs; 0 for those that only fill the batch up. */
  readonly pairWeights: tf.Tensor2D; // [R, B/2]
}

/**
 * Every run's DPO losses, −log σ(β·(Δ log π_θ − Δ log π_ref)) (Rafailov et al. 2023, equation 7), and the gradient of
 * their weighted sum. Runs do not touch.
 *
 * @param weights flat; run r is set r  // [S, N]
 * @param betas // [R]
 * @returns losses in nats, unweighted [R, B/2]; gradient [R, N]
 */
export function dpoGradient(
  policy: Policy,
  weights: tf.Tensor2D,
  { completions, referenceLogProbs, pairWeights }: PreferenceBatch,
  betas: tf.Tensor1D,
): { losses: tf.Tensor2D; gradient: tf.Tensor2D } {
  return tf.tidy(() => {
    const pass = policy.forward(weights, completions);
    const { logProbs, mask } = pass;
    const reference = tf.tensor1d(referenceLogProbs);
    const { losses, slopes } = dpoSlopes({ logProbs, mask, reference, betas, pairWeights });
    const gradient = pass.gradient(slopes);
    pass.dispose();
    return { losses, gradient };
  });
}
