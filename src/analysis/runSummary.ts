import { armName } from '../experiment/config/names';
import { comparableObjectives } from '../experiment/config/config';
import { historyOf } from '../experiment/documents/history';
import type { EngineInfo, Results } from '../experiment/documents/results';
import type { ExperimentConfig } from '../experiment/config/schema';
import { Fingerprint } from '../math/hash';
import type { Interval } from '../math/statistics';
import { lastMean } from './aggregate';

/** One line about a whole experiment, for a list of many. */
export interface RunSummary {
  readonly task: ExperimentConfig['task']['kind'];
  readonly arms: readonly string[];
  readonly seeds: number;
  /** Planned, and reached by its last evaluation. */
  readonly steps: number;
  readonly reached: number;
  readonly backend: EngineInfo;
  /** The highest final J, among the arms whose β is the first one's; null where no arm has one. */
  readonly best: ({ readonly arm: string } & Interval) | null;
  /** One hash of all runs' hashes in their order; '' where a run has none. */
  readonly hash: string;
}

export function runSummary(results: Results): RunSummary {
  const { config, backend, runs } = results;
  return {
    task: config.task.kind,
    arms: config.arms.map(armName),
    seeds: config.seeds,
    steps: config.schedule.steps,
    reached: Math.max(0, ...runs.map(({ evaluations }) => evaluations.at(-1)?.step ?? 0)),
    backend,
    best: bestArm(results),
    hash: wholeHash(runs.map(({ hash }) => hash)),
  };
}

function bestArm(results: Results): RunSummary['best'] {
  const history = historyOf(results);
  const candidates = history.arms.flatMap((arm, i) => {
    const last = comparableObjectives(results.config, i, 0) ? lastMean(history, i, 'objective') : null;
    return last ? [{ arm, mean: last.mean, half: last.half }] : [];
  });
  return candidates.sort((a, b) => b.mean - a.mean)[0] ?? null;
}

/** The same where every run's hash is the same. */
export function wholeHash(hashes: readonly string[]): string {
  if (hashes.length === 0 || hashes.includes('')) return '';
  const whole = new Fingerprint();
  for (const character of hashes.join(' ')) whole.addNumber(character.codePointAt(0)!);
  return whole.digest();
}
