import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { parseStored } from '../../run/storedExperiment';
import { sentence, UsageError } from '../errors';
import { checkWritable, holdsSomething, isSameFile, writeAtomically } from '../files';
import { MOST_BYTES } from '../readFile';

/** The files that an experiment writes; undefined where it writes none. */
interface Outputs {
  readonly out: string | undefined;
  readonly save: string | undefined;
  readonly pairs: string | undefined;
}

/** The files that an experiment is read from; undefined where there is none. */
interface Inputs {
  /** The state that it goes on from, which it may overwrite. */
  readonly resumed: string | undefined;
  /** What it comes from, which need not be a file. */
  readonly source: string | undefined;
  readonly labels: string | undefined;
}

/** Throws UsageError where a file cannot be written, or where writing it would destroy something. */
export function checkOutputs({ out, save, pairs }: Outputs, { resumed, source, labels }: Inputs): void {
  if (out !== undefined) checkWritable(out);
  if (pairs !== undefined) checkWritable(pairs, '--pairs');
  if (save !== undefined) checkWritable(save, '--save');
  const isNew = save !== undefined && save !== resumed && holdsSomething(save);
  if (isNew) throw new UsageError(`--save: ${whatIsThere(save)}`);
  refuseSame(
    [
      ['--save', save],
      ['--out', out],
      ['--pairs', pairs],
    ],
    [
      ['the file that the experiment comes from', source],
      ['the file of --labels', labels],
    ],
  );
}

/** What a command calls a file, and its path; undefined where there is none. */
type Named = readonly [name: string, path: string | undefined];

/**
 * Throws UsageError where a file that is to be written is another one that is, or one that is read.
 *
 * @param written by their options, in folders that are there
 * @param read need not be files
 */
export function refuseSame(written: readonly Named[], read: readonly Named[]): void {
  for (const [i, [option, path]] of written.entries()) {
    const others = written.slice(0, i).map(([other, its]) => [`the file of ${other}`, its] as const);
    const known = read.filter(([, its]) => its !== undefined && existsSync(its));
    for (const [what, its] of [...others, ...known]) {
      if (path === undefined || its === undefined || !isSameFile(path, its)) continue;
      throw new UsageError(`${option}: "${path}" is ${what}; give another name`);
    }
  }
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

/** Writes a state that nobody has asked for beside the results; returns the new file, null where that cannot be written. */
export function rescueState(out: string | undefined, bytes: Uint8Array): string | null {
  const path = `${out ?? 'pilaf-lab'}-${process.pid}.state`;
  try {
    writeFileSync(path, bytes, { flag: 'wx' });
    return path;
  } catch {
    return null;
  }
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
