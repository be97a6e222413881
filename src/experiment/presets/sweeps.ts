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

export const SWEEPS: readonly SweepPreset[] = [
  sweepPreset(
    'phase-map',
    'What PILAF saves over Vanilla, by reward range and β',
    'Bandits, 20 seeds a cell. Watch where PILAF needs fewer labels, and where it never gets there.',
    {
      base: {
        ...race,
        arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
        // A race of 4,000 steps in every cell would take most of an hour on two cores.
        schedule: { steps: 1500, pairs: 32, learningRate: 'linear' },
        evaluation: { every: 50 },
      },
      axes: [
        { path: 'task.rewardScale', values: [0.3, 0.55, 1, 1.8, 3.2, 5.6, 10] },
        { path: 'beta', values: [0.03, 0.065, 0.14, 0.3, 0.65, 1.4, 3] },
      ],
    },
  ),
];

export const findSweep = (id: string): SweepPreset | undefined => SWEEPS.find((sweep) => sweep.id === id);
