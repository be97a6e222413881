import type { SweepCell } from '../experiment/documents/sweepResults';
import { cellCount, valueText, type SweepDocument } from '../experiment/documents/sweep';
import { FIELDS } from '../experiment/config/fields';
import { armName } from '../experiment/config/names';
import type { ExperimentConfig, TunableField } from '../experiment/config/schema';
import { trialsOf, tunedBy, tunedRace, type Trial } from '../experiment/config/tuned';
import type { Interval } from '../math/statistics';

/**
 * What tuning has found. The criterion was fixed before any of it ran: the mean over seeds of each run's mean J over the
 * evaluations in the last quarter of the steps. A trial of which a run has diverged is never the best.
 */
export interface TunedArm {
  readonly arm: number;
  readonly name: string;
  readonly tried: readonly Tried[];
  /** Null where no trial has ended without divergence. */
  readonly best: Tried | null;
  /** Settings whose best value is the smallest or largest that was tried, though several were: a better one may lie beyond. */
  readonly atEdge: readonly TunableField[];
}

export interface Tried extends Trial {
  /** 95% over the tuning seeds; null before the cell has ended. */
  readonly late: Interval | null;
  readonly diverged: number;
}

export function tunedArms({ base, tuning }: SweepDocument, cells: readonly SweepCell[]): TunedArm[] {
  if (!tuning) return [];
  const { arms } = base as ExperimentConfig;
  const tried = trialsOf(arms, tuning.over).map((trial, number): Tried => {
    const found = cells.find((cell) => cell.number === number)?.arms[0];
    return { ...trial, late: found?.lateObjective ?? null, diverged: found?.diverged ?? 0 };
  });
  return arms.map((arm, index) => {
    const own = tried.filter((trial) => trial.arm === index);
    const good = own.filter(({ late, diverged }) => late !== null && diverged === 0);
    const best = good.toSorted((a, b) => b.late!.mean - a.late!.mean)[0] ?? null;
    return { arm: index, name: armName(arm), tried: own, best, atEdge: best ? edges(best, own) : [] };
  });
}

function edges(best: Tried, own: readonly Tried[]): TunableField[] {
  return (['learningRate', 'alpha', 'n'] as const).filter((field) => {
    const values = [...new Set(own.flatMap(({ values }) => values[field] ?? []))];
    const value = best.values[field];
    return value !== undefined && values.length > 1 && (value === Math.min(...values) || value === Math.max(...values));
  });
}

/** The race with every arm at its best; null where an arm has none, or before all cells have ended. */
export function tunedConfig(document: SweepDocument, cells: readonly SweepCell[]): ExperimentConfig | null {
  const { base, tuning } = document;
  if (!tuning || cells.length < cellCount(document)) return null;
  const chosen = tunedArms(document, cells).flatMap(({ best }) => best ?? []);
  const race = base as ExperimentConfig;
  return chosen.length < race.arms.length ? null : tunedRace(race, tuning, chosen);
}

/** "Learning rate = 0.001, α = 0.5" */
export const trialText = (values: Trial['values']): string =>
  Object.entries(values)
    .map(([field, value]) => `${LABELS[field as TunableField]} = ${valueText(value)}`)
    .join(', ');

const LABELS: Readonly<Record<TunableField, string>> = {
  learningRate: FIELDS.learningRate.label,
  alpha: 'α',
  n: FIELDS.n.label,
  loss: 'Loss',
};

/** A warning where an arm's best lies at the edge of what was tried; null where it does not. */
export function edgeNote({ name, best, atEdge }: TunedArm): string | null {
  if (!best || atEdge.length === 0) return null;
  const named = atEdge.map((field) => `${LABELS[field]} = ${valueText(best.values[field])}`).join(' and ');
  return `${name} is best at the edge of what was tried, ${named}: a better value may lie beyond.`;
}

/** How a race's arms came by their values, in a sentence; null where they are not tuned. */
export function tuningNote(config: ExperimentConfig): string | null {
  if (!config.tuned) return null;
  const tuned = tunedBy(config);
  if (!tuned) return 'The arms’ values were tuned for other settings than these.';
  const { over, seeds, firstSeed } = tuned;
  const tried = over.map(({ field, values }) => `${LABELS[field]} ${values.map(valueText).join(', ')}`).join('; ');
  const own = config.arms.map((arm) => {
    const values = over.flatMap(({ field }) => (arm[field] === undefined ? [] : [valueText(arm[field])]));
    return `${armName(arm)} ${values.join(', ')}`;
  });
  return `Tuned: every arm tried ${tried} on seeds ${firstSeed} to ${firstSeed + seeds - 1} and has the best by mean J over the last quarter of the steps: ${own.join('; ')}.`;
}
