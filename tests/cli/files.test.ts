import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Results } from '../../src/experiment/documents/results';
import { childrenOf, configFile, lab, scratchFile, scratchFolder, TINY } from './lab';

/** No file of somebody's is lost, and no results are. */

/** Long enough to be met in the middle. */
const LONG = { ...TINY, schedule: { steps: 8000, pairs: 4 }, evaluation: { every: 1000 } };
const config = configFile(LONG);
const folder = scratchFolder();

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts the runner, by its launcher or without, and does not wait. */
function start(args: readonly string[], script = '.lab/lab.mjs') {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => (said.stdout += String(data)));
  child.stderr.on('data', (data) => (said.stderr += String(data)));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, said, ended };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (condition()) return;
    await sleep(50);
  }
  throw new Error('it never came to that');
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** A state of the long experiment, and what made it. */
async function savedState(name: string): Promise<string> {
  const save = join(folder, name);
  const { child, ended } = start(['run', config, '--backend', 'cpu', '--save', save, '--save-every', '0.1']);
  await until(() => sizeOf(save) > 0);
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  return save;
}

async function refused(args: readonly string[], message: RegExp): Promise<void> {
  const { code, stdout, stderr } = await lab(args, { direct: true });
  expect(stderr).toMatch(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stdout).toBe('');
  expect(code).toBe(2);
}

describe('--save and --out', () => {
  it('never take the place of the config that they come from', async () => {
    const own = configFile(LONG);
    const before = readFileSync(own, 'utf8');
    await refused(['run', own, '--out', own], /is the file that the experiment comes from/);
    await refused(['run', own, '--save', own], /is there already/);
    expect(readFileSync(own, 'utf8')).toBe(before);
  });

  it('are not one file, by whatever name', async () => {
    const path = join(folder, 'both');
    await refused(
      ['run', config, '--out', path, '--save', path],
      /^--out: .* is the file of --save; give another name/,
    );
    await refused(['run', config, '--out', path, '--save', join(folder, '.', 'both')], /is the file of --save/);
    await refused(['run', config, '--out', path, '--pairs', path], /^--pairs: .* is the file of --out/);
    await refused(['run', config, '--pairs', config], /^--pairs: .* is the file that the experiment comes from/);
    const real = scratchFile('');
    const soft = join(folder, 'soft');
    symlinkSync(real, soft);
    await refused(['run', config, '--out', real, '--save', soft], /is the file of --save/);
    const hard = join(folder, 'hard');
    linkSync(real, hard);
    await refused(['run', config, '--out', hard, '--save', real], /is the file of --save/);
    expect(existsSync(path)).toBe(false);
  });

  it('leave other files and earlier states as they are', async () => {
    const thesis = scratchFile('my thesis', '.txt');
    await refused(['run', config, '--save', thesis], /is there already and is not a state/);
    expect(readFileSync(thesis, 'utf8')).toBe('my thesis');

    const save = await savedState('earlier');
    const before = readFileSync(save);
    await refused(['run', config, '--save', save], /holds the state of an experiment after step \d+; go on with it by/);
    await refused(['resume', save, '--out', save], /is the file of --save/);
    expect(readFileSync(save).equals(before)).toBe(true);
  });

  it('that cannot be written are found before the run', async () => {
    const long = join(folder, 'x'.repeat(250));
    await refused(['run', config, '--out', long], /^--out: .* cannot be written/);
    await refused(['run', config, '--save', long], /^--save: .* cannot be written/);
    if (existsSync('/proc')) await refused(['run', config, '--out', '/proc/results.json'], /^--out: /);
  });

  it('that go in the middle cost no results, and do not end the run', async () => {
    const gone = join(folder, 'gone');
    mkdirSync(gone);
    const paths = { out: join(gone, 'out.json'), save: join(gone, 'state') };
    const shorter = configFile({ ...LONG, schedule: { steps: 3000, pairs: 4 } });
    const { said, ended } = start([
      ...['run', shorter, '--backend', 'cpu', '--save-every', '0.1'],
      ...['--out', paths.out, '--save', paths.save],
    ]);
    await until(() => sizeOf(paths.save) > 0);
    rmSync(gone, { recursive: true });
    expect(await ended).toBe(1);
    expect(said.stderr).toMatch(/the state is not saved; the run goes on/);
    expect(said.stderr).toMatch(/The results follow on standard output instead/);
    const { runs } = JSON.parse(/^\{.*\}$/m.exec(said.stdout)![0]) as Results;
    expect(runs.map(({ status, evaluations }) => [status, evaluations.at(-1)!.step])).toEqual(
      Array(4).fill(['complete', 3000]),
    );
  });

  it('take what was saved away in the end, and nothing else', async () => {
    const own = scratchFolder();
    const { code } = await lab(['run', configFile(TINY), '--save', join(own, 'state'), '--out', join(own, 'out')]);
    expect(code).toBe(0);
    expect(readdirSync(own)).toEqual(['out']);
  });
});

it('a runner that is killed is no runner that was interrupted: its launcher says so', async () => {
  const save = join(folder, 'killed');
  const args = ['run', config, '--backend', 'cpu', '--save', save, '--save-every', '0.1'];
  const { child, said, ended } = start(args, 'scripts/lab.mjs');
  await until(() => sizeOf(save) > 0);
  const [runner] = childrenOf(child.pid!);
  process.kill(runner!, 'SIGKILL');
  expect(await ended).toBe(1);
  expect(said.stderr).toContain('The runner was ended by SIGKILL. What was saved is kept: resume');
  const resumed = await lab(['resume', save, '--out', join(folder, 'after')], { direct: true });
  expect(resumed.code, resumed.stderr).toBe(0);
});

describe('a runner that is asked to end', () => {
  it('saves when its terminal closes', async () => {
    const save = join(folder, 'hangup');
    const { child, said, ended } = start(['run', config, '--backend', 'cpu', '--save', save, '--save-every', '0.1']);
    await until(() => sizeOf(save) > 0);
    child.kill('SIGHUP');
    expect(await ended).toBe(130);
    expect(said.stdout).toContain(`lab -- resume ${save}`);
  });

  it.each(['1', '2'])('hears it during an offline start of minutes, with %s processes', async (workers) => {
    const task = { kind: 'bandit', prompts: 64, responses: 32 };
    const offline = { ...LONG, task, start: { kind: 'offline', pairs: 16_384, epochs: 200 } };
    const args = ['run', configFile(offline), '--backend', 'wasm', '--workers', workers];
    const { code, stdout } = await lab(args, { direct: true, interruptAfter: 3000 });
    expect(code).toBe(130);
    expect(stdout).toContain('the numbers are those of step 0 of 8000');
  });

  it('does not outlive its launcher, and saves', async () => {
    const save = join(folder, 'orphan');
    const args = ['run', config, '--backend', 'cpu', '--save', save, '--save-every', '0.1'];
    const { child, said, ended } = start(args, 'scripts/lab.mjs');
    await until(() => sizeOf(save) > 0);
    child.kill('SIGKILL');
    // The runner holds the pipes open until it ends itself.
    await ended;
    expect(said.stdout).toContain(`lab -- resume ${save}`);
  });

  it('calls a Ctrl-C while a sweep starts no failure', async () => {
    const sweep = scratchFile(JSON.stringify({ base: LONG, axes: [{ path: 'beta', values: [0.5, 1] }] }));
    // As a terminal does: the signal goes to every process of the group, the starting workers among them.
    const child = spawn(process.execPath, ['.lab/lab.mjs', 'sweep', sweep, '--backend', 'wasm'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    children.push(child);
    let stderr = '';
    child.stderr.on('data', (data) => (stderr += String(data)));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const workersOf = () => childrenOf(child.pid!).length;
    await until(() => workersOf() > 0);
    process.kill(-child.pid!, 'SIGINT');
    expect(await ended).toBe(130);
    expect(stderr).toBe('');
  });
});
