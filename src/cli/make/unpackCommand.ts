import { join } from 'node:path';
import { folderFiles, type WrittenFolder } from '../../policy/modelFolder';
import { folderOf, parseTextModel } from '../../policy/textModel';
import { parseSafetensors } from '../../policy/safetensors';
import { reviewsFolder } from '../../training/reviewsFolder';
import { parseReviewsCheckpoint } from '../../training/reviewsTask';
import { readArguments } from '../arguments';
import { EXIT, sentence, UsageError } from '../errors';
import { makeFolder, refuseExisting, writeTogether } from '../files';
import { readBytes } from '../readFile';

/** `lab unpack`: a policy's one file, of plain text or of reviews, as the folder that `transformers` loads. */
export function unpackCommand(args: readonly string[]): number {
  const { values, positionals } = readArguments('unpack', args, { out: { type: 'string' } });
  const [path, surplus] = positionals;
  const { out } = values;
  if (path === undefined || surplus !== undefined) throw new UsageError('unpack takes one .safetensors file');
  if (out === undefined) throw new UsageError('unpack needs --out, the folder to write');
  let folder: WrittenFolder;
  try {
    folder = unpacked(readBytes(path));
  } catch (error) {
    throw new UsageError(`${path}: ${sentence(error)}`, { cause: error });
  }
  const files = folderFiles(folder);
  makeFolder(out);
  refuseExisting(Object.keys(files).map((name) => join(out, name)));
  writeTogether(Object.entries(files).map(([name, content]) => ({ path: join(out, name), content })));
  process.stdout.write(`The model is in ${out}: ${Object.keys(files).join(', ')}.\n`);
  return EXIT.success;
}

function unpacked(bytes: Uint8Array): WrittenFolder {
  const isOfReviews = 'words' in parseSafetensors(bytes).metadata;
  if (!isOfReviews) return folderOf(parseTextModel(bytes));
  return reviewsFolder(parseReviewsCheckpoint(bytes));
}
