import * as tf from '@tensorflow/tfjs-core';
import type { PreferenceLoss } from '../math/preferenceLosses';
import { logRatios, preferenceSlopes } from '../ops/preferenceLoss/preferenceLoss';
import { completionBatch, type Text } from '../policy/batches';
import type { CompletionBatch, Policy } from '../policy/policy';
import type { Fleet } from './fleet';
import type { PreferencePair } from './pair';

/** A fleet's labelled completions: rows 2i and 2i + 1 of a run are pair i's chosen and rejected one. */
export interface LabelledCompletions {
  readonly completions: CompletionBatch;
  /** log π_ref(y|x) of every row, nats. */
  readonly referenceLogProbs: Float32Array; // [R·B]
}

export interface PreferenceBatch extends LabelledCompletions {
  /** A run's loss is Σ weight · loss over its pairs; 0 for those that only fill the batch up. */
  readonly pairWeights: tf.Tensor2D; // [R, B/2]
}

/** Every run's pairs as one batch: rows 2i and 2i + 1 are pair i's chosen and rejected completion. // [R][P] */
export function labelledCompletions(
  { task, pairs: count }: Fleet,
  pairs: readonly (readonly PreferencePair[])[],
): LabelledCompletions {
  const { promptLength, policy } = task;
  // Plain loops: on a small task lists of lists cost more than the gradient.
  const texts = pairs.map((ofRun) => {
    const found: Text[] = [];
    for (const { prompt, chosen, rejected } of ofRun) {
      found.push({ prompt, completion: chosen.ids }, { prompt, completion: rejected.ids });
    }
    return found;
  });
  const completions = completionBatch({ promptLength, completionLength: policy.completionLength }, texts, 2 * count);
  const { sets, rows } = completions.prompts;
  const referenceLogProbs = new Float32Array(sets * rows);
  pairs.forEach((ofRun, r) => {
    let row = r * rows;
    for (const { chosen, rejected } of ofRun) {
      referenceLogProbs[row++] = chosen.referenceLogProb;
      referenceLogProbs[row++] = rejected.referenceLogProb;
    }
  });
  return { completions, referenceLogProbs };
}

/**
 * Every run's losses (math/preferenceLosses.ts) and the gradient of their weighted sum. Runs do not touch.
 *
 * @param weights flat; run r is set r  // [S, N]
 * @param objectives what each run minimises  // [R]
 * @returns losses, unweighted [R, B/2]; gradient [R, N]
 */
export function preferenceGradient(
  policy: Policy,
  weights: tf.Tensor2D,
  { completions, referenceLogProbs, pairWeights }: PreferenceBatch,
  objectives: readonly PreferenceLoss[],
): { losses: tf.Tensor2D; gradient: tf.Tensor2D } {
  return tf.tidy(() => {
    const pass = policy.forward(weights, completions);
    const { logProbs, mask } = pass;
    const reference = tf.tensor1d(referenceLogProbs);
    const { losses, slopes } = preferenceSlopes({ logProbs, mask, reference, objectives, pairWeights });
    const gradient = pass.gradient(slopes);
    pass.dispose();
    return { losses, gradient };
  });
}

/** log π_θ − log π_ref of every row, nats. // [R·B] */
export function batchLogRatios(
  policy: Policy,
  weights: tf.Tensor2D,
  { completions, referenceLogProbs }: LabelledCompletions,
): tf.Tensor1D {
  return tf.tidy(() => {
    const pass = policy.forward(weights, completions);
    const { logProbs, mask } = pass;
    const found = logRatios({ logProbs, mask, reference: tf.tensor1d(referenceLogProbs) });
    pass.dispose();
    return found;
  });
}
