import { describe, expect, it } from 'vitest';
import { slug } from '../../src/experiment/documents/slug';
import { weightFileNames } from '../../src/experiment/documents/weightFiles';
import { configOf } from '../support/tasks';

describe('a slug', () => {
  it.each([
    ['PILAF', 'pilaf'],
    ['PILAF (α = 0.5)', 'pilaf-alpha-0-5'],
    ['Best-of-N (oracle)', 'best-of-n-oracle'],
    ['Crème brûlée', 'creme-brulee'],
    ['../../etc/passwd', 'etc-passwd'],
    ['<b>bold</b>', 'b-bold-b'],
    ['平原', ''],
    ['', ''],
  ])('of %j is %j', (name, expected) => expect(slug(name)).toBe(expected));
});

describe('the files of the runs’ weights', () => {
  const namesOf = (arms: readonly string[], seeds = 1) =>
    weightFileNames(
      configOf({
        task: { kind: 'bandit' },
        arms: arms.map((name) => ({ sampler: 'vanilla' as const, name })),
        seeds,
        firstSeed: 3,
        beta: 1,
        learningRate: 0.01,
        schedule: { steps: 1, pairs: 1 },
        evaluation: { every: 1 },
      }),
    );

  it('are named after arm and seed, in the order of the runs', () => {
    expect(namesOf(['One', 'Two'], 2)).toEqual([
      'one-seed3.safetensors',
      'one-seed4.safetensors',
      'two-seed3.safetensors',
      'two-seed4.safetensors',
    ]);
  });

  it('have different names, whatever the arms are called', () => {
    const names = namesOf(['a b', 'a-b 2', 'a-b', '平', '原', 'arm 4']);
    expect(new Set(names).size).toBe(6);
    expect(names.slice(0, 3)).toEqual(['a-b-seed3.safetensors', 'a-b-2-seed3.safetensors', 'a-b-3-seed3.safetensors']);
  });
});
