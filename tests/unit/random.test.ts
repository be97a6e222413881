import { describe, expect, it } from 'vitest';
import { normal, randomBits, ROW_BITS, STREAM, uniform, uniformInteger, unitInterval } from '../../src/math/random';
import type { DrawAddress } from '../../src/math/random';
import { chiSquareTail, mean, standardDeviation } from '../../src/math/statistics';

const AT: DrawAddress = { seed: 7, stream: STREAM.token, step: 3, row: 2, token: 1 };

/** p-value of the hypothesis that all cells are equally likely. Seeds are fixed, so a passing test stays passing. */
function uniformityPValue(counts: ArrayLike<number>): number {
  const expected = Array.from(counts).reduce((sum, count) => sum + count, 0) / counts.length;
  const x = Array.from(counts).reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return chiSquareTail(x, counts.length - 1);
}

describe('addresses', () => {
  it('gives every stream, step, row, token, seed and item a draw of its own', () => {
    const draws = [
      randomBits(AT, 0),
      ...[1, 2, 3, 4, 1000].map((item) => randomBits(AT, item)),
      ...Object.values(STREAM)
        .filter((stream) => stream !== AT.stream)
        .map((stream) => randomBits({ ...AT, stream }, 0)),
      randomBits({ ...AT, seed: 8 }, 0),
      randomBits({ ...AT, step: 4 }, 0),
      randomBits({ ...AT, row: 3 }, 0),
      randomBits({ ...AT, token: 2 }, 0),
      randomBits({ ...AT, row: AT.token, token: AT.row }, 0),
      randomBits({ ...AT, row: 2 ** ROW_BITS - 1, token: 4095 }, 0),
    ];
    expect(new Set(draws).size).toBe(draws.length);
  });

  it('has no two streams of one number', () => {
    const streams = Object.values(STREAM);
    expect(new Set(streams).size).toBe(streams.length);
  });

  it('does not depend on the order of evaluation', () => {
    const addresses = Array.from({ length: 64 }, (_, i) => ({ ...AT, row: i % 8, token: Math.floor(i / 8) }));
    const forwards = addresses.map((at) => uniform(at, 5));
    const backwards = addresses
      .toReversed()
      .map((at) => uniform(at, 5))
      .toReversed();
    expect(backwards).toEqual(forwards);
  });
});

describe('uniform', () => {
  it('stays inside the open unit interval at both ends', () => {
    expect(unitInterval(0)).toBeGreaterThan(0);
    expect(unitInterval(0xffffffff)).toBeLessThan(1);
  });

  it.each(['item', 'row', 'token', 'step', 'seed'] as const)('passes a χ² test along %s', (axis) => {
    const counts = new Uint32Array(64);
    // Tokens have 12 bits, so every axis gets as many draws as tokens can.
    for (let i = 0; i < 4096; i++) {
      const u = axis === 'item' ? uniform(AT, i) : uniform({ ...AT, [axis]: i });
      counts[Math.floor(u * 64)]!++;
    }
    expect(uniformityPValue(counts)).toBeGreaterThan(0.001);
  });

  it('draws neighbouring rows independently', () => {
    const counts = new Uint32Array(64);
    for (let step = 0; step < 4096; step++) {
      const left = Math.floor(uniform({ ...AT, step, row: 0 }) * 8);
      const right = Math.floor(uniform({ ...AT, step, row: 1 }) * 8);
      counts[left * 8 + right]!++;
    }
    expect(uniformityPValue(counts)).toBeGreaterThan(0.001);
  });
});

describe('what is made of uniform draws', () => {
  it('spreads whole numbers evenly over 0 … count − 1', () => {
    const counts = new Uint32Array(10);
    for (let row = 0; row < 5000; row++) counts[uniformInteger({ ...AT, row }, 10)]!++;
    expect(uniformityPValue(counts)).toBeGreaterThan(0.001);
  });

  it('gives normals with the right first four moments', () => {
    const draws = Array.from({ length: 20_000 }, (_, item) => normal(AT, item));
    // Four standard errors of each moment: 1/√n, 1/√(2n), √(15/n), √(96/n).
    expect(Math.abs(mean(draws))).toBeLessThan(4 / Math.sqrt(20_000));
    expect(Math.abs(standardDeviation(draws) - 1)).toBeLessThan(4 / Math.sqrt(40_000));
    expect(Math.abs(mean(draws.map((z) => z ** 3)))).toBeLessThan(4 * Math.sqrt(15 / 20_000));
    expect(Math.abs(mean(draws.map((z) => z ** 4)) - 3)).toBeLessThan(4 * Math.sqrt(96 / 20_000));
  });
});
