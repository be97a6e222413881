import { cellSummary } from '../analysis/cellSummary';
import { createHistory, type RaceHistory } from '../experiment/documents/history';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { ArmSummary } from '../experiment/documents/sweepResults';
import type { Task } from '../training/task';
import { recordReport } from '../run/recordReport';
import { runExperiment } from '../training/runExperiment';

/** What a cell needs of the thread it runs in. */
export interface CellEnvironment {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Lets the thread's message queue run. */
  readonly breathe: () => Promise<void>;
  /** The step in hand; now and then. */
  readonly onStep: (step: number) => void;
}

/** Steps are told at most this often, in milliseconds. */
const STEP_INTERVAL = 200;

/** Runs one cell of a sweep to its end: only what a sweep keeps of it comes back. A cell is never paused. */
export async function runCell(
  config: ExperimentConfig,
  task: Task,
  { now, breathe, onStep }: CellEnvironment,
): Promise<readonly ArmSummary[]> {
  let told = now();
  let history: RaceHistory | null = null;
  const { signal } = new AbortController();
  for await (const report of runExperiment(config, task, { signal })) {
    if (report.type === 'started') history = createHistory(config, report);
    else if (report.type !== 'progress') recordReport(history!, report);
    else if (now() - told >= STEP_INTERVAL) {
      told = now();
      onStep(report.step);
      await breathe();
    }
  }
  return cellSummary(history!);
}
