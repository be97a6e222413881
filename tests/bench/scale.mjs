/**
 * The same experiment here and on transformers and TRL (scale/): Vanilla and PILAF on reviews, four seeds, and what a
 * step takes in both, on one core, in turns. Writes docs/benchmark-scale.md.
 *
 *     npm run test:scale -- --version      # makes the environment
 *     node tests/bench/scale.mjs --python node_modules/.cache/scale/bin/python [--rounds 5] [--steps 200]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { builtRunner } from '../../scripts/builtRunner.mjs';
import { number, table } from './markdown.mjs';
import { readOptions, runCommand, UsageError, wholeNumber } from './options.mjs';
import { quartiles } from './statistics.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LAUNCHER = join(ROOT, 'scripts/lab.mjs');
const AT = '50,100,200';
/** Steps of the two races whose difference is so many steps' time, with little to evaluate. */
const [SHORT, LONG] = [20, 120];
const TIMED = { every: LONG, samples: 8 };
const RACED = { every: 50, samples: 128 };

/** @typedef {{ config: { arms: { name: string }[] }, runs: { arm: string }[], timing: { seconds: number } }} Results */

/** @param {string[]} args */
const lab = (args) => execFileSync(process.execPath, [LAUNCHER, ...args], { encoding: 'utf8', stdio: 'pipe' });

/** @param {string} path @returns {Results} */
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

/**
 * A folder for scale/.
 * @param {string} folder
 * @param {number} steps
 * @param {number} seeds
 * @param {string[]} samplers
 * @param {{ every: number, samples: number }} evaluation
 */
function exported(folder, steps, seeds, samplers, evaluation) {
  const changes = [
    ['arms', JSON.stringify(samplers.map((sampler) => ({ sampler })))],
    ['learningRate', 0.0003],
    ['seeds', seeds],
    ['schedule.steps', steps],
    ['evaluation', JSON.stringify(evaluation)],
  ].flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  lab(['export', 'trl', 'online-dpo', ...changes, '--out', folder]);
}

/**
 * @param {string} folder
 * @param {string} out
 */
function here(folder, out) {
  lab(['run', join(folder, 'experiment.json'), '--backend', 'wasm', '--workers', '1', '--out', out]);
  return read(out);
}

/**
 * @param {string} python
 * @param {string} folder
 * @param {string} out
 */
function there(python, folder, out) {
  const env = { ...process.env, PILAF_LAB: `${process.execPath} ${LAUNCHER}`, OMP_NUM_THREADS: '1' };
  const args = ['-m', 'pilaf_scale', 'experiment.yaml', '--out', out];
  execFileSync(python, args, { cwd: folder, env, stdio: 'pipe' });
  return read(out);
}

/**
 * Both races as arms of one document, for `lab show`.
 * @param {Results} own
 * @param {Results} other
 */
function together(own, other) {
  /** @param {string} arm */
  const renamed = (arm) => `${arm} (TRL)`;
  const arms = other.config.arms.map((arm) => ({ ...arm, name: renamed(arm.name) }));
  const runs = other.runs.map((run) => ({ ...run, arm: renamed(run.arm) }));
  const config = { ...own.config, arms: [...own.config.arms, ...arms] };
  return { ...own, config, runs: [...own.runs, ...runs] };
}

/** @param {number[]} values */
function cell(values) {
  const { median, low, high } = quartiles(values);
  return `${number(median)} (${number(low)}–${number(high)})`;
}

await runCommand(async () => {
  const options = readOptions(['python', 'rounds', 'steps'], []);
  if (!options.python) throw new UsageError('--python: give the interpreter of an environment with scale/.');
  const python = resolve(options.python);
  const rounds = wholeNumber('rounds', options.rounds ?? '5');
  const steps = wholeNumber('steps', options.steps ?? '200');
  await builtRunner();
  const scratch = mkdtempSync(join(tmpdir(), 'pilaf-lab-scale-'));
  const place = (/** @type {string} */ name) => join(scratch, name);
  /** @type {Record<string, Record<string, number[]>>} milliseconds of a step, by sampler and engine, a round each */
  const found = {};
  try {
    for (const sampler of ['vanilla', 'pilaf']) {
      const [ours, theirs] = /** @type {[number[], number[]]} */ ([[], []]);
      found[sampler] = { ours, theirs };
      exported(place(`${sampler}-short`), SHORT, 1, [sampler], TIMED);
      exported(place(`${sampler}-long`), LONG, 1, [sampler], TIMED);
      for (let round = 0; round < rounds; round++) {
        const [short, long] = [place(`${sampler}-short`), place(`${sampler}-long`)];
        const own = [long, short].map((folder) => here(folder, place('out.json')).timing.seconds);
        ours.push((1000 * (own[0] - own[1])) / (LONG - SHORT));
        const other = [long, short].map((folder) => there(python, folder, place('out.json')).timing.seconds);
        theirs.push((1000 * (other[0] - other[1])) / (LONG - SHORT));
        console.error(`${sampler}: ours ${ours.at(-1)?.toFixed(0)} ms, TRL ${theirs.at(-1)?.toFixed(0)} ms`);
      }
    }
    exported(place('race'), steps, 4, ['vanilla', 'pilaf'], RACED);
    const [own, other] = [here(place('race'), place('own.json')), there(python, place('race'), place('other.json'))];
    writeFileSync(place('both.json'), JSON.stringify(together(own, other)));
    const shown = lab(['show', place('both.json'), '--at', AT]);
    const rows = Object.entries(found).map(([sampler, { ours = [], theirs = [] }]) => [
      sampler,
      cell(ours),
      cell(theirs),
      cell(theirs.map((value, round) => value / (ours[round] ?? NaN))),
    ]);
    const text = [
      '# The same experiment on transformers and TRL',
      `Reviews, online, β 0.1, learning rate 3·10⁻⁴, ${steps} steps of 16 pairs, four seeds: \`lab export trl online-dpo\`, run here on WebAssembly and by [scale/](../scale/README.md) on PyTorch, on ${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}. Random numbers differ, so the runs are other draws of the same experiment, and a difference between the engines is not truly paired. Written by \`node tests/bench/scale.mjs\`.`,
      `\`lab show both.json --at ${AT}\`, means over the seeds with 95% intervals:`,
      `\`\`\`\n${shown.trim()}\n\`\`\``,
      '## What a step takes',
      `One run, one core, ${rounds} rounds in turns; medians over rounds with quartiles, ratios within a round: a race of ${LONG} steps less one of ${SHORT}.`,
      table(['sampler', 'here, ms a step', 'TRL, ms a step', 'TRL’s time to ours'], rows),
    ].join('\n\n');
    const prettier = await resolveConfig(join(ROOT, 'docs/benchmark.md'));
    writeFileSync(join(ROOT, 'docs/benchmark-scale.md'), await format(text, { ...prettier, parser: 'markdown' }));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
