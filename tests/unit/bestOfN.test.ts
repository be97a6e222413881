import { describe, expect, it } from 'vitest';
import { bestOfNPairDistribution } from '../../src/theory/bestOfN';

/** Every sequence of n draws with its probability, and the documented tie rule word for word. */
function byEnumeration(probabilities: number[], scores: number[], n: number): number[] {
  const responses = probabilities.length;
  const mu = new Array<number>(responses * responses).fill(0);
  for (let code = 0; code < responses ** n; code++) {
    const draws = Array.from({ length: n }, (_, i) => Math.floor(code / responses ** i) % responses);
    const drawn = draws.map((k) => scores[k]!);
    const best = drawn.indexOf(Math.max(...drawn));
    let worst = drawn.indexOf(Math.min(...drawn));
    if (worst === best) worst = n - 1;
    const probability = draws.reduce((product, k) => product * probabilities[k]!, 1);
    mu[draws[best]! * responses + draws[worst]!]! += probability;
  }
  return mu;
}

const PROBABILITIES = [0.5, 0.2, 0.3];

describe('bestOfNPairDistribution', () => {
  it.each([
    { n: 3, scores: [0.4, -2, 1.5], what: 'distinct scores' },
    { n: 3, scores: [1, 1, 0], what: 'a tie at the top' },
    { n: 3, scores: [1, 0, 0], what: 'a tie at the bottom' },
    { n: 3, scores: [0, 0, 0], what: 'all scores equal' },
    { n: 2, scores: [3, 2, 1], what: 'two draws' },
    { n: 7, scores: [3, 2, 3], what: 'seven draws' },
  ])('equals enumeration: $what, N = $n', ({ n, scores }) => {
    const expected = byEnumeration(PROBABILITIES, scores, n);
    const mu = bestOfNPairDistribution(PROBABILITIES, scores, n);
    mu.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 14));
  });

  it('equals enumeration with four responses, two of them tied', () => {
    const probabilities = [0.1, 0.4, 0.3, 0.2];
    const scores = [1, 2, 1, 0];
    const expected = byEnumeration(probabilities, scores, 4);
    bestOfNPairDistribution(probabilities, scores, 4).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 14);
    });
  });

  it('is two independent draws when all scores are equal, as at the start of training', () => {
    const mu = bestOfNPairDistribution(PROBABILITIES, [0, 0, 0], 8);
    mu.forEach((value, i) => expect(value).toBeCloseTo(PROBABILITIES[Math.floor(i / 3)]! * PROBABILITIES[i % 3]!, 15));
  });

  it('sums to 1 with impossible responses and many draws', () => {
    const mu = bestOfNPairDistribution([0, 0.999, 0.001, 0], [4, 3, 2, 1], 64);
    expect(mu.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 13);
    expect(mu.every((value) => value >= 0)).toBe(true);
  });

  it('refuses fewer than two draws and unequal lengths', () => {
    expect(() => bestOfNPairDistribution([0.5, 0.5], [1, 0], 1)).toThrow(RangeError);
    expect(() => bestOfNPairDistribution([0.5, 0.5], [1, 0], 2.5)).toThrow(RangeError);
    expect(() => bestOfNPairDistribution([0.5, 0.5], [1], 2)).toThrow(RangeError);
  });
});
