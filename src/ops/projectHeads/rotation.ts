import * as tf from '@tensorflow/tfjs-core';
import { rotaryTurns } from '../../math/rotary';

/**
 * The turns of every position, computed in float64; see `rotaryTurns`.
 *
 * @returns // [L, d]
 */
export function rotaryTable(length: number, headWidth: number, base: number): tf.Tensor2D {
  const values = new Float32Array(length * headWidth);
  for (let position = 0; position < length; position++) {
    values.set(rotaryTurns(headWidth, position, base), position * headWidth);
  }
  return tf.tensor2d(values, [length, headWidth]);
}
