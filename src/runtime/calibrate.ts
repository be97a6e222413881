import * as tf from '@tensorflow/tfjs-core';

/** How fast this device is, in the units of an experiment's work. Seconds each. */
export interface Speed {
  readonly perLaunch: number;
  readonly perFlop: number;
}

const LAUNCHES = 200;
const SIZE = 192;
const PRODUCTS = 4;

/** Times small launches and plain products on the current backend; takes well under a second. */
export async function measureSpeed(): Promise<Speed> {
  const x = tf.ones([4]);
  const a = tf.ones([SIZE, SIZE]);
  const launches = async () => {
    const y = tf.tidy(() => Array.from({ length: LAUNCHES }).reduce<tf.Tensor>((sum) => tf.add(sum, x), x));
    await y.data();
    y.dispose();
  };
  const products = async () => {
    const y = tf.tidy(() =>
      Array.from({ length: PRODUCTS }).reduce<tf.Tensor>((product) => tf.matMul(product as tf.Tensor2D, a), a),
    );
    await y.data();
    y.dispose();
  };
  const seconds = async (work: () => Promise<void>) => {
    await work(); // compiles and warms up
    const start = performance.now();
    await work();
    return (performance.now() - start) / 1000;
  };
  const speed = {
    perLaunch: (await seconds(launches)) / LAUNCHES,
    perFlop: (await seconds(products)) / (PRODUCTS * 2 * SIZE ** 3),
  };
  tf.dispose([x, a]);
  return speed;
}
