import type { Results } from '../experiment/results';
import type { ExperimentConfig } from '../experiment/schema';
import { prepareProblem } from '../training/prepareProblem';
import type { Problem } from '../training/problem';
import { readArguments, readBackend } from './arguments';
import { loadConfig } from './configSource';
import { EXIT, sentence, UsageError } from './errors';
import { execute } from './execute';
import { checkWritable, loadCheckpoint, writeAtomically } from './files';
import { startBackend } from './nodeRuntime';
import { startProgress } from './progress';
import { onInterrupt } from './interrupt';
import { summary } from './summary';

/** `lab run`: an experiment to its end, or until somebody interrupts it. All that can be wrong is checked first. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('run', args, {
    set: { type: 'string', multiple: true, default: [] as string[] },
    backend: { type: 'string' },
    out: { type: 'string' },
  });
  const [source, surplus] = positionals;
  if (source === undefined) throw new UsageError('run needs the name of a preset or a config file');
  if (surplus !== undefined) throw new UsageError(`run takes one preset or config file; "${surplus}" is too much`);
  const only = readBackend(values.backend);
  const config = loadConfig(source, values.set);
  if (values.out !== undefined) checkWritable(values.out);
  const problem = await prepared(config);

  const abort = new AbortController();
  const forget = onInterrupt(() => abort.abort());
  const backend = await startBackend(only);
  let results: Results;
  try {
    const progress = startProgress(source, config.schedule.steps);
    const running = execute(config, problem, { backend: backend.info, signal: abort.signal, progress });
    results = await Promise.race([running, backend.lost]).finally(progress.clear);
  } finally {
    forget();
    backend.release();
  }

  process.stdout.write(summary(results, backend.reasons));
  if (values.out !== undefined) {
    writeAtomically(values.out, `${JSON.stringify(results)}\n`);
    process.stdout.write(`Results are in ${values.out}.\n`);
  }
  return abort.signal.aborted ? EXIT.interrupted : EXIT.success;
}

async function prepared(config: ExperimentConfig): Promise<Problem> {
  try {
    return await prepareProblem(config, loadCheckpoint);
  } catch (error) {
    throw new UsageError(`task.checkpoint: ${sentence(error)}`, { cause: error });
  }
}
