import * as tf from '@tensorflow/tfjs-core';
import { LOSS_KINDS, type PreferenceLoss } from '../../math/preferenceLosses';
import { emptyTensor, launch } from '../device/launch';
import { LOG_RATIOS, PREFERENCE_SLOPES } from './kernels';

/** Labelled pairs of R runs; rows 2i and 2i + 1 of a run are pair i's chosen and rejected completion. */
export interface Preferences {
  /** log π_θ per token, nats. // [R·Mp, C] */
  readonly logProbs: tf.Tensor2D;
  /** 1 on completion tokens, 0 behind the end, where log-probs may be anything. // [R·Mp, C] */
  readonly mask: tf.Tensor2D;
  /** log π_ref of whole completions, nats. // [R·Mp] */
  readonly reference: tf.Tensor1D;
  /** What each run minimises. // [R] */
  readonly objectives: readonly PreferenceLoss[];
  /** A run's loss is Σ weight · loss; 0 on pairs that only fill the batch up. // [R, Mp/2] */
  readonly pairWeights: tf.Tensor2D;
}

export type LossesAndSlopes = {
  /** Unweighted. // [R, Mp/2] */
  readonly losses: tf.Tensor2D;
  /** d(Σ weight · loss)/d(log π_θ of the whole completion). // [R·Mp] */
  readonly slopes: tf.Tensor1D;
};

/** Every completion's log π_θ − log π_ref, nats. // [R·Mp] */
export function logRatios({ logProbs, mask, reference }: Omit<Preferences, 'objectives' | 'pairWeights'>): tf.Tensor1D {
  const [rows, length] = logProbs.shape;
  const found = emptyTensor([rows]);
  launch(LOG_RATIOS, { logProbs, mask, reference, logRatios: found }, { length });
  return found;
}

/** Every run's losses (math/preferenceLosses.ts) and their slopes: the gradient's part that is not the model's. */
export function preferenceSlopes(preferences: Preferences): LossesAndSlopes {
  const { objectives, pairWeights } = preferences;
  const [runs, pairs] = pairWeights.shape;
  const losses = emptyTensor([runs, pairs]);
  const slopes = emptyTensor([2 * runs * pairs]);
  tf.tidy(() => {
    const settings = tf.tensor1d(
      objectives.flatMap(({ kind, beta, smoothing }) => [beta, smoothing, LOSS_KINDS.indexOf(kind)]),
    );
    launch(PREFERENCE_SLOPES, { logRatios: logRatios(preferences), settings, pairWeights, losses, slopes }, { pairs });
  });
  return { losses, slopes };
}
