import { describe, expect, it } from 'vitest';
import { edgeNote, tunedArms, tunedConfig, tuningNote } from '../../src/analysis/tuning';
import { trialCount, trialsOf, tunedBy } from '../../src/experiment/config/tuned';
import type { ExperimentConfig } from '../../src/experiment/config/schema';
import {
  cellConfig,
  cellCount,
  cellTitle,
  parseSweepDocument,
  type SweepDocument,
} from '../../src/experiment/documents/sweep';
import type { SweepCell } from '../../src/experiment/documents/sweepResults';
import { valueOf } from '../../src/experiment/reading';
import { configOf } from '../support/tasks';

const RACE = configOf({
  task: { kind: 'bandit' },
  arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }, { sampler: 'best-of-n' }],
  seeds: 4,
  beta: 1,
  learningRate: 0.01,
  schedule: { steps: 10, pairs: 4 },
  evaluation: { every: 10 },
});
const RATES = { field: 'learningRate', values: [0.001, 0.01, 0.1] } as const;

const tuning = (over: readonly object[] = [RATES], more: object = {}, base: object = RACE) =>
  parseSweepDocument({ base, tuning: { over, seeds: 3, firstSeed: 1000, ...more } });
const DOCUMENT = valueOf(tuning());
const many = Array.from({ length: 64 }, (_, i) => (i + 1) / 100);

/** A finished trial whose criterion is `late`. */
const cell = (number: number, late: number, diverged = 0): SweepCell => ({
  number,
  values: {},
  arms: [
    {
      arm: 'x',
      seeds: 3,
      diverged,
      reward: null,
      kl: null,
      objective: null,
      gap: null,
      lateObjective: { mean: late, half: 0.1 },
      rewardSpread: null,
      difference: null,
      labelSaving: null,
      samplingSaving: null,
      annotationSaving: null,
      hashes: [],
    },
  ],
});
/** Criteria of the trials of all arms, by number. */
const cells = (...lates: number[]) => lates.map((late, number) => cell(number, late));

describe('trials', () => {
  it('are of every arm alike, but for settings that an arm does not have', () => {
    const over = [RATES, { field: 'alpha', values: [1, 2] } as const, { field: 'n', values: [4] } as const];
    const trials = trialsOf(RACE.arms, over);
    expect(trials.map(({ arm }) => arm)).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2]);
    expect(trialCount(RACE.arms, over)).toBe(12);
    expect(trials[1]).toEqual({ arm: 0, values: { learningRate: 0.01 } });
    expect(trials[4]).toEqual({ arm: 1, values: { learningRate: 0.001, alpha: 2 } });
    expect(trials[9]).toEqual({ arm: 2, values: { learningRate: 0.001, n: 4 } });
  });

  it('are cells of one arm each, on the tuning seeds', () => {
    expect(cellCount(DOCUMENT)).toBe(9);
    const config = valueOf(cellConfig(DOCUMENT, 4));
    expect(config).toEqual({
      ...RACE,
      arms: [{ ...RACE.arms[1]!, learningRate: 0.01 }],
      seeds: 3,
      firstSeed: 1000,
    });
    expect(cellTitle(DOCUMENT, 4)).toBe('arm = PILAF, Learning rate = 0.01');
  });

  it.each([
    [tuning([RATES], { firstSeed: 2 }), 'tuning.firstSeed: seeds 2 to 4 share some with the race, which has 0 to 3'],
    [tuning([RATES, RATES]), 'tuning.over.1.field: learningRate is there twice'],
    [
      tuning([
        { ...RATES, values: many },
        { field: 'alpha', values: many },
      ]),
      'makes 4224 trials; at most 4096 are',
    ],
    [tuning([]), 'tuning.over: has too few entries; give 1 to 4'],
    [
      tuning([{ field: 'beta', values: [1] }]),
      'tuning.over.0.field: "beta" is not one of learningRate, alpha, n, loss',
    ],
    [tuning([{ field: 'n', values: ['a'] }]), 'tuning.over.0.values.0: "a" is not allowed; give a number, or a loss'],
    [tuning([RATES], {}, { task: { kind: 'bandit' } }), 'base.arms: is missing'],
    [parseSweepDocument({ base: RACE, list: [{}], tuning: {} }), 'tuning.over: is missing'],
  ])('are refused where they cannot be tried', (parsed, message) => {
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.problems.map((p) => `${p.path}: ${p.message}`).join('\n')).toContain(message);
  });
});

describe('the best trial', () => {
  it('has the highest criterion of those without divergence', () => {
    const found = [...cells(1, 2, 3, 1, 3, 2), cell(6, 1), cell(7, 2), cell(8, 9, 1)];
    const [vanilla, pilaf, best] = tunedArms(DOCUMENT, found);
    expect(vanilla!.best!.values).toEqual({ learningRate: 0.1 });
    expect(pilaf!.best!.values).toEqual({ learningRate: 0.01 });
    expect(best!.best!.values).toEqual({ learningRate: 0.01 });
    expect([vanilla!.atEdge, pilaf!.atEdge]).toEqual([['learningRate'], []]);
    expect(edgeNote(vanilla!)).toBe(
      'Vanilla is best at the edge of what was tried, Learning rate = 0.1: a better value may lie beyond.',
    );
    expect(edgeNote(pilaf!)).toBeNull();
  });

  it('makes the race, which says how it was tuned', () => {
    const race = tunedConfig(DOCUMENT, cells(1, 3, 2, 1, 2, 3, 3, 2, 1))!;
    expect(race.arms.map(({ name, learningRate }) => [name, learningRate])).toEqual([
      ['Vanilla', 0.01],
      ['PILAF', 0.1],
      ['Best-of-N (N = 8)', 0.001],
    ]);
    expect([race.seeds, race.firstSeed]).toEqual([4, 0]);
    expect(configOf(race)).toEqual(race);
    expect(tunedBy(race)).toMatchObject({ over: [RATES], seeds: 3, firstSeed: 1000 });
    expect(tuningNote(race)).toBe(
      'Tuned: every arm tried Learning rate 0.001, 0.01, 0.1 on seeds 1000 to 1002 and has the best by mean J over the last quarter of the steps: Vanilla 0.01; PILAF 0.1; Best-of-N (N = 8) 0.001.',
    );
  });

  it('is claimed only of the settings that it was found for', () => {
    const race = tunedConfig(DOCUMENT, cells(1, 3, 2, 1, 2, 3, 3, 2, 1))!;
    const changed = (more: Partial<ExperimentConfig>) => tuningNote({ ...race, ...more });
    expect(changed({ seeds: 20, firstSeed: 50, evaluation: { every: 5, samples: 1 } })).toContain('Tuned:');
    expect(changed({ beta: 0.5 })).toBe('The arms’ values were tuned for other settings than these.');
    expect(changed({ arms: race.arms.slice(0, 2) })).toContain('other settings');
    expect(tuningNote(RACE)).toBeNull();
    const turned = Object.fromEntries(Object.entries(race).reverse()) as ExperimentConfig;
    expect(tuningNote(turned)).toContain('Tuned:');
  });

  it('is none before all trials have ended, or where all have diverged', () => {
    expect(tunedConfig(DOCUMENT, cells(1, 2, 3))).toBeNull();
    const diverged = [0, 1, 2].map((number) => cell(number, 1, 1));
    expect(tunedConfig(DOCUMENT, [...diverged, ...[3, 4, 5, 6, 7, 8].map((number) => cell(number, 1))])).toBeNull();
  });

  it('tunes a tuned race anew', () => {
    const race = tunedConfig(DOCUMENT, cells(1, 3, 2, 1, 2, 3, 3, 2, 1))!;
    const again: SweepDocument = valueOf(tuning([RATES], {}, race));
    expect(again.base).not.toHaveProperty('tuned');
  });
});
