import { cellSummary } from '../analysis/cellSummary';
import { problemText } from '../experiment/reading';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { Task } from '../training/task';
import { memoryProblem } from './memory';
import type { CellResult } from './orders';
import { Runner, type RunnerEnvironment } from './runner';

export interface CellEnvironment extends RunnerEnvironment {
  /** Lets the thread's message queue run. */
  readonly breathe: () => Promise<void>;
  /** The step in hand; now and then. */
  readonly onStep: (step: number) => void;
}

/** Steps are told at most this often, in milliseconds. */
const STEP_INTERVAL = 200;

/** Runs one cell of a sweep to its end: only what a sweep keeps of it comes back. A cell is never paused. */
export async function runCell(config: ExperimentConfig, task: Task, environment: CellEnvironment): Promise<CellResult> {
  const { backend, now, breathe, onStep } = environment;
  const tooLarge = memoryProblem(config, task, backend.name);
  if (tooLarge) throw new Error(problemText([tooLarge]));
  onStep(0);
  let told = now();
  const runner = new Runner(config, task, environment);
  const { signal } = new AbortController();
  for await (const report of runner.run({ signal })) {
    if (report.type !== 'progress') continue;
    runner.watch.lap();
    if (now() - told < STEP_INTERVAL) continue;
    told = now();
    onStep(report.step);
    await breathe();
  }
  return { arms: cellSummary(runner.history!), seconds: runner.watch.seconds() };
}
