/**
 * Makes coverage.json: J of 512 seeds of Vanilla and PILAF in a cell of the phase map where J is heavy-tailed, and of
 * Vanilla on the same tables for every seed, which can race against itself. For the coverage of a saving's interval.
 *
 *   npm run lab -- presets > /dev/null    # builds the runner
 *   node tests/golden/makeCoverage.mjs    # a quarter of an hour on two cores
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SEEDS = 512;
const AT_ONCE = 64;
/** None of the races and sweeps that the project shows uses these. */
const FIRST = 1000;
const EVERY = 50;

const folder = mkdtempSync(join(tmpdir(), 'coverage-'));
const CELL = {
  'task.rewardScale': 3.2,
  beta: 0.65,
  seeds: AT_ONCE,
  'schedule.steps': 1500,
  'schedule.learningRate': 'linear',
  'evaluation.every': EVERY,
};

/** J of every seed. // [seed][evaluation] by arm */
function race(arms, tables) {
  const found = arms.map(() => []);
  let labels = [];
  for (let first = FIRST; first < FIRST + SEEDS; first += AT_ONCE) {
    const out = join(folder, 'results.json');
    const config = { ...CELL, arms: arms.map((sampler) => ({ sampler })), firstSeed: first, 'task.tables': tables };
    const sets = Object.entries(config).flatMap(([path, value]) => ['--set', `${path}=${JSON.stringify(value)}`]);
    execFileSync(process.execPath, ['.lab/lab.mjs', 'run', 'bandit-race', '--backend', 'wasm', '--out', out, ...sets]);
    const { runs } = JSON.parse(readFileSync(out, 'utf8'));
    runs.forEach(({ evaluations }, i) => {
      const kept = evaluations.filter(({ step }) => step % EVERY === 0);
      labels = kept.map((evaluation) => evaluation.labels);
      found[Math.floor(i / AT_ONCE)].push(kept.map(({ objective }) => Number(objective.toFixed(4))));
    });
  }
  return { labels, found };
}

const { labels, found } = race(['vanilla', 'pilaf'], 'per-seed');
const [same] = race(['vanilla'], 'shared').found;
rmSync(folder, { recursive: true });
const lines = (curves) => `[\n${curves.map((curve) => JSON.stringify(curve)).join(',\n')}\n]`;
const [vanilla, pilaf] = found;
writeFileSync(
  'tests/golden/coverage.json',
  `{"labels": ${JSON.stringify(labels)},\n"vanilla": ${lines(vanilla)},\n"pilaf": ${lines(pilaf)},\n"sameTables": ${lines(same)}}\n`,
);
