import { causalAttentionComposed } from '../../../src/ops/causalAttention/composed';
import { rotaryTable } from '../../../src/ops/projectHeads/rotation';
import { rotateComposed } from '../../../src/ops/projectHeads/composed';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { causalAttention, causalAttentionGradient } from '../../../src/ops/causalAttention/causalAttention';
import { projectHeads } from '../../../src/ops/projectHeads/projectHeads';
import { evenRowSets } from '../../../src/ops/rowSets';
import { forEachBackend } from '../../support/backends';
import { expectNear, take, wave } from '../../support/numbers';

/** Sizes, and the first real position of each row: rows of padding but for their last token are among them. */
const SHAPES = [
  { count: 4, tokens: 1, heads: 1, head: 8, starts: [0, 0, 0, 0] },
  { count: 4, tokens: 5, heads: 3, head: 16, starts: [0, 1, 4, 2] },
  { count: 8, tokens: 7, heads: 2, head: 24, starts: [0, 3, 0, 1, 6, 2, 5, 0] },
] as const;

type Shape = (typeof SHAPES)[number];

const title = '$count rows of $tokens tokens, $heads heads of $head';

/** [M·T, D] → [M, H, T, d] */
const split = (x: tf.Tensor, { count, tokens, heads, head }: Omit<Shape, 'starts'>): tf.Tensor4D =>
  tf.transpose(tf.reshape(x, [count, tokens, heads, head]), [0, 2, 1, 3]);

/** [M, H, T, d] → [M, T, D] */
const join = (x: tf.Tensor4D): tf.Tensor3D =>
  tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [x.shape[0], x.shape[2], x.shape[1] * x.shape[3]]);

const int32 = (values: readonly number[]) => tf.tensor1d([...values], 'int32');

/** 0 before each row's start, 1 from it on. // [M·T, 1] */
const seen = ({ tokens, starts }: Shape) =>
  tf.tensor2d(
    starts.flatMap((start) => Array.from({ length: tokens }, (_, t) => Number(t >= start))),
    [starts.length * tokens, 1],
  );

/** Unrotated queries, keys and values. // each [M·T, D] */
function inputs({ count, tokens, heads, head }: Shape, size = 1) {
  const each = (phase: number) =>
    tf.mul(
      tf.tensor2d(wave(count * tokens * heads * head, phase), [count * tokens, heads * head]),
      size,
    ) as tf.Tensor2D;
  return { q: each(0.1), k: each(0.6), v: each(1.3) };
}

/** What `projectHeads` would leave. */
function rotated(shape: Shape, { q, k, v }: ReturnType<typeof inputs>) {
  const table = rotaryTable(shape.tokens, shape.head, 10_000);
  const turn = (x: tf.Tensor2D) => join(rotateComposed(split(x, shape), table));
  const [count, width] = q.shape;
  const values = tf.reshape(v, [shape.count, shape.tokens, width]);
  return {
    q: tf.reshape(turn(q), [count, width]) as tf.Tensor2D,
    kv: tf.stack([turn(k), values], 2) as tf.Tensor4D,
    table,
  };
}

const composed = (shape: Shape, q: tf.Tensor, k: tf.Tensor, v: tf.Tensor): tf.Tensor =>
  join(
    causalAttentionComposed(
      rotateComposed(split(q, shape), rotaryTable(shape.tokens, shape.head, 10_000)),
      rotateComposed(split(k, shape), rotaryTable(shape.tokens, shape.head, 10_000)),
      split(v, shape),
      int32(shape.starts),
    ),
  );

describe('causalAttention', () => {
  forEachBackend(() => {
    it('looks from the row’s start to the own position', async () => {
      // One head of 8, two tokens; all scores 0, so that a query averages its values: 1, then 3. Rows start at 0, 1, 2, 0.
      const { out, statistics } = tf.tidy(() => {
        const kv = tf.tile(tf.reshape(tf.tensor1d([0, 1, 0, 3]), [1, 2, 2, 1]), [4, 1, 1, 8]) as tf.Tensor4D;
        const starts = int32([0, 1, 2, 0]);
        return causalAttention({ q: tf.ones([8, 8]), kv, starts, rows: evenRowSets(1, 4), heads: 1, first: 0 });
      });
      const [found, sums] = [await take(out), await take(statistics)];
      expectNear(
        found,
        [1, 2, 0, 3, 0, 0, 1, 2].flatMap((x) => new Array<number>(8).fill(x)),
        1e-6,
      );
      const logs = sums.filter((_, i) => i % 2 === 0);
      expectNear(logs, [0, Math.log(2), 0, 0, 0, 0, 0, Math.log(2)], 1e-6);
    });

    it('picks the largest of scores up to ±10⁸', async () => {
      // One head of 8. Row 0: a key along q, then one against it; row 1: both against it, the second less so.
      const { out, statistics } = tf.tidy(() => {
        const keys = [1e4, -1e4, -1e4, -9e3, 0, 0, 0, 0];
        const rows = keys.map((key, i) => [new Array<number>(8).fill(key), new Array<number>(8).fill(i + 1)]);
        const kv = tf.tensor(rows.flat(2), [4, 2, 2, 8]) as tf.Tensor4D;
        const q = tf.fill([8, 8], 1e4) as tf.Tensor2D;
        return causalAttention({ q, kv, starts: int32([0, 0, 0, 0]), rows: evenRowSets(1, 4), heads: 1, first: 0 });
      });
      const [found, sums] = [await take(out), await take(statistics)];
      expectNear(
        found,
        [1, 1, 3, 4, 5, 5.5, 7, 7.5].flatMap((x) => new Array<number>(8).fill(x)),
        1e-6,
      );
      const unit = 1e8 * Math.sqrt(8);
      expect(sums[2]! / unit).toBeCloseTo(1, 5);
      expect(sums[6]! / unit).toBeCloseTo(-0.9, 5);
    });

    it('skips rows without a set', async () => {
      const held = tf.tidy(() => {
        const q = tf.tensor2d([...new Float32Array(32).fill(NaN), ...new Float32Array(32).fill(1)], [8, 8]);
        const rows = { capacity: 8, tiles: int32([-1, 0]) };
        const { out } = causalAttention({
          q,
          kv: tf.ones([8, 1, 2, 8]),
          starts: int32(new Array<number>(8).fill(0)),
          rows,
          heads: 1,
          first: 0,
        });
        return out;
      });
      expect([...(await take(held)).subarray(32)]).toEqual(new Array(32).fill(1));
    });

    it.each(SHAPES)(`agrees with its composed form: ${title}`, async (shape) => {
      const found = tf.tidy(() => {
        const { q, kv } = rotated(shape, inputs(shape));
        const rows = evenRowSets(1, shape.count);
        return causalAttention({ q, kv, starts: int32(shape.starts), rows, heads: shape.heads, first: 0 });
      });
      found.statistics.dispose();
      const expected = tf.tidy(() => {
        const { q, k, v } = inputs(shape);
        return tf.mul(tf.reshape(composed(shape, q, k, v), q.shape), seen(shape));
      });
      expectNear(await take(found.out), await take(expected), 1e-5);
    });

    it('gives the same for tokens at once and one at a time into one cache', async () => {
      const [count, tokens, heads, width] = [4, 5, 2, 16];
      const results = tf.tidy(() => {
        const x = tf.tensor3d(wave(count * tokens * width, 0.3), [count, tokens, width]);
        const size = width + 3 * width * width;
        const weights = tf.tensor2d(wave(size, 0.8), [1, size]);
        const offsets = { gain: 0, query: width, key: width + width * width, value: width + 2 * width * width };
        const rows = evenRowSets(1, count);
        const table = rotaryTable(tokens, width / heads, 10_000);
        const starts = int32([0, 2, 1, 4]);
        const attend = (input: tf.Tensor, kv: tf.Tensor4D, first: number) => {
          const flat = tf.reshape(input, [-1, width]) as tf.Tensor2D;
          const { q } = projectHeads({ x: flat, kv, table, weights, offsets, rows, heads, first });
          const { out } = causalAttention({ q, kv, starts, rows, heads, first });
          return tf.reshape(out, [count, -1, width]);
        };
        const cache = () => tf.fill([count, tokens, 2, width], 1e6) as tf.Tensor4D;
        const [whole, stepwise] = [cache(), cache()];
        const steps = Array.from({ length: tokens }, (_, t) =>
          attend(tf.slice(x, [0, t, 0], [-1, 1, -1]), stepwise, t),
        );
        return { atOnce: attend(x, whole, 0), byOne: tf.concat(steps, 1), whole, stepwise };
      });
      const [atOnce, byOne] = [await take(results.atOnce), await take(results.byOne)];
      const [whole, stepwise] = [await take(results.whole), await take(results.stepwise)];
      expectNear(stepwise, whole, 1e-6, 'cache');
      expectNear(byOne, atOnce, 1e-6, 'out');
      expect(Math.max(...atOnce.map(Math.abs))).toBeGreaterThan(0.1);
    });
  });
});

describe('causalAttentionGradient', () => {
  forEachBackend(() => {
    const gradients = (shape: Shape, x: ReturnType<typeof inputs>, dOut: tf.Tensor2D) => {
      const { q, kv, table } = rotated(shape, x);
      const common = { q, kv, starts: int32(shape.starts), rows: evenRowSets(1, shape.count), heads: shape.heads };
      const { out, statistics } = causalAttention({ ...common, first: 0 });
      const { dq, dkv } = causalAttentionGradient({ ...common, out, dOut, statistics, table });
      const [dk, dv] = tf.unstack(dkv, 1) as [tf.Tensor, tf.Tensor];
      return { dq, dk, dv };
    };

    it('gives the gradients of one token and of two equal scores', async () => {
      // q = 0, so that all scores are 0; v = 1, then 3. dOut = 1 on the second queries alone.
      const shape = { ...SHAPES[0], tokens: 2, starts: [0, 1, 0, 0] } as unknown as Shape;
      const { dq, dk, dv } = tf.tidy(() => {
        const rows = (first: number, second: number) =>
          tf.tile(tf.reshape(tf.tensor1d([first, second]), [1, 2, 1]), [4, 1, 8]);
        const flat = (x: tf.Tensor) => tf.reshape(x, [8, 8]) as tf.Tensor2D;
        const x = { q: tf.zeros([8, 8]) as tf.Tensor2D, k: tf.ones([8, 8]) as tf.Tensor2D, v: flat(rows(1, 3)) };
        return gradients(shape, x, flat(rows(0, 1)));
      });
      const [foundQ, foundK, foundV] = [await take(dq), await take(dk), await take(dv)];
      // Row 0: weights ½ and ½, so the scores' gradients are ½·(8·1 − 16) = −4 and 4. Row 1's second query sees itself alone.
      expectNear(
        foundV.subarray(0, 32),
        [...new Array<number>(24).fill(0.5).fill(0, 16), ...new Array<number>(8).fill(1)],
        1e-6,
      );
      expect(Math.max(...foundK.map(Math.abs))).toBe(0);
      expect([...foundQ.subarray(0, 8), ...foundQ.subarray(16, 24)].map(Math.abs)).toEqual(new Array(16).fill(0));
      // dq = 4·(k₁ − k₀)/√8, where key 0, turned back by position 1, has turned by −10^(−i) in pair i.
      const turn = (i: number) => [Math.cos(10 ** -i), Math.sin(10 ** -i)] as const;
      const expected = [0, 1, 2, 3].map((i) => 1 - (turn(i)[0] + turn(i)[1]));
      const others = [0, 1, 2, 3].map((i) => 1 - (turn(i)[0] - turn(i)[1]));
      expectNear(
        foundQ.subarray(8, 16),
        [...expected, ...others].map((x) => (4 / Math.sqrt(8)) * x),
        1e-5,
      );
      // Alone, its score is without effect.
      expectNear(foundQ.subarray(24, 32), new Array<number>(8).fill(0), 1e-5);
    });

    it.each(SHAPES)(`agrees with the gradients of the composed form: ${title}`, async (shape) => {
      const dOut = () =>
        tf.tensor2d(wave(shape.count * shape.tokens * shape.heads * shape.head, 2), [
          shape.count * shape.tokens,
          shape.heads * shape.head,
        ]);
      const found = tf.tidy(() => gradients(shape, inputs(shape, 1.5), dOut()));
      const expected = tf.tidy(() => {
        const { q, k, v } = inputs(shape, 1.5);
        // What a query before its row's start gets has no meaning, nor has its gradient.
        const weights = tf.mul(dOut(), seen(shape));
        return tf.grads((...x: tf.Tensor[]) =>
          tf.sum(tf.mul(tf.reshape(composed(shape, x[0]!, x[1]!, x[2]!), q.shape), weights)),
        )([q, k, v]);
      });
      const wanted = await Promise.all(expected.map(take));
      expectNear(await take(found.dv), wanted[2]!, 1e-5, 'dv');
      expectNear(await take(found.dk), wanted[1]!, 2e-5, 'dk');
      expectNear(await take(found.dq), wanted[0]!, 2e-5, 'dq');
    });

    it('is finite at scores of ±10³', async () => {
      const shape = SHAPES[1];
      const found = tf.tidy(() => gradients(shape, inputs(shape, 25), tf.ones([20, 48])));
      for (const values of await Promise.all([found.dq, found.dk, found.dv].map(take))) {
        expect(values.every(Number.isFinite)).toBe(true);
      }
    });
  });
});
