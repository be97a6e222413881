import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable';
import { hasKernel, runKernel } from '../hostKernel';
import { registerThreadKernel } from '../threadKernel';

const FORWARD = 'MaskedSoftmax';
const BACKWARD = 'MaskedSoftmaxGradient';

/** Threads: one a query, [N, H, Tq]. */
const queries = ([scores]: readonly (readonly number[])[]) => scores!.slice(0, 3).reduce((a, b) => a * b, 1);

registerThreadKernel({
  name: FORWARD,
  inputs: ['scores', 'mask'],
  dtype: 'float32',
  shape: ([scores]) => [...scores!],
  threads: queries,
  code: /* wgsl */ `
fn compute(index: i32) {
  let keys = uniforms.scoresShape[3];
  let heads = uniforms.scoresShape[1];
  let queries = uniforms.scoresShape[2];
  let start = index * keys;
  let maskStart = (index / (heads * queries) * queries + index % queries) * keys;
  var maximum = scores[start] + mask[maskStart];
  for (var k = 1; k < keys; k++) {
    maximum = max(maximum, scores[start + k] + mask[maskStart + k]);
  }
  var sum = 0.0;
  for (var k = 0; k < keys; k++) {
    sum += exp(scores[start + k] + mask[maskStart + k] - maximum);
  }
  for (var k = 0; k < keys; k++) {
    result[start + k] = exp(scores[start + k] + mask[maskStart + k] - maximum) / sum;
  }
}`,
});

registerThreadKernel({
  name: BACKWARD,
  inputs: ['probabilities', 'dy'],
  dtype: 'float32',
  shape: ([probabilities]) => [...probabilities!],
  threads: queries,
  code: /* wgsl */ `
fn compute(index: i32) {
  let keys = uniforms.probabilitiesShape[3];
  let start = index * keys;
  var mean = 0.0;
  for (var k = start; k < start + keys; k++) {
    mean += probabilities[k] * dy[k];
  }
  for (var k = start; k < start + keys; k++) {
    result[k] = probabilities[k] * (dy[k] - mean);
  }
}`,
});

/** The specification in stock ops. */
export const maskedSoftmaxComposed = (scores: tf.Tensor4D, mask: tf.Tensor4D): tf.Tensor4D =>
  tf.softmax(tf.add(scores, mask));

/**
 * softmax(scores + mask) over the last axis; differentiable in the scores.
 *
 * @param scores // [N, H, Tq, Tk]
 * @param mask the same for all heads  // [N, 1, Tq, Tk]
 * @returns // [N, H, Tq, Tk]
 */
export function maskedSoftmax(scores: tf.Tensor4D, mask: tf.Tensor4D): tf.Tensor4D {
  if (!hasKernel(FORWARD)) return maskedSoftmaxComposed(scores, mask);
  return differentiable([scores], (save) => {
    const probabilities = runKernel(FORWARD, { scores, mask });
    save([probabilities]);
    return {
      value: probabilities,
      gradient: (dy, [kept]) => [runKernel(BACKWARD, { probabilities: kept!, dy })],
    };
  }) as tf.Tensor4D;
}
