import { setImmediate as breathe } from 'node:timers/promises';
import {
  appendEvaluation,
  createHistory,
  markDiverged,
  markFinished,
  resultsOf,
  type RaceHistory,
} from '../experiment/history';
import type { BackendInfo, Results } from '../experiment/results';
import type { ExperimentConfig } from '../experiment/schema';
import type { Problem } from '../training/problem';
import type { Report } from '../training/reports';
import { runExperiment } from '../training/runExperiment';
import type { Progress } from './progress';

export interface Execution {
  readonly backend: BackendInfo;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Pumps an experiment to its end and returns its results document. */
export async function execute(config: ExperimentConfig, problem: Problem, execution: Execution): Promise<Results> {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  let history: RaceHistory | null = null;
  let pairs = 0;
  for await (const report of runExperiment(config, problem, { signal: execution.signal })) {
    if (report.type === 'started') history = createHistory(config, report);
    else if (report.type === 'progress') {
      pairs += report.pairs;
      execution.progress.update(report.step, `${Math.round(pairs / seconds())} pairs/s`);
      // A macrotask between steps: on backends that compute at once, signals would never be heard otherwise.
      await breathe();
    } else record(history!, report);
  }
  return resultsOf(history!, execution.backend, { seconds: seconds(), pairsPerSecond: pairs / seconds() });
}

function record(history: RaceHistory, report: Exclude<Report, { type: 'started' | 'progress' }>): void {
  switch (report.type) {
    case 'evaluation':
      for (const { run, evaluation } of report.evaluations) appendEvaluation(history, run, evaluation);
      return;
    case 'pairs':
    case 'compiling':
      return;
    case 'diverged':
      return markDiverged(history, report.run, report.step);
    case 'finished':
      return markFinished(history, report.runs);
    default:
      report satisfies never;
  }
}
