/**
 * Whole races, as somebody waits for them: the runner's start, and wall seconds by backend and number of processes, in
 * turns on one machine. Equal hashes are part of what is measured. Writes a results document and docs/benchmark-races.md.
 *
 *     node tests/bench/races.mjs [--races bandit-race,online-dpo] [--rounds 2] [--machine name] [--out folder]
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { builtRunner } from '../../scripts/builtRunner.mjs';
import { number, table } from './markdown.mjs';
import { listOf, readOptions, runCommand, wholeNumber } from './options.mjs';
import { quartiles } from './statistics.mjs';

/** @typedef {{ race: string, backend: string, workers: number, seconds: number[], bytes: number[], hashes: string }} Row */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LAUNCHER = join(ROOT, 'scripts/lab.mjs');
const RACES = [
  { race: 'bandit-race', sets: ['schedule.steps=1000'], what: '100 runs of a bandit, 1000 steps' },
  { race: 'online-dpo', sets: ['schedule.steps=50', 'seeds=8'], what: '40 runs on reviews, 50 steps' },
];
const BACKENDS = ['wasm', 'wasm-relaxed'];
const WORKERS = [1, 2];
const STARTS = 7;
const POLL_MILLISECONDS = 250;

/** @param {number} pid a process and all below it: bytes that they have in memory */
function treeBytes(pid) {
  const lines = execFileSync('ps', ['-ax', '-o', 'pid=,ppid=,rss='], { encoding: 'utf8' }).trim().split('\n');
  const rows = lines.map((line) => line.trim().split(/ +/).map(Number));
  const family = new Set([pid]);
  let size = 0;
  while (size < family.size) {
    size = family.size;
    for (const [own, parent] of rows) if (family.has(parent ?? 0)) family.add(own ?? 0);
  }
  return rows.reduce((sum, [own, , kilobytes]) => (family.has(own ?? 0) ? sum + 1024 * (kilobytes ?? 0) : sum), 0);
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<{ seconds: number, bytes: number }>} wall time and the most memory of all its processes
 */
function timed(args) {
  const start = performance.now();
  const child = spawn(process.execPath, [LAUNCHER, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  let bytes = 0;
  const poll = setInterval(() => (bytes = Math.max(bytes, treeBytes(child.pid ?? 0))), POLL_MILLISECONDS);
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => {
      clearInterval(poll);
      if (code === 0) resolve({ seconds: (performance.now() - start) / 1000, bytes });
      else reject(new Error(`lab ${args.join(' ')} ended with ${code}.`));
    });
  });
}

/**
 * @param {string} folder
 * @param {typeof RACES[number]} race
 * @param {string} backend
 * @param {number} workers
 */
async function run(folder, { race, sets }, backend, workers) {
  const out = join(folder, 'out.json');
  const changes = sets.flatMap((change) => ['--set', change]);
  const args = ['run', race, ...changes, '--backend', backend, '--workers', `${workers}`, '--out', out];
  const found = await timed(args);
  /** @type {{ runs: { hash: string }[] }} */
  const { runs } = JSON.parse(readFileSync(out, 'utf8'));
  return { ...found, hashes: runs.map(({ hash }) => hash).join(' ') };
}

/** @param {readonly number[]} values */
function summary(values) {
  const { median, low, high } = quartiles(values);
  return values.length > 2 && low !== high ? `${number(median)} (${number(low)}–${number(high)})` : number(median);
}

/** @param {readonly Row[]} rows */
const byRace = (rows) =>
  RACES.filter(({ race }) => rows.some((row) => row.race === race)).flatMap(({ race, what }) => {
    const seconds = (/** @type {string} */ backend, /** @type {number} */ workers) =>
      rows.find((row) => row.race === race && row.backend === backend && row.workers === workers)?.seconds ?? [];
    const ratio = (/** @type {readonly number[]} */ over, /** @type {readonly number[]} */ under) =>
      number(quartiles(over.map((value, i) => value / (under[i] ?? NaN))).median);
    const lines = BACKENDS.map((backend) => {
      const own = rows.filter((row) => row.race === race && row.backend === backend);
      const megabytes = own.map(({ bytes }) => `${number(Math.max(...bytes) / 2 ** 20)}`);
      const same = new Set(own.map(({ hashes }) => hashes)).size === 1 ? 'equal' : 'DIFFERENT';
      return [
        backend,
        ...WORKERS.map((workers) => summary(seconds(backend, workers))),
        ratio(seconds(backend, 1), seconds(backend, 2)),
        ratio(seconds(backend, 1), seconds('wasm', 1)),
        megabytes.join(', '),
        same,
      ];
    });
    const head = ['', 'one process, s', 'two, s', 'one / two', 'of plain WASM’s time', 'MiB, one and two', 'hashes'];
    return [`## ${race}: ${what}`, table(head, lines)];
  });

await runCommand(async () => {
  const options = readOptions(['races', 'rounds', 'machine', 'out'], []);
  const names = RACES.map(({ race }) => race);
  const chosen = listOf('races', options.races ?? names.join(','), names);
  const rounds = wholeNumber('rounds', options.rounds ?? '2');
  await builtRunner();
  const folder = mkdtempSync(join(tmpdir(), 'pilaf-lab-races-'));
  /** @type {Row[]} */
  const rows = chosen.flatMap((race) =>
    BACKENDS.flatMap((backend) =>
      WORKERS.map((workers) => ({ race, backend, workers, seconds: [], bytes: [], hashes: '' })),
    ),
  );
  /** @type {number[]} */
  const starts = [];
  try {
    for (let i = 0; i < STARTS; i++) starts.push((await timed(['presets'])).seconds);
    for (let round = 0; round < rounds; round++) {
      for (const row of rows) {
        const race = RACES.find((one) => one.race === row.race);
        if (!race) continue;
        const { seconds, bytes, hashes } = await run(folder, race, row.backend, row.workers);
        row.seconds.push(seconds);
        row.bytes.push(bytes);
        row.hashes = hashes;
        console.error(`${row.race}, ${row.backend}, ${row.workers}: ${seconds.toFixed(1)} s`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const [cpu] = cpus();
  const machine = options.machine ?? `${cpu?.model ?? 'unknown'}, ${availableParallelism()} cores`;
  const date = new Date().toISOString().slice(0, 10);
  const results = options.out ?? join(ROOT, 'tests/bench/results');
  mkdirSync(results, { recursive: true });
  const document = { date, machine, node: process.versions.node, rounds, starts, rows };
  const text = [
    '# Benchmark: whole races',
    `What somebody waits for, from the command to its table, on ${machine}, Node ${process.versions.node}, ${date}; ` +
      `${rounds} rounds, in which the forms took turns. A ratio is the median of the rounds’ own. Memory is the most that all processes of a race had together, ` +
      'seen four times a second. Written by `node tests/bench/races.mjs`.',
    `The runner starts in ${summary(starts.map((seconds) => 1000 * seconds))} ms (\`presets\`, ${STARTS} times).`,
    ...byRace(rows),
  ].join('\n\n');
  const file = join(options.out ?? join(ROOT, 'docs'), 'benchmark-races.md');
  const prettier = await resolveConfig(join(ROOT, 'docs/benchmark.md'));
  const json = await format(JSON.stringify(document), { ...prettier, parser: 'json' });
  writeFileSync(join(results, `${date}-races.json`), json);
  writeFileSync(file, await format(text, { ...prettier, parser: 'markdown' }));
  console.log(file);
});
