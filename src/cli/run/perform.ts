import type { BackendName } from '../../experiment/documents/results';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { isStorable, muchMemory } from '../../run/memory';
import { otherModel } from '../../run/models';
import type { StoredExperiment } from '../../run/storedExperiment';
import { quoted } from '../arguments';
import { EXIT, UsageError } from '../errors';
import { execute } from './execute';
import { makeFolder, removeFile } from '../files';
import { onInterrupt } from '../interrupt';
import type { LabelsFile } from './labels';
import { startBackend, untilLost } from '../nodeRuntime';
import { outlast } from './outlast';
import { checkOutputs, rescueState, stateWriter, writeResults } from './outputs';
import { checkReplayable, openPairsFile } from './pairsFile';
import { prepared } from './prepared';
import { startProgress } from '../progress';
import { summary } from './summary';
import { withWayOn } from './withWayOn';
import { writeWeights } from './writeWeights';

export interface Performance {
  /** For the progress bar. */
  readonly title: string;
  readonly config: ExperimentConfig;
  readonly backend: BackendName | undefined;
  /** How many processes train it where there is no GPU; undefined: as many as are worth it, at most one a core. */
  readonly workers: number | undefined;
  readonly out: string | undefined;
  /** Where the state is saved; removed once the experiment is complete and its results are written. */
  readonly save: string | undefined;
  /** The folder for the weights that the runs end with. */
  readonly weights: string | undefined;
  /** The file that gets every pair that is trained on. */
  readonly pairs?: string | undefined;
  /** The options with which `resume` does what was asked for, but for the backend. */
  readonly again: readonly string[];
  /** Seconds from one saving to the next. */
  readonly saveEvery: number;
  readonly from?: StoredExperiment;
  /** A person's, where one labels. */
  readonly labels?: LabelsFile | undefined;
  /** As it was given: a file, or something else. */
  readonly source?: string;
}

/**
 * An experiment to its end, or until somebody interrupts it, with the table at its end. All that can be wrong is checked
 * first. Returns the exit code.
 */
export async function perform({
  title,
  config,
  backend: only,
  workers,
  out,
  save,
  weights,
  pairs,
  again,
  saveEvery,
  from,
  source,
  labels,
}: Performance): Promise<number> {
  checkOutputs({ out, save, pairs }, { resumed: from && save, source, labels: labels?.file });
  const task = await prepared(config);
  const other = otherModel(from?.models, task.models);
  if (other !== null) throw new UsageError(`${save ?? ''}: ${other}`);
  const much = muchMemory(config, task);
  if (much) process.stderr.write(`This race takes about ${much}.\n`);
  const storable = isStorable(config, task);
  if (save !== undefined && !storable) {
    const runs = config.arms.length * config.seeds;
    throw new UsageError(`--save: the state of ${runs} runs is too large to be stored; race fewer seeds at a time`);
  }
  if (weights !== undefined) makeFolder(weights, '--weights');
  if (pairs !== undefined) checkReplayable(config);
  const abort = new AbortController();
  const forget = onInterrupt(() => abort.abort());
  const backend = await startBackend(only);
  // Nothing is there to go on from where the interrupt came before the first step.
  let saved = from !== undefined;
  let written = true;
  let ended: boolean;
  let givenUp: number;
  /** The last state, where nobody has asked for a file of it. */
  let last: Uint8Array | null = null;
  const write = save === undefined ? null : stateWriter(save);
  const pairsFile = pairs === undefined ? null : openPairsFile(pairs, config, backend.info);
  try {
    const progress = startProgress(title, config.schedule.steps);
    // Whoever labels, or writes pairs, needs the one process.
    const canMove = storable && backend.info.name === 'webgpu' && pairs === undefined && labels === undefined;
    const execution = {
      backend: backend.info,
      workers,
      signal: abort.signal,
      progress,
      from,
      labels: labels?.records,
      onTrained: pairsFile?.onTrained,
      saveEvery,
      save:
        write === null && !canMove
          ? undefined
          : (state: Uint8Array) => {
              if (write) saved = write(state) || saved;
              else last = state;
            },
    };
    const running = canMove
      ? outlast(config, task, execution, backend)
      : untilLost(backend, execute(config, task, execution));
    const runner = await running.finally(progress.clear);
    if (pairsFile) written = pairsFile.end(runner.policies);
    const results = runner.results();
    process.stdout.write(summary(results, runner.history!, backend.reasons));
    ({ givenUp } = runner);
    ended = results.runs.filter(({ status }) => status === 'stopped').length === givenUp;
    if (out !== undefined) written = writeResults(out, `${JSON.stringify(results)}\n`) && written;
    if (weights !== undefined) {
      process.stdout.write(writeWeights(weights, runner));
    }
  } catch (error) {
    const rescue = () => (save === undefined && last ? rescueState(out, last) : null);
    throw withWayOn(error, { save, saved, again, rescue });
  } finally {
    forget();
    backend.release();
  }
  if (!written) return EXIT.failure;
  if (save !== undefined && saved) {
    const resume = `npm run lab -- ${quoted(['resume', save, ...again])}`;
    if (!ended) process.stdout.write(`Go on with: ${resume}\n`);
    else if (out === undefined) process.stdout.write(`For a file of these results: ${resume} --out <file>\n`);
    else removeFile(save);
  }
  if (abort.signal.aborted) return EXIT.interrupted;
  return givenUp > 0 ? EXIT.failure : EXIT.success;
}
