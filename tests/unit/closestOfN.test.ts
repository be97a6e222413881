import { describe, expect, it } from 'vitest';
import { selectPair } from '../../src/experiment/samplers/select';
import { closestOfNPairDistribution, MOST_ENUMERATED } from '../../src/theory/closestOfN';

const PROBABILITIES = [0.4, 0.3, 0.2, 0.1];

/** By all K^n sequences of draws, each put through the rule that training uses. */
function enumerated(scores: readonly number[], n: number): Float64Array {
  const responses = PROBABILITIES.length;
  const mu = new Float64Array(responses * responses);
  for (let code = 0; code < responses ** n; code++) {
    const drawn = Array.from({ length: n }, (_, i) => Math.floor(code / responses ** i) % responses);
    const [a, b] = selectPair(
      'implicit-closest',
      drawn.map((k) => ({ ids: [k], logRatio: scores[k]! })),
      () => 0,
    );
    const chance = drawn.reduce((product, k) => product * PROBABILITIES[k]!, 1);
    mu[drawn[a]! * responses + drawn[b]!]! += chance;
  }
  return mu;
}

describe('the distribution of the closest of N', () => {
  it.each([
    ['different scores', [0.3, -1, 2, 2.4], 3],
    ['more draws than responses', [0.3, -1, 2, 2.4], 6],
    ['a pair of draws', [0.3, -1, 2, 2.4], 2],
    ['equal scores', [0, 0, 0, 0], 4],
    ['equal gaps', [3, 2, 1, 0], 4],
  ])('agrees with every sequence of draws: %s', (_, scores, n) => {
    const mu = closestOfNPairDistribution(PROBABILITIES, scores, n);
    enumerated(scores, n).forEach((chance, i) => expect(mu[i]).toBeCloseTo(chance, 12));
    expect(mu.reduce((sum, chance) => sum + chance, 0)).toBeCloseTo(1, 12);
  });

  it('is not enumerated for many responses', () => {
    const many = new Array<number>(MOST_ENUMERATED + 1).fill(1 / (MOST_ENUMERATED + 1));
    expect(() => closestOfNPairDistribution(many, many, 3)).toThrow(/closest of 3 among 17 responses/);
  });
});
