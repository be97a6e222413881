import { gatedMlpComposed } from '../../../src/ops/gatedMlp/composed';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { gatedMlp, gatedMlpGradient } from '../../../src/ops/gatedMlp/gatedMlp';
import { evenRowSets, type RowSets } from '../../../src/ops/rowSets';
import { forEachBackend } from '../../support/backends';
import { expectNear, take, wave } from '../../support/numbers';

interface Sizes {
  readonly sets: number;
  readonly positions: number; // of a set
  readonly width: number;
  readonly hidden: number;
}

/** Plain tensors of every set, and the same as flat weights with a gap before them. */
function parameters({ sets, width, hidden }: Sizes) {
  const gain = tf.tensor2d(wave(sets * width, 0.2), [sets, width]);
  const gate = tf.tensor3d(wave(sets * width * hidden, 0.9), [sets, width, hidden]);
  const up = tf.tensor3d(wave(sets * width * hidden, 2.3), [sets, width, hidden]);
  const flat = (x: tf.Tensor) => tf.reshape(x, [sets, -1]);
  const weights = tf.concat([tf.fill([sets, 4], NaN), flat(gain), flat(up), flat(gate)], 1) as tf.Tensor2D;
  const offsets = { gain: 4, up: 4 + width, gate: 4 + width + width * hidden };
  return { gain, gate, up, weights, offsets };
}

async function takeAll<T extends Readonly<Record<string, tf.Tensor>>>(tensors: T) {
  const entries = Object.entries(tensors).map(async ([name, tensor]) => [name, await take(tensor)] as const);
  return Object.fromEntries(await Promise.all(entries)) as Record<keyof T, Float32Array>;
}

const SHAPES = [
  [1, 4, 1, 4, 4],
  [3, 8, 5, 12, 8],
  [2, 4, 3, 32, 68],
] as const;

const silu = (x: number) => x / (1 + Math.exp(-x));

describe('gatedMlp', () => {
  forEachBackend(() => {
    it('norms, multiplies and gates', async () => {
      // x = 2: its norm is 1. Gate: the identity; up: twice the identity.
      const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
      const rows = evenRowSets(1, 4);
      const found = await takeAll(
        tf.tidy(() =>
          gatedMlp({
            x: tf.fill([4, 4], 2),
            weights: tf.tensor2d([[1, 1, 1, 1, ...identity, ...identity.map((x) => 2 * x)]]),
            offsets: { gain: 0, gate: 4, up: 20 },
            hidden: 4,
            rows,
          }),
        ),
      );
      rows.tiles.dispose();
      const all = (value: number, count = 16) => new Array<number>(count).fill(value);
      expectNear(found.gate, all(1), 1e-5, 'gate');
      expectNear(found.up, all(2), 1e-5, 'up');
      expectNear(found.hidden, all(2 * silu(1)), 1e-5, 'hidden');
      expectNear(found.scale, all(0.5, 4), 1e-5, 'scale');
    });

    it.each(SHAPES)(
      'agrees with its composed form: %i sets, %i rows of %i tokens, %i to %i',
      async (sets, rows, tokens, width, hidden) => {
        const sizes = { sets, positions: rows * tokens, width, hidden };
        const x = wave(sets * sizes.positions * width, 0.1);
        const rowSets = evenRowSets(sets, rows);
        const found = await takeAll(
          tf.tidy(() => {
            const { weights, offsets } = parameters(sizes);
            const flatX = tf.tensor2d(x, [sets * sizes.positions, width]);
            return gatedMlp({ x: flatX, weights, offsets, hidden, rows: rowSets });
          }),
        );
        rowSets.tiles.dispose();
        const composed = await takeAll(
          tf.tidy(() => {
            const { gain, gate, up } = parameters(sizes);
            return gatedMlpComposed(tf.tensor3d(x, [sets, sizes.positions, width]), gain, gate, up);
          }),
        );
        expectNear(found.gate, composed.gate, 1e-5, 'gate');
        expectNear(found.up, composed.up, 1e-5, 'up');
        expectNear(found.hidden, composed.hidden, 1e-5, 'hidden');
        const scales = Float32Array.from({ length: sets * sizes.positions }, (_, p) => {
          const row = x.subarray(p * width, (p + 1) * width);
          return 1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / width + 1e-5);
        });
        expectNear(found.scale, scales, 1e-5, 'scale');
      },
    );

    it('keeps to the rows that have a set, and to each one’s own', async () => {
      // Twelve rows of two tokens: set 1, none, set 0; the weights of set 0 have diverged.
      const sizes = { sets: 2, positions: 24, width: 8, hidden: 12 };
      const rows: RowSets = { capacity: 12, tiles: tf.tensor1d([1, -1, 0], 'int32') };
      const x = wave(24 * 8, 0.4);
      const [found, composed] = await Promise.all(
        tf
          .tidy(() => {
            const { weights, offsets, gain, gate, up } = parameters(sizes);
            const diverged = tf.concat([tf.fill([1, weights.shape[1]], NaN), tf.slice(weights, [1, 0])]) as tf.Tensor2D;
            const flatX = tf.tensor2d(x, [24, 8]);
            const { hidden } = gatedMlp({ x: flatX, weights: diverged, offsets, hidden: 12, rows });
            const twice = tf.stack([flatX, flatX]) as tf.Tensor3D;
            return [hidden, gatedMlpComposed(twice, gain, gate, up).hidden];
          })
          .map(take),
      );
      rows.tiles.dispose();
      expectNear(found!.subarray(0, 8 * 12), composed!.subarray(24 * 12, 32 * 12), 1e-5);
      expect(found!.subarray(16 * 12).every(Number.isNaN)).toBe(true);
    });

    it('stays finite far out in both directions', async () => {
      // Gates of ±4000 and ups of 1.
      const rows = evenRowSets(1, 4);
      const matrix = (values: number[]) => values.flatMap((value) => [value, -value, value, -value]);
      const found = await takeAll(
        tf.tidy(() =>
          gatedMlp({
            x: tf.ones([4, 4]),
            weights: tf.tensor2d([[1, 1, 1, 1, ...matrix([1e3, 1e3, 1e3, 1e3]), ...new Array<number>(16).fill(0.25)]]),
            offsets: { gain: 0, gate: 4, up: 20 },
            hidden: 4,
            rows,
          }),
        ),
      );
      rows.tiles.dispose();
      expectNear(
        found.gate,
        [0, 1, 2, 3].flatMap(() => [4000, -4000, 4000, -4000]),
        1e-4,
      );
      expectNear(
        found.hidden,
        [0, 1, 2, 3].flatMap(() => [4000, 0, 4000, 0]),
        1e-4,
      );
    });
  });
});

describe('gatedMlpGradient', () => {
  forEachBackend(() => {
    it.each(SHAPES)(
      'agrees with tf.grads: %i sets, %i rows of %i tokens, %i from %i',
      async (sets, rows, tokens, width, hidden) => {
        const positions = rows * tokens;
        const wide = (phase: number) => wave(sets * positions * hidden, phase).map((x) => 4 * x);
        const [dx, gate, up] = [wave(sets * positions * width, 0.1), wide(0.7), wide(1.9)];
        const down = wave(sets * hidden * width, 1.1);
        const rowSets = evenRowSets(sets, rows);
        const found = await takeAll(
          tf.tidy(() =>
            gatedMlpGradient({
              dx: tf.tensor2d(dx, [sets * positions, width]),
              gate: tf.tensor2d(gate, [sets * positions, hidden]),
              up: tf.tensor2d(up, [sets * positions, hidden]),
              weights: tf.concat(
                [tf.fill([sets, 4], NaN), tf.tensor2d(down, [sets, hidden * width])],
                1,
              ) as tf.Tensor2D,
              offset: 4,
              rows: rowSets,
            }),
          ),
        );
        rowSets.tiles.dispose();
        const [dGate, dUp] = await Promise.all(
          tf
            .tidy(() => {
              const matrix = tf.tensor3d(down, [sets, hidden, width]);
              const forward = (g: tf.Tensor, u: tf.Tensor) => tf.matMul(tf.mul(tf.mul(g, tf.sigmoid(g)), u), matrix);
              const inputs = [gate, up].map((values) => tf.tensor3d(values, [sets, positions, hidden]));
              return tf.grads(forward)(inputs, tf.tensor3d(dx, [sets, positions, width]));
            })
            .map(take),
        );
        expectNear(found.dGate, dGate!, 1e-5, 'dGate');
        expectNear(found.dUp, dUp!, 1e-5, 'dUp');
      },
    );

    it('is 0 or the product’s own far out', async () => {
      const rows = evenRowSets(1, 4);
      const gates = [1000, -1000, 80, -80];
      const found = await takeAll(
        tf.tidy(() =>
          gatedMlpGradient({
            dx: tf.ones([4, 4]),
            gate: tf.tensor2d(
              gates.flatMap(() => gates),
              [4, 4],
            ),
            up: tf.fill([4, 4], 3),
            weights: tf.fill([1, 16], 0.25),
            offset: 0,
            rows,
          }),
        ),
      );
      rows.tiles.dispose();
      expectNear(
        found.dGate,
        gates.flatMap(() => [3, 0, 3, 0]),
        1e-6,
      );
      expectNear(
        found.dUp,
        gates.flatMap(() => [1000, 0, 80, 0]),
        1e-6,
      );
    });
  });
});
