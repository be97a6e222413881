/**
 * The shipped checkpoint's online DPO step beside TRL's (trl_dpo.py says what that needs): one run, Vanilla sampling,
 * one thread, in turns. Writes docs/benchmark-trl.md.
 *
 *     node tests/bench/trl.mjs --python /tmp/trl/bin/python3 [--rounds 5] [--steps 100]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { builtRunner } from '../../scripts/builtRunner.mjs';
import { number, table } from './markdown.mjs';
import { readOptions, runCommand, UsageError, wholeNumber } from './options.mjs';
import { quartiles } from './statistics.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LAUNCHER = join(ROOT, 'scripts/lab.mjs');
const BACKENDS = ['wasm', 'wasm-relaxed'];
const WARM_UP = 20;

/**
 * Seconds of a race, without the start.
 * @param {string} folder
 * @param {string} backend
 * @param {number} steps
 */
function raceSeconds(folder, backend, steps) {
  const out = join(folder, 'out.json');
  const changes = [
    ['arms', '[{"sampler":"vanilla"}]'],
    ['seeds', 1],
    ['optimiser.clip', 1],
    ['schedule.steps', steps],
    ['evaluation.every', steps],
    ['evaluation.samples', 16],
  ].flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  const options = ['--backend', backend, '--workers', '1', '--out', out];
  execFileSync(process.execPath, [LAUNCHER, 'run', 'online-dpo', ...changes, ...options], { stdio: 'ignore' });
  /** @type {{ timing: { seconds: number } }} */
  const { timing } = JSON.parse(readFileSync(out, 'utf8'));
  return timing.seconds;
}

/**
 * @param {string} python
 * @param {number} steps
 * @returns {{ milliseconds: number[], difference: number, versions: Record<string, string> }}
 */
function trl(python, steps) {
  const args = [join(ROOT, 'tests/bench/trl_dpo.py'), '--steps', `${steps}`];
  const printed = execFileSync(python, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '');
}

/** @param {readonly number[]} values */
function cell(values) {
  const { median, low, high } = quartiles(values);
  return `${number(median)} (${number(low)}–${number(high)})`;
}

await runCommand(async () => {
  const options = readOptions(['python', 'rounds', 'steps'], []);
  if (!options.python)
    throw new UsageError('--python: give the interpreter of an environment with TRL, see trl_dpo.py.');
  const rounds = wholeNumber('rounds', options.rounds ?? '5');
  const steps = wholeNumber('steps', options.steps ?? '100');
  await builtRunner();
  const folder = mkdtempSync(join(tmpdir(), 'pilaf-lab-trl-'));
  /** @type {Record<string, number[]>} milliseconds of a step, by round */
  const found = { TRL: [], ...Object.fromEntries(BACKENDS.map((backend) => [backend, []])) };
  let peer = null;
  try {
    for (let round = 0; round < rounds; round++) {
      for (const backend of BACKENDS) {
        const short = raceSeconds(folder, backend, WARM_UP);
        found[backend]?.push((1000 * (raceSeconds(folder, backend, WARM_UP + steps) - short)) / steps);
      }
      peer = trl(options.python, steps);
      found['TRL']?.push(quartiles(peer.milliseconds).median);
      console.error(
        Object.entries(found)
          .map(([name, values]) => `${name} ${values.at(-1)?.toFixed(1)} ms`)
          .join(', '),
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const theirs = found['TRL'] ?? [];
  const lines = Object.entries(found).map(([name, values]) => [
    name,
    cell(values),
    cell(values.map((value, round) => value / (theirs[round] ?? NaN))),
  ]);
  const versions = Object.entries(peer?.versions ?? {}).map(([name, version]) => `${name} ${version}`);
  const text = [
    '# Benchmark: a step beside TRL’s',
    `One online DPO step of the shipped reviews checkpoint: one run, Vanilla, 16 pairs of completions of up to 24 tokens, β 0.1, one thread, on ${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, Node ${process.versions.node}, ${versions.join(', ')}, ${new Date().toISOString().slice(0, 10)}. ` +
      `${rounds} rounds, in which all took turns; medians over rounds with quartiles, ratios within a round. Ours are the differences of a race of ${WARM_UP + steps} steps and one of ${WARM_UP}, four evaluations of 16 completions included; TRL’s are medians over ${steps} steps from the end of one to the end of the next. ` +
      `The converted model’s log-probs differ by at most ${number(peer?.difference ?? NaN)}. Written by \`node tests/bench/trl.mjs\`.`,
    table(['', 'ms a step', 'of TRL’s time'], lines),
  ].join('\n\n');
  const prettier = await resolveConfig(join(ROOT, 'docs/benchmark.md'));
  writeFileSync(join(ROOT, 'docs/benchmark-trl.md'), await format(text, { ...prettier, parser: 'markdown' }));
});
