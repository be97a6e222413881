import * as tf from '@tensorflow/tfjs-core';
import { addProduct } from '../ops/addProduct/addProduct';
import { causalAttention } from '../ops/causalAttention/causalAttention';
import { completionLogProbs } from '../ops/completionLogProb/completionLogProb';
import { evenRowSets } from '../ops/rowSets';

/** How fast this device is. Seconds each. */
export interface Speed {
  readonly perLaunch: number;
  /** Of matrix products. */
  readonly perFlop: number;
  readonly perAttentionFlop: number;
  /** Of elementwise work with an exponential. */
  readonly perElement: number;
}

const LAUNCHES = 100;
const REPEATS = 3;
const ROWS = 32;
const TOKENS = 24;
const WIDTH = 64;
const VOCABULARY = 192;

/** Times small launches, products, attention and log-probs on the current backend; takes well under a second. */
export async function measureSpeed(): Promise<Speed> {
  const positions = ROWS * TOKENS;
  const small = evenRowSets(1, 4);
  const rows = evenRowSets(1, ROWS);
  const inputs = {
    little: tf.ones([4, 8]) as tf.Tensor2D,
    littleWeights: tf.ones([1, 64]) as tf.Tensor2D,
    states: tf.ones([positions, WIDTH]) as tf.Tensor2D,
    weights: tf.ones([1, WIDTH * WIDTH]) as tf.Tensor2D,
    kv: tf.ones([ROWS, TOKENS, 2, WIDTH]) as tf.Tensor4D,
    starts: tf.zeros([ROWS], 'int32') as tf.Tensor1D,
    logits: tf.ones([positions, VOCABULARY]) as tf.Tensor2D,
    tokens: tf.zeros([ROWS, TOKENS], 'int32') as tf.Tensor2D,
  };
  const { little, littleWeights, states, weights, kv, starts, logits, tokens } = inputs;
  const products = await secondsPer(REPEATS, () => addProduct(states, states, weights, 0, rows));
  const attention = await secondsPer(
    REPEATS,
    () => causalAttention({ q: states, kv, starts, rows, heads: WIDTH / 16, first: 0 }).out,
  );
  const logProbs = await secondsPer(REPEATS, () => completionLogProbs(logits, tokens));
  const speed = {
    perLaunch: await secondsPer(LAUNCHES, () => addProduct(little, little, littleWeights, 0, small)),
    perFlop: products / (2 * positions * WIDTH * WIDTH),
    // Half of the keys lie ahead of a query.
    perAttentionFlop: attention / (2 * positions * TOKENS * WIDTH),
    perElement: logProbs / (positions * VOCABULARY),
  };
  tf.dispose([...Object.values(inputs), small.tiles, rows.tiles]);
  return speed;
}

/** Seconds of one call among `count`, after a round that compiles and warms up. */
async function secondsPer(count: number, work: () => tf.Tensor): Promise<number> {
  const round = async () => {
    const last = tf.tidy(() => Array.from({ length: count }, work)[count - 1]!);
    await last.data();
    last.dispose();
  };
  await round();
  const start = performance.now();
  await round();
  return (performance.now() - start) / 1000 / count;
}
