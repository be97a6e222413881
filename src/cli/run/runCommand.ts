import { optionsAgain, readArguments, readBackend, readSeconds, readWorkers } from '../arguments';
import { loadConfig } from './configSource';
import { readLabels } from './labels';
import { UsageError } from '../errors';
import { perform } from './perform';

/** `lab run`: a preset, a config file or a link. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('run', args, {
    set: { type: 'string', multiple: true, default: [] as string[] },
    backend: { type: 'string' },
    out: { type: 'string' },
    save: { type: 'string' },
    'save-every': { type: 'string' },
    weights: { type: 'string' },
    workers: { type: 'string' },
    labels: { type: 'string' },
    pairs: { type: 'string' },
  });
  const [source, surplus] = positionals;
  if (source === undefined) throw new UsageError('run needs the name of a preset, a config file or a link');
  if (surplus !== undefined)
    throw new UsageError(`run takes one preset, config file or link; "${surplus}" is too much`);
  const backend = readBackend(values.backend);
  const saveEvery = readSeconds('--save-every', values['save-every'] ?? '30');
  const { config, title } = await loadConfig(source, values.set);
  const { out, save, weights, pairs } = values;
  const labels = readLabels(config, values.labels);
  return perform({
    source,
    title,
    config,
    backend,
    workers: readWorkers(values.workers),
    out,
    save,
    weights,
    pairs,
    again: optionsAgain({ out, weights, workers: values.workers, labels: values.labels }),
    saveEvery,
    labels,
  });
}
