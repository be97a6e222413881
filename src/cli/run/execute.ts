import { problemText } from '../../experiment/reading';
import { setImmediate as breathe } from 'node:timers/promises';
import { createHistory, historyOf, resultsOf } from '../../experiment/documents/history';
import type { BackendInfo, Results } from '../../experiment/documents/results';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { checkDevice } from '../../training/checkDevice';
import { memoryProblem } from '../../training/memory';
import type { Policies } from '../../training/policies';
import type { Task } from '../../training/task';
import { recordReport } from '../../run/recordReport';
import { RepeatedCheck } from '../../training/repeatedCheck';
import { runExperiment } from '../../training/runExperiment';
import type { SavedExperiment } from '../../training/savedExperiment';
import { UsageError } from '../errors';
import type { Progress } from '../progress';

export interface Execution {
  readonly backend: BackendInfo;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Where to go on from. */
  readonly from?: SavedExperiment | undefined;
  /** Seconds from one saving to the next. */
  readonly saveEvery: number;
  /** Called after the last step of an experiment that is interrupted, too. */
  readonly save?: ((saved: SavedExperiment) => void) | undefined;
  /** Called with what the runs have learnt, at the end; not where the experiment was stopped before its first step. */
  readonly ended?: ((policies: Policies) => void) | undefined;
}

/** Pumps an experiment to its end and returns its results document. Throws UsageError where it does not fit. */
export async function execute(config: ExperimentConfig, task: Task, execution: Execution): Promise<Results> {
  const { backend, signal, progress, from, saveEvery, save, ended } = execution;
  const tooLarge = memoryProblem(config, task, backend.name);
  if (tooLarge) throw new UsageError(problemText([tooLarge]));
  const start = performance.now();
  const before = from?.results.timing.seconds ?? 0;
  const seconds = () => before + (performance.now() - start) / 1000;
  let history = from ? historyOf(from.results) : null;
  let pairs = from ? Math.round(from.results.timing.pairsPerSecond * before) : 0;
  let savedAt = start;
  const results = () => resultsOf(history!, backend, { seconds: seconds(), pairsPerSecond: pairs / seconds() });
  const wantsSnapshot = () => save !== undefined && (signal.aborted || performance.now() - savedAt > 1000 * saveEvery);
  // A GPU may be right in small and wrong at this size, or go wrong later.
  const checkGpu = async () => (backend.name === 'webgpu' ? checkDevice(config, task) : undefined);
  const check = new RepeatedCheck(checkGpu, config.schedule.steps, () => performance.now());
  await check.begin();
  for await (const report of runExperiment(config, task, { signal, wantsSnapshot }, from?.snapshot)) {
    if (report.type === 'started') history ??= createHistory(config, report);
    else if (report.type === 'snapshot') {
      save?.({ results: results(), snapshot: report.snapshot });
      savedAt = performance.now();
    } else if (report.type === 'weights') ended?.(report);
    else if (report.type === 'progress') {
      pairs += report.pairs;
      progress.update(report.step, `${Math.round(pairs / seconds())} pairs/s`);
      // A macrotask between steps: on backends that compute at once, signals would never be heard otherwise.
      await breathe();
    } else recordReport(history!, report);
    if (report.type === 'evaluation') await check.evaluated(report.step);
  }
  return results();
}
