import { describe, expect, it } from 'vitest';
import { collectionsUntil, minibatch, placeOf } from '../../src/training/schedule';

const schedule = { steps: 100, pairs: 4, learningRate: 'constant' } as const;
const rounds = { pairs: 12, epochs: 2, accumulate: false, resetOptimiser: false, movingReference: false };

describe('placeOf', () => {
  it('gives every online step a round of its own', () => {
    expect(placeOf({ rounds: null, schedule }, 7)).toEqual({ round: 7, first: 7, step: 0, collections: 1, batches: 1 });
    expect(collectionsUntil({ rounds: null, schedule }, 7)).toBe(7);
  });

  it('passes over three collections twice before the next round', () => {
    const at = (step: number) => placeOf({ rounds, schedule }, step);
    expect(at(5)).toEqual({ round: 0, first: 0, step: 5, collections: 3, batches: 3 });
    expect(at(6)).toEqual({ round: 1, first: 6, step: 0, collections: 3, batches: 3 });
    expect([0, 1, 6, 7, 12, 13].map((steps) => collectionsUntil({ rounds, schedule }, steps))).toEqual([
      0, 3, 3, 6, 6, 9,
    ]);
  });

  it('has longer rounds where earlier pairs are kept', () => {
    const at = (step: number) => placeOf({ rounds: { ...rounds, accumulate: true }, schedule }, step);
    expect(at(6)).toEqual({ round: 1, first: 6, step: 0, collections: 3, batches: 6 });
    expect(at(17)).toMatchObject({ round: 1, first: 6, step: 11 });
    expect(at(18)).toMatchObject({ round: 2, first: 18, step: 0, batches: 9 });
  });
});

describe('minibatch', () => {
  const pool = Array.from({ length: 12 }, (_, i) => i);
  const of = (step: number, seed = 1) => minibatch(pool, placeOf({ rounds, schedule }, step), seed, 0);

  it('shows every pair once an epoch, in an order of its own', () => {
    const epochs = [0, 3].map((first) => [0, 1, 2].flatMap((i) => of(first + i)));
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual(pool);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(epochs[0]).not.toEqual(pool);
  });

  it('depends on the seed, and on nothing else', () => {
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(1, 2));
  });

  it('takes an online step’s pairs as they came', () => {
    expect(minibatch([5, 6], placeOf({ rounds: null, schedule }, 3), 1, 3)).toEqual([5, 6]);
  });
});
