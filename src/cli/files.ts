import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashIn } from '../experiment/config/checkpointName';
import { optimumEnding } from '../experiment/documents/optimumFile';
import { FOLDER_FILES, openModel } from '../training/openModel';
import { sentence, UsageError } from './errors';
import { readBytes, readText } from './readFile';

/** The project's root: the bundle, .lab/lab.mjs, lies one folder below. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Where `pretrain` writes and `run` looks for checkpoints by name; the page ships this folder. */
export const CHECKPOINTS = join(ROOT, 'public', 'checkpoints');

/** Presets' results, which the page ships too. */
export const RECORDED = join(ROOT, 'public', 'recorded');

const ENDING = '.safetensors';

/** Whether a name is a path: where nothing is there, what is shipped under its last part would be another model. */
const isPath = (name: string): boolean => /[./\\]/.test(name);

/** Where a checkpoint lies, or would. */
export const checkpointPath = (name: string): string =>
  isPath(name) ? resolve(name) : join(CHECKPOINTS, `${name}${ENDING}`);

/** Where a checkpoint's estimated optimum lies: beside it. */
export const optimumPath = (name: string, oracle: 'bounded' | 'sum'): string =>
  `${checkpointPath(name).replace(/[.]safetensors$/, '')}.${optimumEnding(oracle)}`;

/** The text beside a checkpoint; null where there is none. */
export async function loadOptimum(name: string, oracle: 'bounded' | 'sum'): Promise<string | null> {
  const path = optimumPath(name, oracle);
  return existsSync(path) ? readText(path) : null;
}

/** A folder in Hugging Face's layout, or with the files of llama2.c: all of its files that a model can be made of. */
function modelFiles(folder: string): Map<string, Uint8Array> {
  const all = readdirSync(folder);
  // What lies beside them may be as large again: the weights in another format, or an optimiser's.
  const names = FOLDER_FILES.every((name) => all.includes(name))
    ? FOLDER_FILES
    : all.filter((name) => /^(config|tokenizer)[.]json$|[.](safetensors|bin|data)$/.test(name));
  return new Map(names.map((name) => [name, readBytes(join(folder, name))]));
}

/**
 * A shipped checkpoint by its name, or by its path a .safetensors file, a model's folder or a file of llama2.c; throws an
 * Error that says what is missing or broken.
 */
export async function loadCheckpoint(name: string): Promise<Uint8Array> {
  const own = resolve(name);
  const kind = statSync(own, { throwIfNoEntry: false });
  if (kind?.isDirectory() && isPath(name)) return openModel(modelFiles(own)).bytes;
  if (kind?.isFile() && /[.](bin|data)$/.test(name)) {
    const beside = join(dirname(own), 'tokenizer.bin');
    const files = existsSync(beside) ? [own, beside] : [own];
    return openModel(new Map(files.map((path) => [basename(path), readBytes(path)]))).bytes;
  }
  const path = checkpointPath(name);
  if (!existsSync(path) && hashIn(name) !== null) {
    throw new Error('a page has imported it: give the path of its .safetensors file with --set');
  }
  if (!existsSync(path)) throw new Error(`there is no file ${path}`);
  if (!statSync(path).isFile()) throw new Error(`${path} is not a file`);
  return readBytes(path);
}

/** Throws UsageError unless a file can be written there: better before the work than after. */
export function checkWritable(path: string, option = '--out'): void {
  if (path === '') throw new UsageError(`${option}: the name of the file is empty`);
  const folder = dirname(resolve(path));
  if (!existsSync(folder)) throw new UsageError(`${option}: there is no folder ${folder}`);
  if (!statSync(folder).isDirectory()) throw new UsageError(`${option}: ${folder} is not a folder`);
  if (existsSync(path) && !statSync(path).isFile())
    throw new UsageError(`${option}: ${path} is there already and not a file`);
  try {
    // Only writing tells: permissions say nothing of a file system that takes no files, or of a name that is too long.
    writeFileSync(temporaryPath(path), '');
    rmSync(temporaryPath(path));
  } catch (error) {
    throw new UsageError(`${option}: ${path} cannot be written: ${sentence(error)}`, { cause: error });
  }
}

/** Whether two paths are of one file, also by way of links; neither need be there yet. */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  if (a && b) return a.ino === b.ino && a.dev === b.dev;
  return realPath(one) === realPath(other);
}

/** The path behind all links of a file that need not be there, in a folder that is. */
function realPath(path: string): string {
  const whole = resolve(path);
  return existsSync(whole) ? realpathSync(whole) : join(realpathSync(dirname(whole)), basename(whole));
}

/** Whether something is there that writing would destroy; an empty file is nothing. */
export const holdsSomething = (path: string): boolean => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;

/** Throws UsageError where one of these files is there already: nobody has said that it may go. */
export function refuseExisting(paths: readonly string[]): void {
  const there = paths.find(holdsSomething);
  if (there !== undefined)
    throw new UsageError(`--out: ${there} is there already; give another folder, or move it away`);
}

/** Makes a folder, and those above it; throws UsageError where that is not possible, or nothing can be written there. */
export function makeFolder(path: string, option = '--out'): void {
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK);
  } catch (error) {
    const reason = sentence(error);
    throw new UsageError(`${option}: the folder "${path}" cannot be made or written to: ${reason}`, { cause: error });
  }
}

const temporaryPath = (path: string): string => `${path}.${process.pid}.tmp`;

/** Whole or not at all: a reader never sees half a file. */
export const writeAtomically = (path: string, content: string | Uint8Array): void => writeTogether([{ path, content }]);

/** Files that belong together: none takes its place before all of them are written. */
export function writeTogether(
  files: readonly { readonly path: string; readonly content: string | Uint8Array }[],
): void {
  let current = '';
  try {
    for (const { path, content } of files) writeFileSync(temporaryPath((current = path)), content);
    for (const { path } of files) renameSync(temporaryPath((current = path)), path);
  } catch (error) {
    for (const { path } of files) rmSync(temporaryPath(path), { force: true });
    throw new Error(`${current} cannot be written: ${sentence(error)}`, { cause: error });
  }
}

/** Nothing happens where it is not there. */
export const removeFile = (path: string): void => rmSync(path, { force: true });
