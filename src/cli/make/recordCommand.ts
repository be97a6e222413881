import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPreset, PRESETS } from '../../experiment/presets/presets';
import { encodeRecorded } from '../../experiment/documents/recorded';
import { readArguments } from '../arguments';
import { checkRecorded } from './checkRecorded';
import { EXIT, sentence, UsageError } from '../errors';
import { makeFolder, RECORDED, ROOT, writeAtomically } from '../files';
import { readResults } from '../recordedRuns';
import { startBackend } from '../nodeRuntime';

/** `lab record`: results of `run` as the page ships them; with `--check`, whether what is shipped is still true. */
export async function recordCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('record', args, {
    from: { type: 'string' },
    check: { type: 'boolean', default: false },
  });
  if (values.check) return check();
  const [id, surplus] = positionals;
  const known = PRESETS.map((preset) => preset.id).join(', ');
  if (id === undefined) throw new UsageError(`record needs a preset: ${known}`);
  if (surplus !== undefined) throw new UsageError(`record takes one preset; "${surplus}" is too much`);
  const preset = findPreset(id);
  if (!preset) throw new UsageError(`there is no preset "${id}"; there are ${known}`);
  if (values.from === undefined) throw new UsageError('record needs --from, the results that run --out wrote');
  const results = readResults(values.from, `--from ${values.from}`);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const command = `npm run lab -- run ${preset.id} --backend ${results.backend.name}`;
  const date = new Date().toISOString().slice(0, 10);
  let document: unknown;
  try {
    document = encodeRecorded(preset.config, results, { command, version, date });
  } catch (error) {
    throw new UsageError(`${values.from}: ${sentence(error)}`, { cause: error });
  }
  makeFolder(RECORDED);
  const path = join(RECORDED, `${preset.id}.json`);
  writeAtomically(path, `${JSON.stringify(document)}\n`);
  process.stdout.write(`${path}\n`);
  return EXIT.success;
}

/** On WASM, whatever made them: the beginnings are to agree across backends. */
async function check(): Promise<number> {
  const backend = await startBackend('wasm');
  try {
    const problems = await checkRecorded((preset, isRun) =>
      process.stdout.write(`${preset}${isRun ? '' : ': its settings alone, as its beginning takes long'}\n`),
    );
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    return problems.length === 0 ? EXIT.success : EXIT.failure;
  } finally {
    backend.release();
  }
}
