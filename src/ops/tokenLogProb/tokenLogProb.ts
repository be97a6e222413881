import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable';
import { hasKernel, registerHostKernel, runKernel } from '../hostKernel';
import { oneHot } from '../oneHot';

const FORWARD = 'TokenLogProb';
const BACKWARD = 'TokenLogProbGradient';

function logSumExp(values: Float32Array, start: number, count: number): number {
  let maximum = -Infinity;
  for (let v = start; v < start + count; v++) if (values[v]! > maximum) maximum = values[v]!;
  let sum = 0;
  for (let v = start; v < start + count; v++) sum += Math.exp(values[v]! - maximum);
  return maximum + Math.log(sum);
}

registerHostKernel({
  name: FORWARD,
  inputs: ['logits', 'tokens'],
  dtype: 'float32',
  shape: (shapes) => [...shapes[1]!],
  compute: ([logits, tokens], _attributes, out) => {
    const vocabulary = logits!.shape[2]!;
    const values = logits!.values as Float32Array;
    const ids = tokens!.values as Int32Array;
    for (let i = 0; i < ids.length; i++) {
      const start = i * vocabulary;
      out[i] = values[start + ids[i]!]! - logSumExp(values, start, vocabulary);
    }
  },
});

registerHostKernel({
  name: BACKWARD,
  inputs: ['logits', 'tokens', 'dy'],
  dtype: 'float32',
  shape: (shapes) => [...shapes[0]!],
  compute: ([logits, tokens, dy], _attributes, out) => {
    const vocabulary = logits!.shape[2]!;
    const values = logits!.values as Float32Array;
    const ids = tokens!.values as Int32Array;
    for (let i = 0; i < ids.length; i++) {
      const start = i * vocabulary;
      const slope = dy!.values[i]!;
      // A masked token has no gradient: spare its softmax.
      if (slope === 0) {
        out.fill(0, start, start + vocabulary);
        continue;
      }
      const total = logSumExp(values, start, vocabulary);
      for (let v = start; v < start + vocabulary; v++) out[v] = -slope * Math.exp(values[v]! - total);
      const chosen = start + ids[i]!;
      out[chosen] = out[chosen]! + slope;
    }
  },
});

/** The specification in stock ops; through log-softmax, which shifts by the largest logit before anything is lost. */
export function tokenLogProbComposed(logits: tf.Tensor3D, tokens: tf.Tensor2D): tf.Tensor2D {
  return tf.sum(tf.mul(tf.logSoftmax(logits), oneHot(tokens, logits.shape[2])), -1);
}

/**
 * log softmax(logits) at the given token, differentiable in the logits.
 *
 * @param logits // [R, B, V]
 * @param tokens int32, each 0 … V − 1  // [R, B]
 * @returns nats  // [R, B]
 */
export function tokenLogProb(logits: tf.Tensor3D, tokens: tf.Tensor2D): tf.Tensor2D {
  if (!hasKernel(FORWARD)) return tokenLogProbComposed(logits, tokens);
  return differentiable([logits], (save) => {
    save([logits, tokens]);
    return {
      value: runKernel(FORWARD, { logits, tokens }),
      gradient: (dy, [keptLogits, keptTokens]) => [
        runKernel(BACKWARD, { logits: keptLogits!, tokens: keptTokens!, dy }),
      ],
    };
  }) as tf.Tensor2D;
}
