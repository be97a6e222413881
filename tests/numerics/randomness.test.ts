import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { philox4x32 } from '../../src/math/philox';
import { defineKernel } from '../../src/ops/device/kernel';
import { emptyTensor, launch } from '../../src/ops/device/launch';
import { drawBits, drawToken, type TokenAddress } from '../../src/ops/drawTokens/draw';
import { drawTokens } from '../../src/ops/drawTokens/drawTokens';
import { philoxWgsl } from '../../src/ops/drawTokens/philoxWgsl';
import { forEachBackend } from '../support/backends';
import { take, wave } from '../support/numbers';

type Block = readonly [c0: number, c1: number, c2: number, c3: number, k0: number, k1: number];

/** kat_vectors of Random123, lines "philox4x32 10": counter, key; output. */
const PUBLISHED: readonly { readonly input: Block; readonly output: readonly number[] }[] = [
  { input: [0, 0, 0, 0, 0, 0], output: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    input: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    output: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    input: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0],
    output: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

/** Philox of many blocks by the text that our kernels include, one thread a block. */
const PHILOX = defineKernel({
  name: 'PhiloxTest',
  inputs: { blocks: 'i32' },
  outputs: { result: 'i32' },
  constants: [],
  attributes: [],
  threads: (_, { result }) => result / 4,
  code: /* wgsl */ `
${philoxWgsl}
fn word(at: i32) -> u32 { return bitcast<u32>(blocks[at]); }
fn compute(index: i32) {
  let at = index * 6;
  let counter = vec4<u32>(word(at), word(at + 1), word(at + 2), word(at + 3));
  let drawn = philox4x32(counter, vec2<u32>(word(at + 4), word(at + 5)));
  for (var i = 0; i < 4; i++) {
    result[index * 4 + i] = bitcast<i32>(drawn[i]);
  }
}`,
  host: () => {
    throw new Error('for the GPU only');
  },
});

async function philoxOnGpu(blocks: readonly Block[]): Promise<number[][]> {
  const inputs = tf.tensor2d(Int32Array.from(blocks.flat()), [blocks.length, 6], 'int32');
  const result = emptyTensor([blocks.length, 4], 'int32');
  launch(PHILOX, { blocks: inputs, result }, {});
  inputs.dispose();
  const words = await take(result);
  return blocks.map((_, i) => Array.from(words.subarray(4 * i, 4 * i + 4), (word) => word >>> 0));
}

describe('Philox in WGSL', () => {
  forEachBackend(() => {
    it('equals the published Random123 vectors', async () => {
      expect(await philoxOnGpu(PUBLISHED.map(({ input }) => input))).toEqual(PUBLISHED.map(({ output }) => output));
    });

    it('equals the TypeScript form on 1,000 counters and keys', async () => {
      const out = new Uint32Array(4);
      // Inputs from Philox itself: bits of every size.
      const blocks = Array.from({ length: 1000 }, (_, i): Block => {
        philox4x32(out, i, 1, 2, 3, 4, 5);
        const [c0, c1, c2, c3] = [...out] as [number, number, number, number];
        return [c0, c1, c2, c3, (c0 ^ c2) >>> 0, (c1 ^ c3) >>> 0];
      });
      const expected = blocks.map((block) => {
        philox4x32(out, ...block);
        return [...out];
      });
      expect(await philoxOnGpu(blocks)).toEqual(expected);
    });
  }, ['webgpu']);
});

interface Draws {
  readonly seeds: readonly number[];
  /** Per run and row, h_θ and h_ref. // [R][B][V] */
  readonly policy: Float32Array[][];
  readonly reference: Float32Array[][];
  readonly coefficients: number[][]; // [R][B]
  readonly scales: number[][];
  readonly address: TokenAddress;
}

/** Draws with logits, coefficients and temperatures that differ from row to row. */
function someDraws(seeds: readonly number[], rows: number, vocabulary: number, address: TokenAddress): Draws {
  const table = <T>(f: (run: number, row: number) => T): T[][] =>
    seeds.map((_, run) => Array.from({ length: rows }, (_, row) => f(run, row)));
  return {
    seeds,
    policy: table((run, row) => wave(vocabulary, 31 * run + row).map((x) => 3 * x)),
    reference: table((run, row) => wave(vocabulary, 17 * run + row + 0.4).map((x) => 2 * x)),
    coefficients: table((run, row) => [0, -1, 0.1, -0.5, 2][(run + row) % 5]!),
    scales: table((run, row) => [1, 1, 0.7, 2, 0][(run + 2 * row) % 5]!),
    address,
  };
}

const joined = (rows: Float32Array[][]): number[] => rows.flat().flatMap((row) => [...row]);

/** On the current backend. // [R·B] */
async function drawn({ seeds, policy, reference, coefficients, scales, address }: Draws): Promise<number[]> {
  const [runs, rows, vocabulary] = [seeds.length, policy[0]!.length, policy[0]![0]!.length];
  const count = runs * rows;
  const tokens = tf.tidy(() => {
    // Written at the address's token.
    const found = emptyTensor([address.token + 1, count], 'int32');
    const draw = {
      logits: tf.tensor2d([...joined(policy), ...joined(reference)], [2 * count, vocabulary]),
      modelRows: tf.tensor2d(
        Int32Array.from({ length: 2 * count }, (_, i) => i),
        [2, count],
        'int32',
      ),
      settings: tf.tensor3d([coefficients, scales]),
      seeds: tf.tensor1d(
        Int32Array.from([...seeds, address.step, 0], (value) => value | 0),
        'int32',
      ),
      tokens: found,
      stream: address.stream,
      token: address.token,
    };
    drawTokens(draw, null);
    return tf.slice(found, [address.token, 0]);
  });
  return [...(await take(tokens))];
}

/** One by one, in plain TypeScript. // [R·B] */
const drawnAlone = ({ seeds, policy, reference, coefficients, scales, address }: Draws): number[] =>
  seeds.flatMap((seed, run) =>
    policy[run]!.map((row, b) => {
      const both = Float32Array.from([...row, ...reference[run]![b]!]);
      const [a, scale] = [Math.fround(coefficients[run]![b]!), Math.fround(scales[run]![b]!)];
      const bits = new Uint32Array(row.length);
      drawBits(bits, seed, b, address);
      return drawToken(both, 0, row.length, a, scale, bits);
    }),
  );

const ADDRESS: TokenAddress = { stream: 2, step: 1234, token: 7 };

describe('token draws', () => {
  forEachBackend(() => {
    // With float32 scores two entries may tie within 1e-6, about once in a million draws: none in these.
    it.each([
      [21, 400],
      [192, 300],
      [193, 3],
      [1, 5],
      [257, 40],
    ])('equal the plain TypeScript draws, V = %i, three runs of %i rows', async (vocabulary, rows) => {
      const draws = someDraws([0, 41, 7], rows, vocabulary, ADDRESS);
      const [found, expected] = [await drawn(draws), drawnAlone(draws)];
      const mismatches = expected.flatMap((token, i) => (token === found[i] ? [] : [{ i, token, found: found[i] }]));
      expect(mismatches).toEqual([]);
      if (vocabulary > 1) expect(new Set(found).size).toBeGreaterThan(2);
    });

    it('do not depend on the rows and runs beside them', async () => {
      const large = someDraws([5, 6, 9], 7, 21, ADDRESS);
      const all = await drawn(large);
      const first = <T>(table: T[][], count: number) => table.map((rows) => rows.slice(0, count));
      const small = await drawn({
        ...large,
        policy: first(large.policy, 3),
        reference: first(large.reference, 3),
        coefficients: first(large.coefficients, 3),
        scales: first(large.scales, 3),
      });
      expect(small).toEqual(all.filter((_, i) => i % 7 < 3));
      for (const [run, seed] of large.seeds.entries()) {
        const alone = await drawn({
          seeds: [seed],
          policy: [large.policy[run]!],
          reference: [large.reference[run]!],
          coefficients: [large.coefficients[run]!],
          scales: [large.scales[run]!],
          address: ADDRESS,
        });
        expect(alone, `run ${run} alone`).toEqual(all.slice(7 * run, 7 * run + 7));
      }
    });

    it('take seeds up to 2³² − 1', async () => {
      const seeds = [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 12345, 2 ** 32 - 1];
      const draws = someDraws(seeds, 40, 21, ADDRESS);
      const found = await drawn(draws);
      expect(found).toEqual(drawnAlone(draws));
    });

    it('change with every part of the address', async () => {
      const same = (values: number[][]) => values.map((rows) => rows.map(() => 0));
      const flat = (address: TokenAddress, seed = 3): Draws => {
        const draws = someDraws([seed], 64, 32, address);
        const zeros = [Array.from({ length: 64 }, () => new Float32Array(32))];
        return { ...draws, policy: zeros, reference: zeros, coefficients: same(draws.coefficients) };
      };
      const base = await drawn(flat(ADDRESS));
      for (const other of [
        flat({ ...ADDRESS, stream: 4 }),
        flat({ ...ADDRESS, step: 1235 }),
        flat({ ...ADDRESS, token: 8 }),
        flat(ADDRESS, 4),
      ]) {
        const found = await drawn(other);
        // Of 64 draws from 32 equal entries, two would agree by chance.
        expect(found.filter((token, i) => token === base[i]).length).toBeLessThan(12);
      }
      expect(await drawn(flat(ADDRESS))).toEqual(base);
    });
  });
});
