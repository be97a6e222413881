import { findPreset } from './presets';
import { parseSweepDocument, type SweepDocument } from '../documents/sweep';

/** A ready sweep. The first one opens with the page, with what it found when it was recorded. */
export interface SweepPreset {
  readonly id: string;
  readonly title: string;
  /** What is swept, and what to watch. */
  readonly description: string;
  readonly document: SweepDocument;
}

function sweepPreset(id: string, title: string, description: string, input: unknown): SweepPreset {
  const parsed = parseSweepDocument(input);
  if (!parsed.ok) throw new Error(`sweep ${id}: ${parsed.problems.map((p) => `${p.path}: ${p.message}`).join('; ')}`);
  return { id, title, description, document: parsed.value };
}

const race = findPreset('bandit-race')?.config;

/** The bandit race in 1,500 steps; its own 4,000 in every cell would take most of an hour on two cores. */
const SHORT_RACE = {
  ...race,
  schedule: { steps: 1500, pairs: 32, learningRate: 'linear' },
  evaluation: { every: 50 },
};

/** The arms of the sweeps over losses and rounds, which `tuned` gives their learning rates. */
const TUNED_BASE = {
  ...SHORT_RACE,
  arms: [
    { sampler: 'vanilla', name: 'Vanilla' },
    { sampler: 'pilaf', name: 'PILAF' },
    { sampler: 'hybrid', name: 'Hybrid' },
  ],
};

/** A cell at the arms' best learning rates, which docs/results.md says how to find. */
const tuned = (setting: object, rates: readonly number[]): object => ({
  ...setting,
  ...Object.fromEntries(rates.map((rate, i) => [`arms.${i}.learningRate`, rate])),
});

/** Vanilla's best learning rate in each cell of the map of text: a row for each reward range, by docs/protocol.md. */
const TEXT_RATES = [
  [1e-3, 3e-4, 3e-4, 1e-4],
  [1e-3, 1e-3, 3e-4, 3e-4],
  [1e-3, 1e-3, 1e-3, 1e-3],
  [1e-3, 1e-3, 1e-3, 1e-3],
];

export const SWEEPS: readonly SweepPreset[] = [
  sweepPreset(
    'phase-map',
    'What PILAF saves over Vanilla, by reward range and β',
    'Bandits, 20 seeds a cell. Watch where PILAF needs fewer labels, and where it never gets there.',
    {
      base: { ...SHORT_RACE, arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }] },
      axes: [
        { path: 'task.rewardScale', values: [0.3, 0.55, 1, 1.8, 3.2, 5.6, 10] },
        { path: 'beta', values: [0.03, 0.065, 0.14, 0.3, 0.65, 1.4, 3] },
      ],
    },
  ),
  sweepPreset(
    'text-map',
    'What PILAF saves over Vanilla on text, by reward range and β',
    'Reviews by an unbounded reward, 8 seeds a cell, both arms at Vanilla’s best learning rate there. Watch how much of the bandit’s map is left.',
    {
      base: {
        task: { kind: 'reviews', oracle: 'sum' },
        arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
        seeds: 8,
        learningRate: 1e-3,
        schedule: { steps: 400, pairs: 16 },
        evaluation: { every: 20, samples: 128 },
      },
      axes: [
        { path: 'task.rewardScale', values: [0.5, 1, 2, 4] },
        { path: 'beta', values: [0.05, 0.15, 0.5, 1.5] },
      ],
      list: TEXT_RATES.flat().map((learningRate) => ({ learningRate })),
    },
  ),
  sweepPreset(
    'losses',
    'Losses × samplers, every arm at its best learning rate',
    'DPO, conservative DPO, IPO, hinge and KTO on the bandit, 20 seeds. Watch which losses PILAF pays for, and which it harms.',
    {
      base: TUNED_BASE,
      list: [
        tuned({ loss: { kind: 'dpo' } }, [0.1, 0.2, 0.2]),
        tuned({ loss: { kind: 'dpo', smoothing: 0.1 } }, [0.5, 0.05, 0.05]),
        tuned({ loss: { kind: 'ipo' } }, [0.5, 0.01, 0.01]),
        tuned({ loss: { kind: 'hinge' } }, [0.2, 1, 1]),
        tuned({ loss: { kind: 'kto' } }, [0.01, 0.01, 0.02]),
      ],
    },
  ),
  sweepPreset(
    'rounds',
    'Ways to iterate × samplers, every arm at its best learning rate',
    'Online, and rounds of 480 pairs that keep earlier pairs, forget AdamW’s averages or move the reference; 20 seeds. Watch what each way costs.',
    {
      base: TUNED_BASE,
      list: [
        tuned({ rounds: null }, [0.1, 0.2, 0.2]),
        tuned({ rounds: { pairs: 480 } }, [0.1, 0.2, 0.1]),
        tuned({ rounds: { pairs: 480, accumulate: true } }, [0.1, 0.1, 0.2]),
        tuned({ rounds: { pairs: 480, resetOptimiser: true } }, [0.02, 0.02, 0.02]),
        tuned({ rounds: { pairs: 480, movingReference: true } }, [0.01, 0.01, 0.01]),
      ],
    },
  ),
];

export const findSweep = (id: string): SweepPreset | undefined => SWEEPS.find((sweep) => sweep.id === id);

/** Two presets that are cells of a sweep; the page opens with them, and with the sweep's map between them. */
export const PAIR = {
  sweep: 'phase-map',
  races: [
    { preset: 'bandit-smaller-beta', cell: 32 },
    { preset: 'bandit-larger-beta', cell: 34 },
  ],
} as const;
