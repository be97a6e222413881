import { availableParallelism } from 'node:os';
import { setImmediate as breathe } from 'node:timers/promises';
import { problemText } from '../../experiment/reading';
import type { BackendInfo } from '../../experiment/documents/results';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { inParts } from '../../run/inParts';
import { memoryProblem } from '../../run/memory';
import { Pool } from '../../run/pool';
import { givenUpText } from '../../run/recordReport';
import { Runner, StateTooLarge } from '../../run/runner';
import type { LabelRecord } from '../../experiment/documents/labels';
import type { StoredExperiment } from '../../run/storedExperiment';
import type { Task } from '../../training/task';
import type { Question } from '../../training/annotator';
import { recordedAnswers } from '../../training/recordedAnswers';
import type { ExperimentSnapshot } from '../../training/snapshot';
import type { OnTrained } from '../../training/trained';
import { sentence, UsageError } from '../errors';
import { nodeEnvironment } from '../nodeRuntime';
import { ProcessWorker } from '../pool/processWorker';
import type { Progress } from '../progress';

export interface Execution {
  readonly backend: BackendInfo;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** How many processes train it; undefined: as many as are worth it. */
  readonly workers: number | undefined;
  /** Whether this process trains nothing: its GPU is gone. */
  readonly apart?: boolean;
  /** Where the experiment is restored from. */
  readonly from?: StoredExperiment | undefined;
  /** A person's, where one labels; the experiment ends with them. */
  readonly labels?: readonly LabelRecord[] | undefined;
  /** Is told what every step trains on; the race is then trained in this process. */
  readonly onTrained?: OnTrained | undefined;
  /** Seconds from one saving to the next. */
  readonly saveEvery: number;
  /** Called after the last step of an experiment that is interrupted, or has no more labels, too. */
  readonly save?: ((state: Uint8Array) => void) | undefined;
}

/** Runs an experiment to its end. Throws UsageError where it does not fit. */
export async function execute(config: ExperimentConfig, task: Task, execution: Execution): Promise<Runner> {
  const { backend, signal, progress, workers, apart = false, from, saveEvery, save, labels, onTrained } = execution;
  const tooLarge = memoryProblem(config, task, backend.name);
  if (tooLarge) throw new UsageError(problemText([tooLarge]));
  const { now, check } = nodeEnvironment(backend);
  // A GPU that has come back is another one. Without a state to go on from, the runs that are left are all there is.
  const pool = new Pool(() => new ProcessWorker(backend.name, !apart, save === undefined), backend.name);
  try {
    // Another GPU may be there in the place of one that is gone: the results say so then.
    const ranOn = apart ? (await pool.first()).backend : backend;
    const cores = availableParallelism();
    const experiment = inParts({ pool, backend: backend.name, asked: workers, cores, apart, checkpoints: [], now });
    const runner = new Runner(
      config,
      task,
      { backend: ranOn, now, experiment, check: apart ? undefined : check },
      from,
    );
    let answered = 0;
    let over = false;
    let storable = save !== undefined;
    let unstored = '';
    const wantsSnapshot = () => storable && (signal.aborted || over || runner.secondsSinceSnapshot() > saveEvery);
    /** A state that cannot be made must not end what trains well. */
    const stored = (snapshot: ExperimentSnapshot): Uint8Array | null => {
      try {
        return runner.stored(snapshot);
      } catch (error) {
        if (error instanceof StateTooLarge) storable = false;
        const said = `The state cannot be stored: ${sentence(error)}${signal.aborted || over ? '' : ' The run goes on.'}\n`;
        if (said !== unstored) process.stderr.write(said);
        unstored = said;
        return null;
      }
    };
    const ask =
      labels &&
      (async (questions: readonly Question[]) => {
        const answers = recordedAnswers(labels, questions);
        if (answers) answered += answers.length;
        else if (answered === 0) throw new UsageError(noLabels(questions));
        else over = true;
        return answers;
      });
    for await (const report of runner.run({ signal, wantsSnapshot, ask, onTrained })) {
      if (report.type === 'snapshot') {
        const state = stored(report.snapshot);
        if (state) save?.(state);
      } else if (report.type === 'givenUp') process.stderr.write(`${givenUpText(report, runner.history)}\n`);
      else if (report.type === 'progress') {
        runner.watch.lap();
        progress.update(report.step, `${Math.round(runner.timing().pairsPerSecond)} pairs/s`, runner.secondsLeft());
      }
      // On backends that compute at once, signals would never be heard otherwise.
      await breathe();
    }
    return runner;
  } finally {
    pool.end();
  }
}

function noLabels([first]: readonly Question[]): string {
  const which = first
    ? `, such as pair ${first.pair} of arm "${first.arm}", seed ${first.seed}, step ${first.step}`
    : '';
  return `--labels: the file does not have all labels of this experiment’s first pairs${which}`;
}
