import type { DrawRequest } from './drawTokens';
import * as tf from '@tensorflow/tfjs-core';
import { unitInterval } from '../../math/random';
import { drawBits } from './draw';

/**
 * The specification of the drawn tokens in stock ops, from host-made noise.
 *
 * @param logits of every completion row under the policy, then under the reference  // [2, B, V]
 * @returns int32  // [B]
 */
export function drawTokensComposed(
  logits: tf.Tensor3D,
  { settings, seeds, stream, step, firstRow = 0 }: DrawRequest,
  token: number,
): tf.Tensor1D {
  const [, rows, vocabulary] = logits.shape;
  const rowsPerRun = rows / seeds.length;
  const bits = new Uint32Array(vocabulary);
  const noise = new Float32Array(rows * vocabulary);
  for (let index = 0; index < rows; index++) {
    drawBits(bits, seeds[Math.floor(index / rowsPerRun)]!, firstRow + (index % rowsPerRun), { stream, step, token });
    // Gumbel noise, −log(−log(1 − w)).
    bits.forEach((random, v) => (noise[index * vocabulary + v] = -Math.log(-Math.log1p(-unitInterval(random)))));
  }
  return tf.tidy(() => {
    const [h, reference] = tf.unstack(logits) as [tf.Tensor2D, tf.Tensor2D]; // [B, V]
    const [a, scale] = tf.unstack(tf.reshape(settings, [2, rows, 1])) as [tf.Tensor2D, tf.Tensor2D]; // [B, 1]
    const tempered = tf.mul(scale, tf.add(h, tf.mul(a, tf.sub(h, reference))));
    return tf.argMax(tf.add(tempered, tf.tensor2d(noise, [rows, vocabulary])), 1);
  });
}
