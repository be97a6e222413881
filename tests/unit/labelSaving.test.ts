import { describe, expect, it } from 'vitest';
import { fallNote, savings, savingText } from '../../src/analysis/labelSaving';
import { armName, parseConfig } from '../../src/experiment/config';
import { appendEvaluation, createHistory, type RaceHistory } from '../../src/experiment/history';
import type { Evaluation } from '../../src/experiment/metrics';

/** J of every arm, seed and evaluation; labels are 100 an evaluation, a pair costs two passes for the first arm, three for the others. */
function race(objectives: readonly (readonly (readonly number[])[])[]): RaceHistory {
  const seeds = objectives[0]!.length;
  const parsed = parseConfig({
    task: { kind: 'bandit' },
    arms: (['vanilla', 'pilaf', 'hybrid'] as const).slice(0, objectives.length).map((sampler) => ({ sampler })),
    seeds,
    beta: 1,
    learningRate: 0.01,
    schedule: { steps: 400, pairs: 1 },
    evaluation: { every: 100 },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { config } = parsed;
  const runs = config.arms.flatMap((arm) =>
    Array.from({ length: seeds }, (_, seed) => ({ arm: armName(arm), seed, optimum: null })),
  );
  const history = createHistory(config, { runs, optimum: null, frontier: null });
  objectives.forEach((ofArm, arm) =>
    ofArm.forEach((ofSeed, seed) =>
      ofSeed.forEach((objective, i) => {
        const [labels, samplingCost] = [100 * i, 100 * i * (arm === 0 ? 2 : 3)];
        const evaluation = { step: 100 * i, objective, labels, samplingCost } as Evaluation;
        appendEvaluation(history, arm * seeds + seed, evaluation);
      }),
    ),
  );
  return history;
}

const BASELINE = [0, 1, 2, 3, 4];

describe('savings', () => {
  it('interpolate where the mean curve reaches the baseline’s final J', () => {
    // 4 is reached half-way between 100 and 200 labels of 400.
    const [saving] = savings(race([[BASELINE], [[0, 3, 5, 6, 7]]]), 'labels');
    expect(saving).toEqual({ arm: 1, saved: 1 - 150 / 400, interval: null, seeds: 1 });
  });

  it('count only what is reached for good', () => {
    // Above 4 after 100 labels, below again after 200, above from 300 on: crossed at 250.
    const [saving] = savings(race([[BASELINE], [[0, 9, 3, 5, 9]]]), 'labels');
    expect(saving!.saved).toBe(1 - 250 / 400);
  });

  it('can be against the baseline’s best J, and what it had spent there', () => {
    // The best is 5 after 200 labels; the other arm is at 5 after 150 for good.
    const falling = race([[[0, 4, 5, 2, 1]], [[0, 4, 6, 6, 6]]]);
    const [final] = savings(falling, 'labels');
    const [best] = savings(falling, 'labels', { baseline: 0, goal: 'best' });
    expect(final!.saved).toBe(1 - 25 / 400);
    expect(best!.saved).toBe(1 - 150 / 200);
  });

  it('are negative where more was spent, and −∞ where it was never reached', () => {
    const history = race([[BASELINE], [[0, 1, 2, 3, 4.5]], [[0, 5, 5, 5, 3.9]]]);
    const [pilaf, hybrid] = savings(history, 'samplingCost');
    // Crossed at 300 + 100·(4 − 3)/1.5 labels of three passes each, against 400 of two.
    expect(pilaf!.saved).toBeCloseTo(1 - (3 * (300 + 100 / 1.5)) / 800, 12);
    expect(hybrid!.saved).toBe(-Infinity);
    expect(savingText(hybrid)).toBe('not reached');
  });

  it('take another arm as the baseline', () => {
    const history = race([[[0, 5, 6, 7, 8]], [BASELINE]]);
    expect(savings(history, 'labels', { baseline: 1, goal: 'final' })).toEqual([
      { arm: 0, saved: 1 - 80 / 400, interval: null, seeds: 1 },
    ]);
  });

  it('pair the seeds: what a seed adds to both arms changes nothing', () => {
    const shifted = (curve: readonly number[], by: number) => curve.map((x) => x + by);
    const pilaf = [0, 3, 5, 6, 7];
    const seeds = [-20, 0, 3, 50];
    const history = race([seeds.map((by) => shifted(BASELINE, by)), seeds.map((by) => shifted(pilaf, by))]);
    const [saving] = savings(history, 'labels');
    expect(saving!.saved).toBeCloseTo(0.625, 12);
    expect(saving!.interval!.low).toBeCloseTo(0.625, 12);
    expect(saving!.interval!.high).toBeCloseTo(0.625, 12);
  });

  it('have the interval that four hand-made seeds give', () => {
    // Two seeds reach it after 100 labels, two after 300; a resample has k of the late ones, k ~ Binomial(4, ½).
    const [early, late] = [
      [0, 4, 4, 4, 4],
      [0, 0, 0, 4, 4],
    ];
    const history = race([[1, 2, 3, 4].map(() => BASELINE), [early!, early!, late!, late!]]);
    const { interval, saved } = savings(history, 'labels')[0]!;
    // The mean curve is 4 only when the late ones are there, unless none is in the resample (probability 1/16).
    expect(saved).toBe(1 - 300 / 400);
    expect(interval).toEqual({ low: 0.25, high: 0.75 });
    expect(savingText({ arm: 1, saved, interval, seeds: 4 })).toBe('25% (25 to 75)');
  });

  it('say when the tail of the resamples never gets there', () => {
    const never = [0, 1, 1, 1, 1];
    const [saving] = savings(
      race([[1, 2, 3].map(() => BASELINE), [[0, 9, 9, 9, 9], [0, 9, 9, 9, 9], never]]),
      'labels',
    );
    expect(saving!.interval!.low).toBe(-Infinity);
    expect(savingText(saving)).toMatch(/\(not reached to \d+\)$/);
  });
});

describe('the note on a falling baseline', () => {
  const fallen = [
    [0, 4, 5.1, 2, 1],
    [0, 4, 4.9, 2, 1.2],
    [0, 4, 5, 2, 1.1],
  ];

  it('names the fall from the best step, paired by seed', () => {
    // Falls of 4.1, 3.7 and 3.9: their mean and 95% interval, 4.303·0.2/√3.
    expect(fallNote(race([fallen]), 0)).toBe(
      'Vanilla’s J ends 3.90 ± 0.50 below its best (step 200), so its final J is an easy goal, and savings against it flatter.',
    );
  });

  it('is not there for noise, for one seed, or where the end is the best', () => {
    const noisy = [
      [0, 4, 4.2, 4, 5],
      [0, 4, 5.0, 4, 3],
      [0, 4, 4.1, 4, 5],
    ];
    expect(fallNote(race([noisy]), 0)).toBeNull();
    expect(fallNote(race([[fallen[0]!]]), 0)).toBeNull();
    expect(fallNote(race([[BASELINE, BASELINE]]), 0)).toBeNull();
  });
});
