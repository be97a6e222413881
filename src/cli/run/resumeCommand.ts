import { parseStored, type StoredExperiment } from '../../run/storedExperiment';
import { optionsAgain, readArguments, readBackend, readWorkers } from '../arguments';
import { readLabels } from './labels';
import { known, sentence, UsageError } from '../errors';
import { perform } from './perform';
import { readBytes } from '../readFile';

/** `lab resume`: goes on with an experiment that `run --save` saved. */
export async function resumeCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('resume', args, {
    out: { type: 'string' },
    weights: { type: 'string' },
    workers: { type: 'string' },
    backend: { type: 'string' },
    labels: { type: 'string' },
  });
  const [save, surplus] = positionals;
  if (save === undefined) throw new UsageError('resume needs the file that run --save wrote');
  if (surplus !== undefined) throw new UsageError(`resume takes one file; "${surplus}" is too much`);
  const from = load(save);
  const { config, backend } = from.results;
  const { out, weights } = values;
  const workers = readWorkers(values.workers);
  const labels = readLabels(config, values.labels);
  // Its hashes are those of the backend that it began on.
  const on = readBackend(values.backend ?? backend.name);
  const again = optionsAgain({ out, weights, workers: values.workers, labels: values.labels });
  return perform({ title: save, config, backend: on, workers, out, save, weights, again, saveEvery: 30, from, labels });
}

function load(path: string): StoredExperiment {
  let bytes: Uint8Array;
  try {
    bytes = readBytes(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UsageError(missing ? `there is no file "${path}"` : `${path}: ${sentence(error)}`, { cause: error });
  }
  return known(parseStored(bytes), path);
}
