/**
 * Two Vanilla arms through the whole tuning, on seeds that they do not share: what differs between them is luck. Each
 * repetition tunes both on their own seeds, races both on their own, and asks whether the 95% interval of the difference
 * of J* − J holds 0. Of twenty repetitions about nineteen should.
 *
 *     node tests/bench/nullCheck.mjs [--repetitions 20]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { table } from './markdown.mjs';
import { readOptions, runCommand, wholeNumber } from './options.mjs';

const LAUNCHER = fileURLToPath(new URL('../../scripts/lab.mjs', import.meta.url));
const SEEDS = 20;
/** Student's t at 97.5% with 2·SEEDS − 2 degrees of freedom. */
const T38 = 2.0244;
const RACE = ['arms=[{"sampler":"vanilla"}]', 'schedule.steps=500', `seeds=${SEEDS}`];

await runCommand(() => {
  const { repetitions = '20' } = readOptions(['repetitions'], []);
  const folder = mkdtempSync(join(tmpdir(), 'pilaf-null-'));
  try {
    const rows = Array.from({ length: wholeNumber('repetitions', repetitions) }, (_, k) => repetition(folder, k));
    const held = rows.filter(({ half, difference }) => Math.abs(difference) <= half).length;
    const lines = rows.map(({ rates, difference, half }, k) => [
      String(k + 1),
      rates.join(', '),
      `${difference.toFixed(5)} ± ${half.toFixed(5)}`,
      Math.abs(difference) <= half ? 'holds 0' : 'does not',
    ]);
    console.log(table(['repetition', 'best rates', 'J* − J, first minus second', 'interval'], lines, 2));
    console.log(`\n${held} of ${rows.length} intervals hold 0.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return Promise.resolve();
});

/**
 * @param {string} folder
 * @param {number} k
 */
function repetition(folder, k) {
  const [first, second] = [raced(folder, 2 * k), raced(folder, 2 * k + 1)];
  const [a, b] = [moments(first.gaps), moments(second.gaps)];
  return {
    rates: [first.rate, second.rate],
    difference: a.mean - b.mean,
    half: T38 * Math.sqrt((a.variance + b.variance) / SEEDS),
  };
}

/**
 * Tunes one arm and races it, both on seeds of its own.
 * @param {string} folder
 * @param {number} place
 * @returns {{ rate: number, gaps: number[] }}
 */
function raced(folder, place) {
  const [tuned, out] = [join(folder, 'tuned.json'), join(folder, 'results.json')];
  const own = [...RACE, `firstSeed=${100_000 + 100 * place}`].flatMap((change) => ['--set', change]);
  const rates = ['--over', 'learningRate=0.02,0.05,0.1,0.2,0.5', '--first-seed', String(10_000 + 100 * place)];
  lab(['tune', 'bandit-smaller-beta', ...own, ...rates, '--backend', 'wasm', '--out', tuned]);
  lab(['run', tuned, '--backend', 'wasm', '--out', out]);
  /** @type {{ arms: { learningRate: number }[] }} */
  const { arms } = JSON.parse(readFileSync(tuned, 'utf8'));
  /** @type {{ runs: { evaluations: { gap: number }[] }[] }} */
  const { runs } = JSON.parse(readFileSync(out, 'utf8'));
  return { rate: arms[0]?.learningRate ?? NaN, gaps: runs.map(({ evaluations }) => evaluations.at(-1)?.gap ?? NaN) };
}

/** @param {readonly string[]} args */
function lab(args) {
  execFileSync(process.execPath, [LAUNCHER, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** @param {readonly number[]} values */
function moments(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
}
