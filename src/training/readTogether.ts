import * as tf from '@tensorflow/tfjs-core';

/** Reads several tensors in one transfer and disposes them; integers come back exactly up to 2²⁴. */
export async function readTogether(tensors: readonly tf.Tensor[]): Promise<Float32Array[]> {
  const joined = tf.tidy(() => tf.concat(tensors.map((t) => tf.reshape(tf.cast(t, 'float32'), [-1]))));
  const sizes = tensors.map((t) => t.size);
  tf.dispose([...tensors]);
  const values = (await joined.data()) as Float32Array;
  joined.dispose();
  let start = 0;
  return sizes.map((size) => values.subarray(start, (start += size)));
}
