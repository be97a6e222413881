import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { parseStored } from '../../run/storedExperiment';
import { sentence, UsageError } from '../errors';
import { checkWritable, holdsSomething, isSameFile, writeAtomically } from '../files';
import { MOST_BYTES } from '../readFile';

/** The files that an experiment writes; undefined where it writes none. */
export interface Outputs {
  readonly out: string | undefined;
  readonly save: string | undefined;
}

/**
 * Throws UsageError where a file cannot be written, or where writing it would destroy something.
 *
 * @param resumed the state that the experiment goes on from, which it may overwrite
 * @param source the file that the experiment comes from, if it is one
 */
export function checkOutputs({ out, save }: Outputs, resumed?: string, source?: string): void {
  if (out !== undefined) checkWritable(out);
  if (out !== undefined && source !== undefined && existsSync(source) && isSameFile(out, source)) {
    throw new UsageError(`--out: "${out}" is the file that the experiment comes from; give another name`);
  }
  if (save === undefined) return;
  checkWritable(save, '--save');
  if (out !== undefined && isSameFile(out, save)) {
    const name = resumed === undefined ? '--save' : 'the state';
    throw new UsageError(`--out: "${out}" and ${name} are one file; the results would be lost with the state`);
  }
  if (save !== resumed && holdsSomething(save)) throw new UsageError(`--save: ${whatIsThere(save)}`);
}

/** What a file holds that must not be overwritten, and what to do instead. */
function whatIsThere(path: string): string {
  const saved = statSync(path).size > MOST_BYTES ? null : parseStored(readFileSync(path));
  return saved?.ok
    ? `"${path}" holds the state of an experiment after step ${saved.value.snapshot.step}; go on with it by lab -- resume, or give another name`
    : `"${path}" is there already and is not a state of this experiment; give another name`;
}

/** Writes results where they were wanted, else beside it, else to standard output: they are never dropped. Returns whether they are where they were wanted. */
export function writeResults(path: string, text: string): boolean {
  try {
    writeAtomically(path, text);
    process.stdout.write(`Results are in ${path}.\n`);
    return true;
  } catch (error) {
    process.stderr.write(`--out: ${sentence(error)}\n`);
  }
  const beside = `${path}.results`;
  try {
    writeFileSync(beside, text, { flag: 'wx' });
    process.stderr.write(`Results are in ${beside} instead.\n`);
  } catch {
    process.stderr.write('The results follow on standard output instead.\n');
    process.stdout.write(text);
  }
  return false;
}

/** Saves a state; where that fails it says so, once for each reason, and the experiment goes on. */
export function stateWriter(path: string): (bytes: Uint8Array) => boolean {
  const said = new Set<string>();
  return (bytes) => {
    try {
      writeAtomically(path, bytes);
      return true;
    } catch (error) {
      const reason = sentence(error);
      if (!said.has(reason)) process.stderr.write(`--save: the state is not saved; the run goes on. ${reason}\n`);
      said.add(reason);
      return false;
    }
  };
}
