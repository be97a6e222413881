import type { BackendName } from '../../experiment/documents/results';
import type { ExperimentConfig } from '../../experiment/config/schema';
import type { LabelRecord } from '../../experiment/documents/labels';
import { muchMemory } from '../../run/memory';
import type { StoredExperiment } from '../../run/storedExperiment';
import { EXIT } from '../errors';
import { execute } from './execute';
import { makeFolder, removeFile } from '../files';
import { onInterrupt } from '../interrupt';
import { startBackend, untilLost } from '../nodeRuntime';
import { outlast } from './outlast';
import { checkOutputs, stateWriter, writeResults } from './outputs';
import { checkPairsFile, openPairsFile } from './pairsFile';
import { prepared } from './prepared';
import { startProgress } from '../progress';
import { summary } from './summary';
import { withoutGpu } from './withoutGpu';
import { writeWeights } from './writeWeights';

export interface Performance {
  /** For the progress bar. */
  readonly title: string;
  readonly config: ExperimentConfig;
  readonly backend: BackendName | undefined;
  /** How many processes train it where there is no GPU; undefined: as many as are worth it, at most one a core. */
  readonly workers: number | undefined;
  readonly out: string | undefined;
  /** Where the state is saved; removed once the experiment is complete. */
  readonly save: string | undefined;
  /** The folder for the weights that the runs end with. */
  readonly weights: string | undefined;
  /** The file that gets every pair that is trained on. */
  readonly pairs?: string | undefined;
  /** Seconds from one saving to the next. */
  readonly saveEvery: number;
  readonly from?: StoredExperiment;
  /** A person's, where one labels. */
  readonly labels?: readonly LabelRecord[] | undefined;
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
  saveEvery,
  from,
  source,
  labels,
}: Performance): Promise<number> {
  checkOutputs({ out, save }, from && save, source);
  const task = await prepared(config);
  const much = muchMemory(config, task);
  if (much) process.stderr.write(`This race takes about ${much}.\n`);
  if (weights !== undefined) makeFolder(weights, '--weights');
  if (pairs !== undefined) checkPairsFile(pairs, config);
  const abort = new AbortController();
  const forget = onInterrupt(() => abort.abort());
  const backend = await startBackend(only);
  // Nothing is there to go on from where the interrupt came before the first step.
  let saved = from !== undefined;
  let complete = true;
  const more = labels ? ' --labels <file.jsonl>' : '';
  const write = save === undefined ? null : stateWriter(save);
  const pairsFile = pairs === undefined ? null : openPairsFile(pairs, config, backend.info);
  try {
    const progress = startProgress(title, config.schedule.steps);
    const execution = {
      backend: backend.info,
      workers,
      signal: abort.signal,
      progress,
      from,
      labels,
      onTrained: pairsFile?.onTrained,
      saveEvery,
      save:
        write === null
          ? undefined
          : (state: Uint8Array) => {
              saved = write(state) || saved;
            },
    };
    // Whoever labels, or writes pairs, needs the one process.
    const canMove = backend.info.name === 'webgpu' && pairs === undefined && labels === undefined;
    const running = canMove
      ? outlast(config, task, execution, backend)
      : untilLost(backend, execute(config, task, execution));
    const runner = await running.finally(progress.clear);
    pairsFile?.end(runner.policies);
    const results = runner.results();
    process.stdout.write(summary(results, runner.history!, backend.reasons));
    if (out !== undefined) complete = writeResults(out, `${JSON.stringify(results)}\n`);
    if (weights !== undefined) {
      process.stdout.write(writeWeights(weights, runner));
    }
  } catch (error) {
    throw backend.info.name === 'webgpu' ? withoutGpu(error, { save, saved, more }) : error;
  } finally {
    forget();
    backend.release();
  }
  if (!complete) return EXIT.failure;
  if (!abort.signal.aborted) {
    if (save !== undefined && saved) removeFile(save);
    return EXIT.success;
  }
  if (save !== undefined && saved) process.stdout.write(`Go on with: npm run lab -- resume ${save}${more}\n`);
  return EXIT.interrupted;
}
