import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable';

/** log(1 + e) for e in [0, 1], by series where tfjs' naive form would lose the small values. */
function log1pOfUnit(e: tf.Tensor): tf.Tensor {
  // Horner form of e − e²/2 + e³/3 − … + e⁷/7; at e = 0.05 the next term is below 1e-11.
  const series = [1 / 7, -1 / 6, 1 / 5, -1 / 4, 1 / 3, -1 / 2, 1].reduce<tf.Tensor | null>(
    (sum, coefficient) => (sum === null ? tf.mul(e, coefficient) : tf.mul(e, tf.add(sum, coefficient))),
    null,
  );
  return tf.where(tf.less(e, 0.05), series!, tf.log(tf.add(e, 1)));
}

/**
 * log σ(x) = min(x, 0) − log(1 + e^−|x|), elementwise, with small relative error at both ends;
 * its gradient is σ(−x).
 */
export function logSigmoid<T extends tf.Tensor>(x: T): T {
  return differentiable([x], (save) => {
    save([x]);
    return {
      value: tf.sub(tf.minimum(x, 0), log1pOfUnit(tf.exp(tf.neg(tf.abs(x))))),
      gradient: (dy, [kept]) => [tf.mul(dy, tf.sigmoid(tf.neg(kept!)))],
    };
  }) as T;
}
