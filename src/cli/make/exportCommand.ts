import { join } from 'node:path';
import { problemText } from '../../experiment/reading';
import { problemOf } from '../../training/checkpointAt';
import { takeout, type Files } from '../../training/takeout/takeout';
import { readArguments } from '../arguments';
import { EXIT, sentence, UsageError } from '../errors';
import { loadCheckpoint, makeFolder, refuseExisting, writeTogether } from '../files';
import { loadConfig } from '../run/configSource';

/** `lab export trl`: an experiment as a folder that runs it on transformers and TRL. */
export async function exportCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('export', args, {
    set: { type: 'string', multiple: true, default: [] },
    model: { type: 'string' },
    out: { type: 'string' },
  });
  const [target, source, surplus] = positionals;
  if (target !== 'trl' || source === undefined || surplus !== undefined) {
    throw new UsageError(`export takes trl and one preset, config or link; given was "${positionals.join(' ')}"`);
  }
  const { out } = values;
  if (out === undefined) throw new UsageError('export needs --out, the folder to write');
  const { config } = await loadConfig(source, values.set);
  let files: Files;
  try {
    files = await takeout(config, loadCheckpoint, values.model);
  } catch (error) {
    throw new UsageError(sentence(problemText([problemOf(error)])), { cause: error });
  }
  makeFolder(out);
  refuseExisting(Object.keys(files).map((path) => join(out, path)));
  if (Object.keys(files).some((path) => path.startsWith('model/'))) makeFolder(join(out, 'model'));
  writeTogether(Object.entries(files).map(([path, content]) => ({ path: join(out, path), content })));
  process.stdout.write(`The experiment is in ${out}; its README.md says how to run it.\n`);
  return EXIT.success;
}
