import { describe, expect, it } from 'vitest';
import { lateDifference, lateMean } from '../../src/analysis/ends';
import { parseConfig } from '../../src/experiment/config/config';
import { armName } from '../../src/experiment/config/names';
import { appendEvaluation, createHistory, type RaceHistory } from '../../src/experiment/documents/history';
import type { Evaluation } from '../../src/experiment/documents/metrics';

/** Nine evaluations, the last at step 100; `values` are by run. */
function race(values: readonly (readonly number[])[], arms: object = {}): RaceHistory {
  const parsed = parseConfig({
    task: { kind: 'bandit' },
    arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf', ...arms }],
    seeds: 2,
    beta: 1,
    learningRate: 0.01,
    schedule: { steps: 100, pairs: 4 },
    evaluation: { every: 25 },
  });
  if (!parsed.ok) throw new Error('no config');
  const runs = parsed.value.arms.flatMap((arm) => [0, 1].map((seed) => ({ arm: armName(arm), seed, optimum: null })));
  const history = createHistory(parsed.value, { runs, optimum: null, frontier: null });
  values.forEach((ofRun, run) =>
    ofRun.forEach((x, i) => appendEvaluation(history, run, { step: 12.5 * i, kl: x, objective: x } as Evaluation)),
  );
  return history;
}

/** What comes up to step 75 does not count: it is so much off. */
const LATE = (a: number, b: number): number[] => [9, 9, 9, 9, 9, 9, 9, a, b];
const RACE = [LATE(1, 3), LATE(5, 7), LATE(2, 4), LATE(8, 10)];

describe('the last quarter', () => {
  it('is what comes after three quarters of the steps', () => {
    expect(lateMean(race(RACE), 0, 'kl')?.mean).toBe(4);
    expect(lateMean(race(RACE), 1, 'kl')?.mean).toBe(6);
  });

  it('compares arms seed by seed', () => {
    // 1 and 3: a half width of t₀.₉₇₅ with one degree of freedom, times the standard error 1.
    const { mean, half } = lateDifference(race(RACE), 1, 0, 'kl')!;
    expect(mean).toBe(2);
    expect(half).toBeCloseTo(12.7062, 3);
  });

  it('does not compare J under different β, nor arms that are the same', () => {
    const other = race(RACE, { beta: 2 });
    expect(lateDifference(other, 1, 0, 'objective')).toBeNull();
    expect(lateDifference(other, 1, 0, 'kl')).not.toBeNull();
    expect(lateDifference(race([RACE[0]!, RACE[1]!, RACE[0]!, RACE[1]!]), 1, 0, 'kl')).toBeNull();
  });

  it('leaves out a seed that one of the two has not finished', () => {
    const partly = race([RACE[0]!, RACE[1]!, RACE[2]!, [9, 9]]);
    expect(lateDifference(partly, 1, 0, 'kl')).toMatchObject({ mean: 1, half: null });
  });
});
