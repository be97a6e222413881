import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderOf, parseTextModel, type ModelFolder } from '../../policy/textModel';
import { readArguments } from '../arguments';
import { EXIT, sentence, UsageError } from '../errors';
import { makeFolder, writeTogether } from '../files';

/** `lab unpack`: a text policy's one file as the folder that `transformers` loads. */
export function unpackCommand(args: readonly string[]): number {
  const { values, positionals } = readArguments('unpack', args, { out: { type: 'string' } });
  const [path, surplus] = positionals;
  if (path === undefined || surplus !== undefined) throw new UsageError('unpack takes one .safetensors file');
  if (values.out === undefined) throw new UsageError('unpack needs --out, the folder to write');
  let folder: ModelFolder;
  try {
    folder = folderOf(parseTextModel(readFileSync(path)));
  } catch (error) {
    throw new UsageError(`${path}: ${sentence(error)}`, { cause: error });
  }
  makeFolder(values.out);
  const { config, tokenizer, weights } = folder;
  const files = { 'config.json': config, 'tokenizer.json': tokenizer, 'model.safetensors': weights };
  writeTogether(Object.entries(files).map(([name, content]) => ({ path: join(values.out!, name), content })));
  process.stdout.write(`The model is in ${values.out}: ${Object.keys(files).join(', ')}.\n`);
  return EXIT.success;
}
