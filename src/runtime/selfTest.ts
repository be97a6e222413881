import * as tf from '@tensorflow/tfjs-core';
import type { BackendName } from '../experiment/results';
import { attention } from '../ops/attention/attention';
import { fleetMatMul } from '../ops/fleetMatMul/fleetMatMul';
import { gatherRows } from '../ops/gatherRows/gatherRows';
import { logSigmoid } from '../ops/logSigmoid/logSigmoid';
import { logSumExp } from '../ops/logSumExp/logSumExp';
import { rmsNorm } from '../ops/rmsNorm/rmsNorm';
import { rotary, rotaryTables } from '../ops/rotary/rotary';
import { sampleTokens } from '../ops/sampleTokens/sampleTokens';
import { tokenLogProb } from '../ops/tokenLogProb/tokenLogProb';

const TOLERANCE = 1e-3;
const SETS = 4; // two runs, then their references
const ROWS = 6;
const WIDTH = 8;
const VOCABULARY = 21;

/** Smooth, sign-changing numbers; any fixed ones would do. */
const wave = (count: number, phase: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(0.7 * i + phase));

/**
 * Computes on the current backend what training is made of: a lookup, a norm, rotary positions, attention, products,
 * log-probs, a loss and its gradient, and token draws.
 */
async function probe(): Promise<{ numbers: Float32Array; tokens: Int32Array }> {
  const table = tf.tensor3d(wave(SETS * VOCABULARY * WIDTH, 0.1), [SETS, VOCABULARY, WIDTH]);
  const ids = tf.tensor2d(
    Int32Array.from({ length: SETS * ROWS }, (_, i) => (5 * i) % VOCABULARY),
    [SETS, ROWS],
    'int32',
  );
  const gain = tf.tensor2d(wave(SETS * WIDTH, 0.4), [SETS, WIDTH]);
  const mask = tf.zeros([SETS, 1, ROWS, ROWS]) as tf.Tensor4D;
  const logitsOf = (embedding: tf.Tensor3D): tf.Tensor3D => {
    const x = rmsNorm(gatherRows(embedding, ids), gain);
    const heads = rotary(tf.reshape(x, [SETS, 1, ROWS, WIDTH]), rotaryTables(0, ROWS, WIDTH));
    const mixed = tf.reshape(attention(heads, heads, heads, mask), [SETS, ROWS, WIDTH]) as tf.Tensor3D;
    return fleetMatMul(tf.add(x, mixed), tf.transpose(embedding, [0, 2, 1]));
  };
  const loss = (embedding: tf.Tensor): tf.Scalar =>
    tf.sum(
      tf.add(
        logSigmoid(tokenLogProb(logitsOf(embedding as tf.Tensor3D), ids)),
        logSumExp(logitsOf(embedding as tf.Tensor3D)),
      ),
    );
  const numbers = tf.tidy(() => {
    const gradient = tf.grad(loss)(table);
    return tf.concat([tf.reshape(gradient, [-1]), tf.reshape(logitsOf(table), [-1])]);
  });
  const tokens = tf.tidy(() => {
    const [coefficients, scales] = [tf.fill([2, ROWS], 0.5), tf.ones([2, ROWS])] as [tf.Tensor2D, tf.Tensor2D];
    return sampleTokens(logitsOf(table), coefficients, scales, tf.tensor1d([1, 2], 'int32'), {
      stream: 2,
      step: 3,
      token: 4,
    });
  });
  const result = { numbers: (await numbers.data()) as Float32Array, tokens: (await tokens.data()) as Int32Array };
  tf.dispose([table, ids, gain, mask, numbers, tokens]);
  return result;
}

/**
 * Runs the same computation on a backend and on the plain CPU. Throws an Error that says by how much they differ.
 */
export async function selfTest(name: BackendName): Promise<void> {
  await tf.setBackend('cpu');
  const expected = await probe();
  await tf.setBackend(name);
  const found = await probe();
  const scale = expected.numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const differences = expected.numbers.map((value, i) => Math.abs(value - found.numbers[i]!));
  // Written so that a NaN fails.
  if (!differences.every((difference) => difference <= TOLERANCE * scale)) {
    const worst = differences.find((difference) => !(difference <= TOLERANCE * scale))!;
    throw new Error(`it computes wrong numbers here (off by ${worst} where ${scale} is the largest).`);
  }
  if (expected.tokens.some((token, i) => token !== found.tokens[i]))
    throw new Error('it draws other tokens than the CPU does.');
}
