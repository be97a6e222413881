import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { CellLine, SweepResults } from '../../src/experiment/documents/sweepResults';
import { configFile, lab as launch, scratchFile, scratchFolder, TINY, type Ended } from './lab';

const lab = (args: readonly string[]) => launch(args, { direct: true });

const SWEEP = {
  base: TINY,
  axes: [
    { path: 'task.rewardScale', values: [1, 3] },
    { path: 'beta', values: [0.5, 1, 2] },
  ],
};
const sweepFile = configFile(SWEEP);
// A sweep starts a process for each job, and a test several sweeps.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/** Long enough to be killed in the middle. */
const slowFile = configFile({
  base: { ...TINY, schedule: { steps: 800, pairs: 4 }, evaluation: { every: 400 } },
  axes: [{ path: 'firstSeed', values: [0, 2, 4, 6] }],
});

const folder = scratchFolder();
let names = 0;
const newFile = (): string => join(folder, `${names++}.jsonl`);

async function good(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await lab(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const sweep = (out: string, ...args: readonly string[]) =>
  good('sweep', sweepFile, '--backend', 'cpu', '--out', out, ...args);

async function merge(...args: readonly string[]): Promise<SweepResults> {
  const out = newFile();
  await good('merge', ...args, '--out', out);
  return JSON.parse(readFileSync(out, 'utf8')) as SweepResults;
}

const textLines = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const cellLines = (path: string): CellLine[] =>
  textLines(path)
    .slice(1)
    .map((line) => JSON.parse(line) as CellLine);

/** Exit code 2 and one sentence, with these words in it. */
function expectRefused({ code, stdout, stderr }: Ended, ...words: readonly string[]): void {
  expect(stderr).toMatch(/^[^\n]+\.\n$/);
  for (const word of words) expect(stderr).toContain(word);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
}

const whole = newFile();
let wholeText = '';
let document: SweepResults;
beforeAll(async () => {
  wholeText = await sweep(whole, '--jobs', '1');
  document = await merge(whole);
});

describe('lab sweep', () => {
  it('writes a line for every cell, and a table', () => {
    const lines = cellLines(whole);
    expect(lines.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(lines[4]).toMatchObject({ values: { 'task.rewardScale': 3, beta: 1 }, backend: { name: 'cpu' } });
    expect(lines[4]!.arms.map(({ arm, seeds, hashes }) => [arm, seeds, hashes.length])).toEqual([
      ['Vanilla', 2, 2],
      ['PILAF', 2, 2],
    ]);
    expect(wholeText).toMatch(/PILAF: labels saved, against Vanilla/);
    expect(wholeText).toMatch(/task.rewardScale ↓ {2}beta → +0.5 +1 +2/);
    expect(wholeText).toContain('6 of 6 cells are done');
  });

  it('finds in a cell what lab run finds with its config', async () => {
    const out = newFile();
    const changes = ['beta=2', 'task.rewardScale=3'].flatMap((change) => ['--set', change]);
    await good('run', configFile(TINY), ...changes, '--backend', 'cpu', '--out', out);
    const { runs } = JSON.parse(readFileSync(out, 'utf8')) as { runs: { arm: string; hash: string }[] };
    const hashes = cellLines(whole)[5]!.arms.flatMap((arm) => arm.hashes);
    expect(hashes).toEqual(runs.map(({ hash }) => hash));
  });

  it('does not depend on the number of processes', async () => {
    const out = newFile();
    expect(await sweep(out, '--jobs', '3')).toContain('in 3 processes');
    expect(await merge(out)).toEqual(document);
  });

  it('merged from three shards equals the whole', async () => {
    const shards = [newFile(), newFile(), newFile()];
    for (const [i, out] of shards.entries()) await sweep(out, '--shard', `${i + 1}/3`, '--jobs', '1');
    expect(shards.map((path) => cellLines(path).map(({ number }) => number))).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    const [first, second, third] = shards as [string, string, string];
    expect(await merge(third, first, second)).toEqual(document);
    // Files put together by hand, and cells that two files have.
    const together = newFile();
    writeFileSync(together, readFileSync(second, 'utf8') + readFileSync(first, 'utf8'));
    expect(await merge(together, third, first)).toEqual(document);

    expectRefused(await lab(['merge', first, third]), 'cells 1, 4 are missing', '--partial');
    const partial = await merge(first, third, '--partial');
    expect(partial.cells.map(({ number }) => number)).toEqual([0, 2, 3, 5]);
  });

  it('runs the base with its changes', async () => {
    const out = newFile();
    const stdout = await sweep(out, '--set', 'seeds=1', '--set', 'arms.1.sampler=hybrid', '--show', 'objective');
    expect(cellLines(out)[0]!.arms.map(({ arm, seeds }) => [arm, seeds])).toEqual([
      ['Vanilla', 1],
      ['Hybrid', 1],
    ]);
    expect(stdout).toMatch(/Vanilla: J,[^]*Hybrid: J,/);
    expectRefused(await lab(['sweep', sweepFile, '--out', out, '--resume']), '--resume', 'another sweep');
  });

  it('takes a list, one row a cell, and a merged document for its sweep', async () => {
    const list = configFile({ base: TINY, list: [{}, { 'arms.1': { sampler: 'hybrid' } }] });
    const out = newFile();
    const text = await good('sweep', list, '--backend', 'cpu', '--show', 'difference', '--out', out);
    expect(text).toMatch(/cell +J minus the first arm’s/);
    expect(text).toMatch(/\nthe base +\S/);
    expect(text).toMatch(/\narms\.1=sampler hybrid +\S/);
    const merged = newFile();
    await good('merge', out, '--out', merged);
    const again = newFile();
    await good('sweep', merged, '--backend', 'cpu', '--out', again);
    expect(await merge(again)).toEqual(await merge(merged));
  });
});

describe('lab sweep --resume', () => {
  it('goes on after a kill, to the same document', async () => {
    const out = newFile();
    const args = ['sweep', slowFile, '--backend', 'cpu', '--jobs', '2', '--out', out];
    const child = spawn(process.execPath, ['.lab/lab.mjs', ...args], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('close', resolve));
    for (let i = 0; i < 600 && !(existsSync(out) && textLines(out).length > 1); i++) await sleep(50);
    child.kill('SIGKILL');
    await ended;
    const before = cellLines(out);
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(4);
    await good(...args, '--resume');
    expect(cellLines(out).slice(0, before.length)).toEqual(before);
    const unbroken = newFile();
    await good('sweep', slowFile, '--backend', 'cpu', '--out', unbroken);
    expect(await merge(out)).toEqual(await merge(unbroken));
  });

  it('runs all cells but those whose process dies again and again, and these once it does not', async () => {
    const out = newFile();
    const args = ['sweep', sweepFile, '--backend', 'cpu', '--jobs', '1', '--out', out];
    const preload = `--import=${import.meta.dirname}/../support/fatalRun.mjs`;
    const { code, stdout, stderr } = await launch(args, {
      direct: true,
      environment: { NODE_OPTIONS: preload, FATAL_BETA: '1' },
    });
    expect(stderr).toMatch(
      /^cell 1 \(.*beta = 1\): its process ended by itself \(SIGKILL\)\. 1 more of its cells broke\.\n$/i,
    );
    expect(stdout, 'what is there is shown').toContain('4 of 6 cells are done');
    expect(code).toBe(1);
    expect(cellLines(out).map(({ number }) => number)).toEqual([0, 2, 3, 5]);
    expect(await sweep(out, '--jobs', '1', '--resume')).toContain('6 of 6 cells are done');
    expect(await merge(out)).toEqual(document);
  });

  it('ends at Ctrl-C with the cells so far', async () => {
    const out = newFile();
    const args = ['sweep', slowFile, '--backend', 'cpu', '--jobs', '1', '--out', out];
    const child = spawn(process.execPath, ['.lab/lab.mjs', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.on('data', (data) => (stdout += String(data)));
    const ended = new Promise((resolve) => child.on('close', resolve));
    for (let i = 0; i < 600 && !(existsSync(out) && textLines(out).length > 1); i++) await sleep(50);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(stdout).toContain(`${cellLines(out).length} of 4 cells are done`);
    expect(stdout).toContain('--resume goes on');
  });

  it('cuts off a torn last line and runs its cell again', async () => {
    const text = readFileSync(whole, 'utf8');
    for (const kept of [text.length - 1, textLines(whole)[0]!.length - 20]) {
      const torn = scratchFile(text.slice(0, kept), '.jsonl');
      await sweep(torn, '--resume', '--jobs', '1');
      expect(await merge(torn)).toEqual(document);
    }
  });

  it('begins where there is no file, and does nothing where all is done', async () => {
    const out = newFile();
    await sweep(out, '--resume');
    const text = readFileSync(out, 'utf8');
    expect(await sweep(out, '--resume')).toContain('6 of 6 cells are done');
    expect(readFileSync(out, 'utf8')).toBe(text);
  });

  it('refuses what is not its file, and leaves it as it is', async () => {
    const resume = (out: string, ...more: string[]) => lab(['sweep', sweepFile, '--resume', '--out', out, ...more]);
    const text = readFileSync(whole, 'utf8');
    const lines = textLines(whole);
    const cases: [string, ...string[]][] = [
      ['hello\n', 'line 1', 'damaged or foreign'],
      ['hello', 'not a sweep’s file'],
      ['{"format":"pilaf-lab/results"}\n', 'line 1', 'format'],
      [text.replace('"number":2,', '"number":2'), 'line 4', 'damaged or foreign'],
      [text.replace('"number":2,', '"number":9,'), 'no cell 9'],
      [text.replace('"number":2,', '"number":3,'), 'the values of cell 3'],
      [text.replace('"seeds":2,', '"seeds":3,'), 'fingerprint'],
      [`${lines[0]}\n${lines[1]!.replace(/"fingerprint":"[^"]*"/, '"fingerprint":"00"')}\n`, 'cell 0', 'another sweep'],
    ];
    for (const [content, ...words] of cases) {
      const out = scratchFile(content, '.jsonl');
      expectRefused(await resume(out), out, ...words);
      expect(readFileSync(out, 'utf8')).toBe(content);
    }
    const foreign = newFile();
    await good('sweep', configFile({ ...SWEEP, list: [{}], axes: undefined }), '--backend', 'cpu', '--out', foreign);
    expectRefused(await resume(foreign), foreign, 'another sweep');
    expectRefused(await resume(whole, '--backend', 'wasm'), '--backend', 'ran on cpu');
    expectRefused(await lab(['sweep', sweepFile, '--out', whole]), whole, 'there already', '--resume');
  });
});

describe('lab merge', () => {
  it('refuses cells that say two things, other sweeps and other backends', async () => {
    const text = readFileSync(whole, 'utf8');
    const other = scratchFile(text.replace(/"hashes":\["[0-9a-f]{16}/, '"hashes":["0123456789abcdef'), '.jsonl');
    expectRefused(await lab(['merge', whole, other]), 'cell 0 (task.rewardScale = 1, beta = 0.5)', whole, other);
    const foreign = newFile();
    await good('sweep', slowFile, '--backend', 'cpu', '--shard', '1/4', '--out', foreign);
    expectRefused(await lab(['merge', whole, foreign]), foreign, 'another sweep', whole);
    const onWasm = newFile();
    await good('sweep', sweepFile, '--backend', 'wasm', '--shard', '6/6', '--out', onWasm);
    expectRefused(await lab(['merge', whole, onWasm]), 'cpu', 'wasm', 'one backend');
  });

  it('counts a torn line as missing', async () => {
    const torn = scratchFile(readFileSync(whole, 'utf8').slice(0, -10), '.jsonl');
    expectRefused(await lab(['merge', torn]), 'cell 5 is missing');
    appendFileSync(torn, '\n');
    expectRefused(await lab(['merge', torn]), 'line 7', 'damaged');
    rmSync(torn);
    expectRefused(await lab(['merge', torn]), 'no file', torn);
  });

  it('has no seconds, so that the same sweep gives the same bytes', () => {
    expect(document).toMatchObject({ format: 'pilaf-lab/sweep', version: 1, backend: { name: 'cpu' }, sweep: SWEEP });
    expect(JSON.stringify(document)).not.toContain('seconds');
  });
});

describe('the command', () => {
  it.each<[string[], string[]]>([
    [['sweep'], ['name of a sweep']],
    [
      ['sweep', 'map'],
      ['"map"', 'phase-map'],
    ],
    [['sweep', sweepFile, 'more'], ['"more"']],
    [
      ['sweep', sweepFile, '--resume'],
      ['--resume', '--out'],
    ],
    [['sweep', sweepFile, '--shard', '0/3'], ['--shard: "0/3"']],
    [['sweep', sweepFile, '--shard', '4/3'], ['--shard: "4/3"']],
    [
      ['sweep', sweepFile, '--shard', 'x'],
      ['--shard: "x"', '1/3'],
    ],
    [
      ['sweep', sweepFile, '--jobs', '0'],
      ['--jobs: "0"', '1 to 64'],
    ],
    [
      ['sweep', sweepFile, '--show', 'all'],
      ['--show: "all"', 'labelSaving'],
    ],
    [['sweep', sweepFile, '--backend', 'cuda'], ['"cuda"']],
    [
      ['sweep', sweepFile, '--set', 'beta=0', '--set', 'seeds=0'],
      ['cell 0 (', 'seeds: 0', '1 to 64'],
    ],
    [
      ['sweep', sweepFile, '--out', '/none/x.jsonl'],
      ['--out', '/none'],
    ],
    [['sweep', configFile({ base: TINY, list: [{ beta: 1 }, { beta: 0 }] })], ['cell 1 (beta = 0): beta: 0']],
    [['sweep', configFile(TINY)], ['base: ']],
    [
      ['sweep', configFile({ base: 'online-dpo', list: [{ seeds: 1 }, { 'task.checkpoint': 'novels' }] })],
      ['cell 1 (task.checkpoint = "novels")', 'novels.safetensors'],
    ],
    [['merge'], ['files']],
    [
      ['merge', '--partial', whole, '--out', whole],
      ['--out', 'a file that is merged'],
    ],
    [['merge', sweepFile], ['no whole line of a sweep']],
    [['merge', whole, '--show', 'all'], ['--show: "all"']],
  ])('refuses lab %j', async (args, words) => {
    expectRefused(await lab(args), ...words);
  });
});
