import type { LossesAndSlopes, Preferences } from './preferenceLoss';
import * as tf from '@tensorflow/tfjs-core';
import type { PreferenceLoss } from '../../math/preferenceLosses';
import { logSigmoid } from '../logSigmoid/logSigmoid';

/** The specification in stock ops, for finite values; slopes by tfjs' own gradient. */
export function preferenceSlopesComposed(preferences: Preferences): LossesAndSlopes {
  const { logProbs, mask, reference, objectives, pairWeights } = preferences;
  const [runs, pairs] = pairWeights.shape;
  const counts = tf.cast(tf.notEqual(pairWeights, 0), 'float32');
  const pointOf = (logRatios: tf.Tensor, run: number): tf.Tensor => {
    const counting = tf.slice(counts, [run, 0], [1, pairs]);
    const total = tf.sum(tf.mul(tf.sum(logRatios, 2), counting));
    return tf.relu(tf.div(total, tf.maximum(tf.mul(tf.sum(counting), 2), 1)));
  };
  const lossesOf = (sequences: tf.Tensor, points: readonly tf.Tensor[]): tf.Tensor2D => {
    const all = tf.reshape(tf.sub(sequences, reference), [runs, pairs, 2]);
    const ofRun = objectives.map((objective, run) =>
      composedLoss(objective, tf.slice(all, [run, 0, 0], [1, pairs, 2]) as tf.Tensor3D, points[run]!),
    );
    return tf.concat(ofRun) as tf.Tensor2D;
  };
  const sequences = tf.sum(tf.mul(logProbs, mask), 1); // [R·Mp]
  const ratios = tf.reshape(tf.sub(sequences, reference), [runs, pairs, 2]);
  // Held fast outside the gradient: KTO does not differentiate its reference point.
  const points = objectives.map((_, run) => pointOf(tf.slice(ratios, [run, 0, 0], [1, pairs, 2]), run));
  const slopes = tf.grad((x) => tf.sum(tf.mul(lossesOf(x, points), pairWeights)))(sequences) as tf.Tensor1D;
  return { losses: lossesOf(sequences, points), slopes };
}

/** @param logRatios // [1, P, 2] */
function composedLoss({ kind, beta, smoothing }: PreferenceLoss, logRatios: tf.Tensor3D, point: tf.Tensor): tf.Tensor {
  const [chosen, rejected] = tf.unstack(logRatios, 2) as [tf.Tensor2D, tf.Tensor2D];
  const difference = tf.sub(chosen, rejected);
  const margin = tf.mul(difference, beta);
  switch (kind) {
    case 'dpo':
      return tf.neg(tf.add(tf.mul(logSigmoid(margin), 1 - smoothing), tf.mul(logSigmoid(tf.neg(margin)), smoothing)));
    case 'ipo':
      return tf.square(tf.sub(difference, 0.5 / beta));
    case 'hinge':
      return tf.relu(tf.sub(1, margin));
    case 'kto': {
      const doubt = (excess: tf.Tensor) => tf.sigmoid(tf.mul(excess, -beta));
      return tf.div(tf.add(doubt(tf.sub(chosen, point)), doubt(tf.sub(point, rejected))), 2);
    }
  }
}
