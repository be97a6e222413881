import * as tf from '@tensorflow/tfjs-core';
import { batchMatMul } from '../ops/batchMatMul/batchMatMul';
import { fleetMatMul } from '../ops/fleetMatMul/fleetMatMul';

/** How fast this device is. Seconds each. */
export interface Speed {
  readonly perLaunch: number;
  readonly perFlop: number;
  readonly perBatchedFlop: number;
  readonly perElement: number;
}

const LAUNCHES = 100;
const REPEATS = 3;
const SIZE = 192;
/** Small products side by side, as attention has them. */
const BATCH = { count: 128, size: 30, width: 16 };
const ELEMENTS = 1 << 18;

/** Times small launches, products and elementwise work on the current backend; takes well under a second. */
export async function measureSpeed(): Promise<Speed> {
  const inputs = {
    little: tf.ones([4]),
    square: tf.ones([1, SIZE, SIZE]) as tf.Tensor3D,
    batch: tf.ones([BATCH.count, BATCH.size, BATCH.width]) as tf.Tensor3D,
    long: tf.ones([ELEMENTS]),
  };
  const { little, square, batch, long } = inputs;
  const speed = {
    perLaunch: await secondsPer(LAUNCHES, () => tf.add(little, little)),
    perFlop: (await secondsPer(REPEATS, () => fleetMatMul(square, square))) / (2 * SIZE ** 3),
    perBatchedFlop:
      (await secondsPer(REPEATS, () => batchMatMul(batch, batch, true))) /
      (2 * BATCH.count * BATCH.size ** 2 * BATCH.width),
    perElement: (await secondsPer(REPEATS, () => tf.mul(long, long))) / ELEMENTS,
  };
  tf.dispose(Object.values(inputs));
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
