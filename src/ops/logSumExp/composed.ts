import * as tf from '@tensorflow/tfjs-core';

/** The specification in stock ops. */
export const logSumExpComposed = (x: tf.Tensor3D): tf.Tensor2D => tf.logSumExp(x, 2) as tf.Tensor2D;
