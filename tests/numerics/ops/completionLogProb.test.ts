import {
  assembleTokensComposed,
  completionLogProbsComposed,
  scatterLogProbsComposed,
} from '../../../src/ops/completionLogProb/composed';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { logSoftmax } from '../../../src/math/logits';
import {
  assembleTokens,
  completionLogProbs,
  scatterLogProbs,
  turnIntoLogitGradient,
} from '../../../src/ops/completionLogProb/completionLogProb';
import { forEachBackend } from '../../support/backends';
import { expectNear, take, wave } from '../../support/numbers';

const ids = (values: Iterable<number>, shape: [number, number]) => tf.tensor2d(Int32Array.from(values), shape, 'int32');

/** Fixed ids that hit every entry and repeat some. */
const someIds = (count: number, entries: number) => Int32Array.from({ length: count }, (_, i) => (i * 7 + 3) % entries);

/** A tensor's numbers; the tensor stays. */
const read = async (tensor: tf.Tensor) => [...(await tensor.data())];

/** Rows of logits at the ends of what occurs, with the token asked for. */
const EXTREME: readonly { logits: number[]; token: number }[] = [
  { logits: [1e4, 1e4 - 1, -1e4, 0], token: 1 },
  { logits: [-1e4, -1e4 + 1, -1e4, -1e4], token: 0 },
  { logits: [7, 7, 7, 7], token: 3 },
  { logits: [0.5, -1e9, 0.5, 0.5], token: 2 }, // a masked entry
  { logits: [0.5, -1e9, 0.5, 0.5], token: 1 },
  { logits: [-1e9, -1e9, -1e9, -1e9], token: 2 }, // nothing but masked entries
];

const SHAPES: readonly [number, number, number][] = [
  [4, 1, 1],
  [4, 3, 193],
  [8, 5, 21],
  [4, 64, 2000],
];

describe('completionLogProbs', () => {
  forEachBackend(() => {
    const logProbs = (logits: Iterable<number>, vocabulary: number, tokens: Int32Array, op = completionLogProbs) =>
      take(
        tf.tidy(() =>
          op(tf.tensor2d(Float32Array.from(logits), [tokens.length, vocabulary]), ids(tokens, [1, tokens.length])),
        ),
      );

    it('is log p of the token', async () => {
      const found = await logProbs([0, Math.log(3), 5, 5], 2, Int32Array.from([1, 0]));
      expectNear(found, [Math.log(0.75), Math.log(0.5)], 1e-6);
    });

    it.each(SHAPES)('agrees with its composed form: %i rows of %i tokens, V = %i', async (rows, length, vocabulary) => {
      const logits = wave(rows * length * vocabulary).map((x) => 8 * x);
      const tokens = someIds(rows * length, vocabulary);
      const composed = await logProbs(logits, vocabulary, tokens, completionLogProbsComposed);
      expectNear(await logProbs(logits, vocabulary, tokens), composed, 1e-6);
    });

    it('stays accurate at extreme logits', async () => {
      const tokens = Int32Array.from(EXTREME, ({ token }) => token);
      const flat = EXTREME.flatMap(({ logits }) => logits);
      for (const op of [completionLogProbs, completionLogProbsComposed]) {
        const found = await logProbs(flat, 4, tokens, op);
        EXTREME.forEach(({ logits, token }, i) => {
          const expected = logSoftmax(logits)[token]!;
          expect(Math.abs(found[i]! - expected), `row ${i}`).toBeLessThanOrEqual(1e-6 * Math.abs(expected));
        });
      }
    });
  });
});

describe('turnIntoLogitGradient', () => {
  forEachBackend(() => {
    /** Slopes and mask per row and position. */
    async function gradient(
      logits: Iterable<number>,
      vocabulary: number,
      tokens: Int32Array,
      mask: readonly number[],
      slopes: readonly number[],
    ): Promise<number[]> {
      const shape: [number, number] = [slopes.length, tokens.length / slopes.length];
      const inPlace = tf.tensor2d(Float32Array.from(logits), [tokens.length, vocabulary]);
      tf.tidy(() =>
        turnIntoLogitGradient(inPlace, ids(tokens, shape), tf.tensor2d([...mask], shape), tf.tensor1d([...slopes])),
      );
      const found = await read(inPlace);
      inPlace.dispose();
      return found;
    }

    it('is slope · (one-hot − softmax)', async () => {
      const found = await gradient([0, Math.log(3), 5, 5], 2, Int32Array.from([1, 0]), [1, 1], [2, -3]);
      expectNear(found, [-0.5, 0.5, -1.5, 1.5], 1e-6);
    });

    it.each(SHAPES)('agrees with tf.grad of the composed form: %i × %i, V = %i', async (rows, length, vocabulary) => {
      const positions = rows * length;
      const logits = wave(positions * vocabulary).map((x) => 8 * x);
      const tokens = someIds(positions, vocabulary);
      const mask = Array.from({ length: positions }, (_, i) => (i % 5 === 4 ? 0 : 1));
      const slopes = [...wave(rows, 0.4)];
      const composed = await take(
        tf.tidy(() => {
          const weights = tf.mul(tf.tensor2d(mask, [rows, length]), tf.tensor2d(slopes, [rows, 1]));
          return tf.grad((x) =>
            tf.sum(tf.mul(weights, completionLogProbsComposed(x as tf.Tensor2D, ids(tokens, [rows, length])))),
          )(tf.tensor2d(logits, [positions, vocabulary]));
        }),
      );
      expectNear(await gradient(logits, vocabulary, tokens, mask, slopes), composed, 1e-5);
    });

    it('is nothing but zeros where masked, whatever lies there, and finite at extreme logits', async () => {
      const masked = await gradient(
        [NaN, 1, Infinity, 3, 4, NaN, 1, 2],
        2,
        Int32Array.from([0, 1, 1, 0]),
        [0, 1, 0, 1],
        [0, NaN],
      );
      expect(masked.slice(0, 6).every((x) => x === 0)).toBe(true);
      const tokens = Int32Array.from(EXTREME, ({ token }) => token);
      const ones = EXTREME.map(() => 1);
      const flat = EXTREME.flatMap(({ logits }) => logits);
      const expected = EXTREME.flatMap(({ logits, token }) =>
        [...logSoftmax(logits)].map((x, v) => (v === token ? 1 : 0) - Math.exp(x)),
      );
      expectNear(await gradient(flat, 4, tokens, ones, ones), expected, 1e-6);
    });
  });
});

/** Three completion rows of C tokens; a pass over four rows, one of them empty. */
const SLOTS = [4, -1, 0, 5];

describe('scatterLogProbs', () => {
  forEachBackend(() => {
    it.each([
      [1, 1, 3],
      [3, 3, 21],
      [4, 5, 193],
      [64, 3, 2000],
    ])('agrees with its composed form, C = %i, B = %i, V = %i', async (length, rows, vocabulary) => {
      const slots = rows === 1 ? [1, -1, -1, 0] : SLOTS;
      const call = () => ({
        logits: tf.tensor2d(
          wave(4 * length * vocabulary).map((x) => 8 * x),
          [4 * length, vocabulary],
        ),
        tokens: ids(someIds(length * rows, vocabulary), [length, rows]),
        slots: tf.tensor1d(Int32Array.from(slots), 'int32'),
        logProbs: tf.fill([length, 2, rows], 9) as tf.Tensor3D,
      });
      const found = await take(
        tf.tidy(() => {
          const inPlace = call();
          scatterLogProbs(inPlace);
          return inPlace.logProbs;
        }),
      );
      expectNear(found, await take(tf.tidy(() => scatterLogProbsComposed(call()))), 1e-6);
      const written = new Set(slots.filter((slot) => slot >= 0));
      found.forEach((x, i) => expect(x === 9, `place ${i}`).toBe(!written.has(i % (2 * rows))));
    });

    it('is log p of each row’s own tokens', async () => {
      // Two tokens of two rows; the reference on row 0, the policy on row 1.
      const third = Math.log(3);
      const logProbs = tf.zeros([2, 2, 2]) as tf.Tensor3D;
      tf.tidy(() =>
        scatterLogProbs({
          logits: tf.tensor2d([0, third, third, 0, 0, 0, 0, third], [4, 2]),
          tokens: ids([1, 0, 0, 1], [2, 2]),
          slots: tf.tensor1d(Int32Array.from([2, 1]), 'int32'),
          logProbs,
        }),
      );
      const [a, half] = [Math.log(0.75), Math.log(0.5)];
      expectNear(await take(logProbs), [0, half, a, 0, 0, a, a, 0], 1e-6);
    });
  });
});

describe('assembleTokens', () => {
  forEachBackend(() => {
    const call = (length: number, promptLength: number) => ({
      prompts: ids(
        Array.from({ length: 3 * promptLength }, (_, i) => 100 + i),
        [3, promptLength],
      ),
      tokens: ids(
        Array.from({ length: 3 * length }, (_, i) => 1 + i),
        [length, 3],
      ),
      slots: tf.tensor1d(Int32Array.from(SLOTS), 'int32'),
    });

    it('joins each row’s prompt and its tokens but the last', async () => {
      const found = tf.tidy(() => assembleTokens(call(3, 2)));
      expect(found.shape).toEqual([4, 4]);
      expect(found.dtype).toBe('int32');
      // Row 1 as the reference, none, row 0 as the policy, row 2 as the reference.
      expect([...(await take(found))]).toEqual([102, 103, 2, 5, 0, 0, 0, 0, 100, 101, 1, 4, 104, 105, 3, 6]);
    });

    it.each([
      [1, 1],
      [1, 5],
      [6, 1],
      [5, 7],
    ])('equals its composed form, C = %i, %i prompt tokens', async (length, promptLength) => {
      const [found, composed] = [assembleTokens, assembleTokensComposed].map((op) =>
        take(tf.tidy(() => op(call(length, promptLength)))),
      );
      expect(await found).toEqual(await composed);
    });
  });
});
