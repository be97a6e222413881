import * as tf from '@tensorflow/tfjs-core';

/**
 * Rotary positions (Su et al. 2021): pair (i, i + d/2) of a head at position p turns by p · base^(−2i/d). Computed in
 * float64.
 *
 * @returns cosines in the first d/2 columns, sines in the last  // [L, d]
 */
export function rotaryTable(length: number, headWidth: number, base: number): tf.Tensor2D {
  const half = headWidth / 2;
  const values = Float32Array.from({ length: length * headWidth }, (_, i) => {
    const column = i % headWidth;
    const angle = Math.floor(i / headWidth) * base ** ((-2 * (column % half)) / headWidth);
    return column < half ? Math.cos(angle) : Math.sin(angle);
  });
  return tf.tensor2d(values, [length, headWidth]);
}
