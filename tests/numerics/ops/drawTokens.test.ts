import { drawTokensComposed } from '../../../src/ops/drawTokens/composed';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { entropy, klDivergence, logSoftmax } from '../../../src/math/logits';
import { drawTokens } from '../../../src/ops/drawTokens/drawTokens';
import { inTidy } from '../../../src/ops/inTidy';
import { drawBits, drawToken, type TokenAddress } from '../../../src/ops/drawTokens/draw';
import { forEachBackend } from '../../support/backends';
import { expectNear, take, wave } from '../../support/numbers';

const [POLICY, REFERENCE, BOTH] = [1, 2, 3];

interface CompletionRow {
  readonly policy: Float32Array; // [V]
  readonly reference: Float32Array; // [V]
  /** Which of the two have a model row. */
  readonly models: number;
  readonly a: number;
  readonly scale: number;
}

interface Draws {
  readonly seeds: readonly number[];
  readonly rows: CompletionRow[][]; // [R][B/R]
  readonly address: TokenAddress;
}

const ADDRESS: TokenAddress = { stream: 2, step: 1234, token: 7 };
/** Others of the runs' rows have been drawn before. */
const FIRST_ROW = 5;

/** Draws with logits, coefficients, temperatures and models that differ from row to row. */
function someDraws(seeds: readonly number[], rows: number, vocabulary: number, models?: number): Draws {
  const row = (run: number, b: number): CompletionRow => {
    const a = [0, -1, 0.1, -0.5, 2][(run + b) % 5]!;
    return {
      policy: wave(vocabulary, 31 * run + b).map((x) => 3 * x),
      reference: wave(vocabulary, 17 * run + b + 0.4).map((x) => 2 * x),
      models: models ?? (a === 0 ? POLICY : a === -1 ? REFERENCE : BOTH)!,
      a,
      scale: [1, 1, 0.7, 2, 0][(run + 2 * b) % 5]!,
    };
  };
  const rowsOf = (run: number) => Array.from({ length: rows }, (_, b) => row(run, b));
  return { seeds, rows: seeds.map((_, run) => rowsOf(run)), address: ADDRESS };
}

/** Model rows in an order of their own, with a row of rubbish between any two. */
function placed({ rows }: Draws): { logits: Float32Array; places: Int32Array } {
  const flat = rows.flat();
  const vocabulary = flat[0]!.policy.length;
  const places = new Int32Array(2 * flat.length).fill(-1);
  const logits: number[] = [];
  flat.forEach(({ policy, reference, models }, i) => {
    for (const [bit, model, values] of [
      [REFERENCE, 1, reference],
      [POLICY, 0, policy],
    ] as const) {
      if (!(models & bit!)) continue;
      places[model * flat.length + i] = logits.length / vocabulary;
      logits.push(...values, ...new Array<number>(vocabulary).fill(77));
    }
  });
  return { logits: Float32Array.from(logits), places };
}

const settingsOf = ({ seeds, rows }: Draws) => {
  const flat = rows.flat();
  const shape: [number, number, number] = [2, seeds.length, flat.length / seeds.length];
  return tf.tensor3d([...flat.map(({ a }) => a), ...flat.map(({ scale }) => scale)], shape);
};

const UNWRITTEN = -5;

/** On the current backend: everything that is written, for the two tokens up to the address's. */
async function drawn(draws: Draws, measured = false) {
  const { stream, step, token } = draws.address;
  const { logits, places } = placed(draws);
  const count = draws.rows.flat().length;
  const capacity = logits.length / draws.rows[0]![0]!.policy.length;
  const outputs = inTidy(() => {
    const fill = (shape: number[], dtype: 'float32' | 'int32') => tf.fill(shape, UNWRITTEN, dtype);
    const written = {
      tokens: fill([token + 1, count], 'int32') as tf.Tensor2D,
      next: fill([capacity], 'int32') as tf.Tensor1D,
      logProbs: fill([token + 1, 2, count], 'float32') as tf.Tensor3D,
      measures: measured ? (fill([token + 1, 2, count], 'float32') as tf.Tensor3D) : null,
    };
    const { tokens: drawn, ...readings } = written;
    const draw = {
      logits: tf.tensor2d(logits, [capacity, logits.length / capacity]),
      modelRows: tf.tensor2d(places, [2, count], 'int32'),
      settings: settingsOf(draws),
      seeds: tf.tensor1d(
        Int32Array.from([...draws.seeds, step, FIRST_ROW], (value) => value | 0),
        'int32',
      ),
      tokens: drawn,
      stream,
      token,
    };
    drawTokens(draw, readings);
    return written;
  });
  const [tokens, next, logProbs] = [await take(outputs.tokens), await take(outputs.next), await take(outputs.logProbs)];
  const measures = outputs.measures ? [...(await take(outputs.measures))] : [];
  // Nothing but this token is touched.
  const earlier = [
    ...tokens.subarray(0, -count),
    ...logProbs.subarray(0, -2 * count),
    ...measures.slice(0, -2 * count),
  ];
  expect(earlier.every((x) => x === UNWRITTEN)).toBe(true);
  return {
    places,
    tokens: [...tokens.subarray(-count)],
    next: [...next],
    logProbs: [...logProbs.subarray(-2 * count)],
    measures: measures.slice(-2 * count),
  };
}

/** Logits that a completion row draws from, as policy and reference: the only model twice where it has one. */
function sources({ policy, reference, models, a }: CompletionRow): [Float32Array, Float32Array, number] {
  if (models === BOTH) return [policy, reference, a];
  const only = models === POLICY ? policy : reference;
  return [only, only, 0];
}

/** One by one, in plain TypeScript. // [B] */
const drawnAlone = ({ seeds, rows, address }: Draws): number[] =>
  seeds.flatMap((seed, run) =>
    rows[run]!.map((row, b) => {
      const [policy, reference, a] = sources(row);
      const bits = new Uint32Array(policy.length);
      drawBits(bits, seed, FIRST_ROW + b, address);
      const both = Float32Array.from([...policy, ...reference]);
      return drawToken(both, 0, policy.length, Math.fround(a), Math.fround(row.scale), bits);
    }),
  );

/** In stock ops. // [B] */
const drawnComposed = async (draws: Draws): Promise<number[]> => {
  const flat = draws.rows.flat().map(sources);
  const tokens = tf.tidy(() => {
    const logits = tf.tensor3d([flat.map(([policy]) => [...policy]), flat.map(([, reference]) => [...reference])]);
    const { seeds, address } = draws;
    const request = { settings: settingsOf(draws), seeds, ...address, firstRow: FIRST_ROW };
    return drawTokensComposed(logits, request, address.token);
  });
  return [...(await take(tokens))];
};

/** Log softmax in stock ops. // [B][V] */
const logSoftmaxOf = async (rows: readonly Float32Array[]): Promise<Float32Array[]> => {
  const flat = await take(tf.tidy(() => tf.logSoftmax(tf.tensor2d(rows.map((row) => [...row])))));
  const vocabulary = rows[0]!.length;
  return rows.map((_, i) => flat.subarray(i * vocabulary, (i + 1) * vocabulary));
};

const mismatches = (found: readonly number[], expected: readonly number[]) =>
  expected.flatMap((token, i) => (token === found[i] ? [] : [{ i, token, found: found[i] }]));

describe('drawTokens', () => {
  forEachBackend(() => {
    // With float32 scores two entries may tie within 1e-6, about once in a million draws: none in these.
    it.each([
      [21, 100],
      [192, 40],
      [2000, 12],
      [193, 3],
      [1, 5],
      [257, 12],
    ])('equals the plain TypeScript draws and its composed form, V = %i, three runs of %i rows', async (V, rows) => {
      const draws = someDraws([0, 41, 7], rows, V);
      const { tokens } = await drawn(draws);
      expect(mismatches(tokens, drawnAlone(draws))).toEqual([]);
      expect(mismatches(tokens, await drawnComposed(draws))).toEqual([]);
      if (V > 1) expect(new Set(tokens).size).toBeGreaterThan(2);
    });

    it('hands the token to all model rows of its completion row, and to no other', async () => {
      const draws = someDraws([3, 4], 6, 21);
      const { places, tokens, next } = await drawn(draws);
      const expected = new Array<number>(next.length).fill(UNWRITTEN);
      places.forEach((place, i) => {
        if (place >= 0) expected[place] = tokens[i % tokens.length]!;
      });
      expect(next).toEqual(expected);
    });

    it.each([21, 193, 2000, 1])('writes the token’s log-probs under the models that are there, V = %i', async (V) => {
      const draws = someDraws([0, 41], 7, V);
      const rows = draws.rows.flat();
      const { tokens, logProbs } = await drawn(draws);
      const policy = await logSoftmaxOf(rows.map((row) => row.policy));
      const reference = await logSoftmaxOf(rows.map((row) => row.reference));
      const expected = [policy, reference].flatMap((table, model) =>
        rows.map(({ models }, i) => (models & (1 << model) ? table[i]![tokens[i]!]! : UNWRITTEN)),
      );
      expectNear(logProbs, expected, 1e-6);
    });

    it('draws the same whether or not it measures', async () => {
      const draws = someDraws([9, 2], 5, 21, BOTH);
      const { measures: _, ...plain } = await drawn(draws);
      const { measures: __, ...measured } = await drawn(draws, true);
      expect(measured).toEqual(plain);
    });

    it.each([21, 192, 2000, 1])('measures KL and entropy over the whole vocabulary, V = %i', async (V) => {
      const draws = someDraws([0, 41], 5, V, BOTH);
      const rows = draws.rows.flat();
      const { measures } = await drawn(draws, true);
      const [p, q] = [rows.map((row) => logSoftmax(row.policy)), rows.map((row) => logSoftmax(row.reference))];
      const exact = [...p.map((logP, i) => klDivergence(logP, q[i]!)), ...p.map(entropy)];
      expectNear(measures, exact, 1e-5);
      const composed = tf.tidy(() => {
        const table = (of: (row: CompletionRow) => Float32Array) =>
          tf.logSoftmax(tf.tensor2d(rows.map((row) => [...of(row)])));
        const [logP, logQ] = [table((row) => row.policy), table((row) => row.reference)];
        const mean = (values: tf.Tensor) => tf.sum(tf.mul(tf.exp(logP), values), 1);
        return tf.concat([mean(tf.sub(logP, logQ)), mean(tf.neg(logP))]);
      });
      expectNear(measures, await take(composed), 1e-5);
    });

    it('measures no KL between equals and no entropy of a certainty, masked entries included', async () => {
      const certain = Float32Array.from([1e4, -1e4, -1e9]);
      const open = Float32Array.from([2, 2, -1e9]);
      const row = { models: BOTH, a: 0, scale: 1 };
      const draws: Draws = {
        seeds: [1],
        rows: [
          [
            { ...row, policy: certain, reference: certain },
            { ...row, policy: open, reference: open },
            { ...row, policy: certain, reference: open },
          ],
        ],
        address: { stream: 2, step: 0, token: 0 },
      };
      const { measures, logProbs } = await drawn(draws, true);
      expectNear(measures, [0, 0, Math.log(2), 0, Math.log(2), 0], 1e-6);
      expectNear(logProbs, [0, Math.log(0.5), 0, 0, Math.log(0.5), Math.log(0.5)], 1e-6);
    });

    it('does not depend on the rows and runs beside them', async () => {
      const large = someDraws([5, 6, 9], 7, 21);
      const { tokens: all } = await drawn(large);
      const small = await drawn({ ...large, rows: large.rows.map((rows) => rows.slice(0, 3)) });
      expect(small.tokens).toEqual(all.filter((_, i) => i % 7 < 3));
      for (const [run, seed] of large.seeds.entries()) {
        const alone = await drawn({ ...large, seeds: [seed], rows: [large.rows[run]!] });
        expect(alone.tokens, `run ${run} alone`).toEqual(all.slice(7 * run, 7 * run + 7));
      }
    });

    it('takes seeds up to 2³² − 1, and runs that share one', async () => {
      const draws = someDraws([2 ** 31 - 1, 2 ** 31, 2 ** 31 + 12345, 2 ** 32 - 1, 2 ** 31], 20, 21);
      expect((await drawn(draws)).tokens).toEqual(drawnAlone(draws));
    });

    it('changes with every part of the address', async () => {
      const flat = (address: TokenAddress, seed = 3): Draws => {
        const zeros = new Float32Array(32);
        const row = { policy: zeros, reference: zeros, models: BOTH!, a: 0.5, scale: 1 };
        return { seeds: [seed], rows: [Array.from({ length: 64 }, () => row)], address };
      };
      const { tokens: base } = await drawn(flat(ADDRESS));
      for (const other of [
        flat({ ...ADDRESS, stream: 4 }),
        flat({ ...ADDRESS, step: 1235 }),
        flat({ ...ADDRESS, token: 8 }),
        flat(ADDRESS, 4),
      ]) {
        const { tokens } = await drawn(other);
        // Of 64 draws from 32 equal entries, two would agree by chance.
        expect(tokens.filter((token, i) => token === base[i]).length).toBeLessThan(12);
      }
      expect((await drawn(flat(ADDRESS))).tokens).toEqual(base);
    });

    /** The tokens that turn up in 150 draws of one row. */
    async function seen(policy: number[], reference: number[], a: number, scale: number, models = BOTH) {
      const row = {
        policy: Float32Array.from(policy),
        reference: Float32Array.from(reference),
        models: models!,
        a,
        scale,
      };
      const address = { stream: 2, step: 5, token: 1 };
      const { tokens } = await drawn({ seeds: [11], rows: [Array.from({ length: 150 }, () => row)], address });
      return [...new Set(tokens)].sort((x, y) => x - y);
    }

    it('draws the only token there is', async () => {
      expect(await seen([3], [-1], 0.5, 1)).toEqual([0]);
    });

    it('follows the logits at their extremes', async () => {
      expect(await seen([-1e4, 1e4, 0], [0, 0, 0], 0, 1)).toEqual([1]);
      expect(await seen([0, -1e9, 0], [0, 0, 0], 0, 1, POLICY)).toEqual([0, 2]);
      const masked = await seen([-1e9, -1e9, -1e9], [-1e9, -1e9, -1e9], 1, 1);
      expect(masked.every((token) => token >= 0 && token < 3)).toBe(true);
    });

    it('interpolates: a = −1 is the reference, a = 1 leads away from it; one model takes no a', async () => {
      expect(await seen([50, 0, 0], [0, 0, 50], -1, 1)).toEqual([2]);
      expect(await seen([50, 0, 0], [0, 0, 50], -1, 1, REFERENCE)).toEqual([2]);
      expect(await seen([50, 30, 0], [80, 0, 0], 1, 1)).toEqual([1]);
      expect(await seen([50, 30, 0], [80, 0, 0], 1, 1, POLICY)).toEqual([0]);
    });

    it('draws from everything at scale 0, and from the likeliest only when cold', async () => {
      expect(await seen([9, 0, -9, 0], [0, 0, 0, 0], 0, 0)).toEqual([0, 1, 2, 3]);
      expect(await seen([9, 0, -9, 0], [0, 0, 0, 0], 0, 20)).toEqual([0]);
    });
  });
});
