import { readArguments, readBackend, readSeconds } from './arguments';
import { loadConfig } from './configSource';
import { UsageError } from './errors';
import { perform } from './perform';

/** `lab run`: a preset or a config file. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('run', args, {
    set: { type: 'string', multiple: true, default: [] as string[] },
    backend: { type: 'string' },
    out: { type: 'string' },
    save: { type: 'string' },
    'save-every': { type: 'string' },
  });
  const [source, surplus] = positionals;
  if (source === undefined) throw new UsageError('run needs the name of a preset or a config file');
  if (surplus !== undefined) throw new UsageError(`run takes one preset or config file; "${surplus}" is too much`);
  const backend = readBackend(values.backend);
  const saveEvery = readSeconds('--save-every', values['save-every'] ?? '30');
  const config = loadConfig(source, values.set);
  return perform({ title: source, config, backend, out: values.out, save: values.save, saveEvery });
}
