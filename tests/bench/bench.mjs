/**
 * `npm run bench`: the whole benchmark, one part after the other, each in a process of its own. Writes the results into
 * tests/bench/results/ and the report, docs/benchmark.md. A part of it, or a trial, is no such report: it goes to the folder that --out names.
 *
 *     npm run bench -- [--sizes small,default,large] [--fleets 1,4,12,48] [--seconds 6] [--quick]
 *         [--only engine-wasm,engine-dawn,engine-chromium,pytorch,growth,page] [--adapter swiftshader|default]
 *         [--machine name] [--out folder]
 *
 * --seconds is the budget of a form for its rounds at one size and fleet. --quick tries everything out in a few minutes:
 * the default size, one run, three rounds. --adapter is the browser's: its software GPU, or what it finds. --machine
 * names the machine in the report and in both files' names. --out has both files go to another folder.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mergeResults } from './mergeResults.mjs';
import {
  ADAPTERS,
  fleetsOf,
  LADDER,
  listOf,
  oneOf,
  positive,
  readOptions,
  runCommand,
  UsageError,
} from './options.mjs';
import { commandsOf, PARTS } from './parts.mjs';

/** @param {string} path */
const inRepository = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The parts' documents, from the repository's root. */
const DOCUMENTS = 'node_modules/.cache/bench-documents';

await runCommand(async () => {
  const options = readOptions(['sizes', 'fleets', 'only', 'seconds', 'adapter', 'machine', 'out'], ['quick']);
  const quick = options.quick ?? false;
  const partial = ['sizes', 'fleets', 'only', 'quick'].find((name) => name in options);
  if (partial !== undefined && options.out === undefined) {
    throw new UsageError(`--${partial} measures a part only: say with --out which folder its two files go to.`);
  }
  emptyFolder();
  try {
    const commands = commandsOf({
      parts: listOf('only', options.only ?? PARTS.join(','), PARTS),
      folder: DOCUMENTS,
      sizes: listOf('sizes', options.sizes ?? (quick ? 'default' : LADDER.join(',')), LADDER),
      fleets: fleetsOf(options.fleets ?? (quick ? '1' : '1,4,12,48')),
      seconds: positive('seconds', options.seconds ?? '6'),
      quick,
      adapter: oneOf('adapter', options.adapter ?? 'swiftshader', ADAPTERS),
      machine: options.machine,
    });
    const failed = commands.filter((command) => !isDone(command));
    for (const { name, out } of failed) {
      console.error(`${name} failed${existsSync(inRepository(out)) ? '; what it had measured by then is kept' : ''}.`);
    }
    const found = commands
      .filter(({ out }) => existsSync(inRepository(out)))
      .map(({ out }) => readJson(inRepository(out)));
    if (failed.length > 0 || found.length === 0) process.exitCode = 1;
    if (found.length === 0) console.error('Nothing was measured.');
    else report(found, options.machine, options.out);
  } finally {
    rmSync(inRepository(DOCUMENTS), { recursive: true, force: true });
  }
});

function emptyFolder() {
  rmSync(inRepository(DOCUMENTS), { recursive: true, force: true });
  mkdirSync(inRepository(DOCUMENTS), { recursive: true });
}

/** @param {import('./parts.mjs').Command} command */
function isDone({ name, program, args }) {
  console.error(`\n— ${name}`);
  const start = Date.now();
  const { status } = spawnSync(program, args, { cwd: inRepository(''), stdio: ['ignore', 2, 2] });
  console.error(`${name}: ${((Date.now() - start) / 1000).toFixed(0)} s`);
  return status === 0;
}

/**
 * @param {string} file
 * @returns {unknown}
 */
function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/**
 * @param {readonly unknown[]} found
 * @param {string | undefined} machine
 * @param {string | undefined} folder
 */
function report(found, machine, folder) {
  const results = folder ?? inRepository('tests/bench/results');
  mkdirSync(results, { recursive: true });
  const suffix = machine === undefined ? '' : `-${machine.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
  const file = join(results, `${new Date().toISOString().slice(0, 10)}${suffix}.json`);
  const merged = mergeResults(found);
  // PyTorch's part was not told.
  const runs = merged.runs.map((run) => ({ ...run, machine: { ...run.machine, name: machine ?? run.machine.name } }));
  writeFileSync(file, `${JSON.stringify({ ...merged, runs }, null, 2)}\n`);
  console.log(file);
  const out = join(folder ?? inRepository('docs'), `benchmark${suffix}.md`);
  const script = inRepository('tests/bench/report.mjs');
  const { status } = spawnSync(process.execPath, [script, file, '--out', out], { stdio: 'inherit' });
  if (status !== 0) throw new Error('report.mjs failed.');
}
