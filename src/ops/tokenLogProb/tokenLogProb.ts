import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable';
import { hasKernel, runKernel } from '../hostKernel';
import { oneHot } from '../oneHot';
import { BACKWARD, FORWARD } from './kernels';

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
