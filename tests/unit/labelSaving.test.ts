import { armName } from '../../src/experiment/config/names';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fallNote, isSaving, savingOf, savings, savingText } from '../../src/analysis/labelSaving';
import { parseConfig } from '../../src/experiment/config/config';
import { appendEvaluation, createHistory, type RaceHistory } from '../../src/experiment/documents/history';
import type { Evaluation } from '../../src/experiment/documents/metrics';
import { STREAM, uniformInteger } from '../../src/math/random';

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
  const { value: config } = parsed;
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
    expect(saving).toMatchObject({ arm: 1, saved: 1 - 150 / 400, interval: null, seeds: 1, diverged: 0 });
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
    expect(savings(history, 'labels', { baseline: 1, goal: 'final' })).toMatchObject([
      { arm: 0, saved: 1 - 80 / 400, interval: null, seeds: 1 },
    ]);
  });

  it('pair the seeds: what a seed adds to both arms changes nothing', () => {
    const shifted = (curve: readonly number[], by: number) => curve.map((x) => x + by);
    const pilaf = [0, 3, 5, 6, 7];
    const seeds = [-20, 0, 3, 50, 7];
    const history = race([seeds.map((by) => shifted(BASELINE, by)), seeds.map((by) => shifted(pilaf, by))]);
    const [saving] = savings(history, 'labels');
    expect(saving!.saved).toBeCloseTo(0.625, 12);
    // Below at 100 labels, above at 200.
    expect(saving!.interval).toEqual({ low: 0.5, high: 0.75 });
  });

  it('have the interval between which the paired t test does not tell J from the goal', () => {
    // J less the goal at the five evaluations: −4, −2 ± s, 0 ± s, 2 ± s, 4; s = 0.98 for these spreads.
    const spread = [-1, -0.5, 0, 0.5, 1];
    const mine = spread.map((by) => [0, 2 + by, 4 + by, 6 + by, 8]);
    const [saving] = savings(race([spread.map(() => BASELINE), mine]), 'labels');
    // Significantly below at 100 labels, neither at 200, above for good from 300 on.
    expect(saving).toMatchObject({ saved: 0.5, interval: { low: 0.25, high: 0.75 } });
    expect(savingText(saving)).toBe('50% (25 to 75)');
    expect(isSaving(saving!)).toBe(true);
  });

  it('may end in never: J is above the goal on average, but not significantly at the end', () => {
    const mine = [-3, -1, 0, 1, 4].map((by) => [0, 3 + by, 4 + by, 4.1 + by, 4.2 + by]);
    const [saving] = savings(race([mine.map(() => BASELINE), mine]), 'labels');
    expect(saving!.interval!.low).toBe(-Infinity);
    expect(savingText(saving)).toMatch(/^\d+% \(at most \d+\)$/);
    expect(isSaving(saving!)).toBe(false);
  });

  it('have no interval below five seeds', () => {
    const four = (curve: readonly number[]) => [1, 2, 3, 4].map(() => curve);
    const [saving] = savings(race([four(BASELINE), four([0, 3, 5, 6, 7])]), 'labels');
    expect(saving).toMatchObject({ interval: null, seeds: 4 });
    expect(isSaving(saving!)).toBe(false);
  });

  it('leave out what has no price, and compare the responses that are shown', () => {
    const history = race([[BASELINE], [[0, 3, 5, 6, 7]]]);
    const price = (arm: number, perLabel: number | null) =>
      history.runs[arm]!.steps.forEach((_, i) => {
        history.runs[arm]!.columns.annotationCost[i] = perLabel === null ? null : 100 * i * perLabel;
      });
    price(0, 2);
    price(1, 8);
    // 150 labels of eight responses, against 400 of two.
    expect(savings(history, 'annotationCost')).toMatchObject([{ saved: 1 - (8 * 150) / 800 }]);
    price(1, null);
    expect(savings(history, 'annotationCost')).toEqual([]);
  });

  it('rest on the seeds of which no run has diverged, and say so; none is left where all have', () => {
    const pilaf = [0, 3, 5, 6, 7];
    const sixOf = (curve: readonly number[]) => [1, 2, 3, 4, 5, 6].map(() => curve);
    const some = race([sixOf(BASELINE), [[0, 9], ...sixOf(pilaf).slice(1)]]);
    const [saving] = savings(some, 'labels');
    expect(saving).toMatchObject({ saved: 1 - 150 / 400, seeds: 5, diverged: 1 });
    expect(savingText(saving)).toMatch(/, 5 of 6 seeds$/);
    expect(isSaving(saving!)).toBe(false);
    expect(savings(race([sixOf(BASELINE), sixOf([0, 9])]), 'labels')).toEqual([]);
    expect(savings(race([sixOf([0, 9]), sixOf(pilaf)]), 'labels')).toEqual([]);
  });

  it('count no run that diverged after the newest evaluation', () => {
    const history = race([[BASELINE], [[0, 3, 5, 6, 7]]]);
    history.runs[1]!.status = 'diverged';
    expect(savings(history, 'labels')).toEqual([]);
  });

  it('are not of an arm whose runs are the baseline’s own', () => {
    expect(savings(race([[BASELINE], [BASELINE]]), 'samplingCost')).toEqual([]);
  });
});

/** 512 seeds of the engine in a cell where J is heavy-tailed; see makeCoverage.mjs. // [seed][evaluation] */
interface Curves {
  readonly labels: readonly number[];
  readonly vanilla: readonly (readonly number[])[];
  readonly pilaf: readonly (readonly number[])[];
  readonly sameTables: readonly (readonly number[])[];
}

describe('the interval of a saving', () => {
  const curves = JSON.parse(readFileSync('tests/golden/coverage.json', 'utf8')) as Curves;
  const RACES = 1000;

  /** Savings of races of so many seeds, drawn anew for each from those of two arms. */
  function races(mine: Curves['pilaf'], theirs: Curves['pilaf'], seeds: number) {
    const { labels } = curves;
    return Array.from({ length: RACES }, (_, race) => {
      const drawn = Array.from({ length: seeds }, (__, i) =>
        uniformInteger({ seed: seeds, stream: STREAM.shuffle, step: race, row: i, token: 0 }, mine.length),
      );
      const of = (arm: Curves['pilaf']) => drawn.map((seed) => arm[seed]!);
      const found = savingOf({ mine: of(mine), theirs: of(theirs), myCosts: labels, theirCosts: labels }, 'final');
      return { ...found, arm: 1, seeds, diverged: 0 };
    });
  }

  it.each([
    [5, 0.8],
    [8, 0.83],
    [20, 0.86],
  ])('covers the true saving of a heavy-tailed cell: %d seeds', (seeds, least) => {
    const all = { mine: curves.pilaf, theirs: curves.vanilla, myCosts: curves.labels, theirCosts: curves.labels };
    const truth = savingOf(all, 'final').saved;
    expect(truth).toBeGreaterThan(0.3);
    const covered = races(curves.pilaf, curves.vanilla, seeds).filter(
      ({ interval }) => interval!.low <= truth && truth <= interval!.high,
    );
    expect(covered.length / RACES).toBeGreaterThanOrEqual(least);
  });

  it.each([5, 8, 20])('says "saves" of Vanilla against itself in few races: %d seeds', (seeds) => {
    const half = curves.sameTables.length / 2;
    const [first, second] = [curves.sameTables.slice(0, half), curves.sameTables.slice(half)];
    expect(races(first, second, seeds).filter(isSaving).length / RACES).toBeLessThanOrEqual(0.025);
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
      'Vanilla’s J ends 3.90 ± 0.50 below its best (step 200), so its final J is an easy goal and the savings look larger than they are.',
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
