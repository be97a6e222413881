import { spawn, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Results } from '../../src/experiment/documents/results';
import { childrenOf, configFile, lab, run, scratchFile, scratchFolder, TINY } from './lab';

/** Long enough for something to happen in the middle. */
const LONG = {
  ...TINY,
  arms: [...TINY.arms, { sampler: 'best-of-n', n: 4 }],
  schedule: { steps: 1200, pairs: 4 },
  evaluation: { every: 300 },
};

const whole = run(LONG, '--backend', 'wasm', '--workers', '1').then(({ results }) => results);

interface Started {
  readonly pid: number;
  readonly save: string;
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string; readonly results: () => Results }>;
}

function start(workers: number, program = '.lab/lab.mjs'): Started {
  const [out, save] = [scratchFile(''), scratchFile('')];
  const args = ['run', configFile(LONG), '--backend', 'wasm', '--out', out, '--save', save, '--save-every', '0.2'];
  const child = spawn(process.execPath, [program, ...args, '--workers', `${workers}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (data) => (stderr += String(data)));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const results = () => JSON.parse(readFileSync(out, 'utf8')) as Results;
  return { pid: child.pid!, save, ended: ended.then((code) => ({ code, stderr, results })) };
}

async function saved({ save }: Started): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (statSync(save, { throwIfNoEntry: false })?.size) return;
    await sleep(20);
  }
  throw new Error('nothing was saved');
}

/** Not where it has ended and only nobody has asked how. */
const isRunning = (pid: number): boolean =>
  /^[^Z]/.test(spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' }).stdout);

describe('lab run --workers', () => {
  it.each([2, 3])('comes to the results of one with %i', async (workers) => {
    const { results } = await run(LONG, '--backend', 'wasm', '--workers', `${workers}`);
    expect(results.runs).toEqual((await whole).runs);
  });

  it('gives up runs whose process dies three times, says so, and brings the others to their end', async () => {
    const args = ['run', configFile(LONG), '--backend', 'wasm', '--workers', '3', '--out', scratchFile('')];
    const environment = {
      NODE_OPTIONS: `--import=${import.meta.dirname}/../support/fatalRun.mjs`,
      FATAL_RUN: '3',
      FATAL_STEP: '600',
    };
    const { code, stdout, stderr } = await lab(args, { environment });
    const said =
      /^Their worker died again and again \(.+\), so these runs are stopped at step \d+: (.+)\. The others go on\.$/m.exec(
        stderr,
      );
    expect(said?.[1], stderr).toContain('PILAF, seed 1');
    expect(code, 'not all is there').toBe(1);
    const { runs } = JSON.parse(readFileSync(args.at(-1)!, 'utf8')) as Results;
    expect(stdout).toMatch(/^\d of \d runs were given up before their end;/m);
    expect(stdout).not.toContain('Go on with');
    const stopped = runs.filter(({ status }) => status === 'stopped');
    expect(stopped).toHaveLength(said![1]!.split('; ').length);
    expect(runs[3]?.status).toBe('stopped');
    const unbroken = (await whole).runs;
    for (const [r, { status, hash }] of runs.entries()) if (status === 'complete') expect(hash).toBe(unbroken[r]!.hash);
  });

  it('goes on where one of its processes is killed', async () => {
    const running = start(2);
    await saved(running);
    const children = childrenOf(running.pid);
    expect(children).toHaveLength(2);
    process.kill(children[0]!, 'SIGKILL');
    const { code, results } = await running.ended;
    expect(code).toBe(0);
    expect(results().runs).toEqual((await whole).runs);
  });

  it('starts no process of a program that was built anew meanwhile', async () => {
    const folder = join(scratchFolder(), '.lab');
    cpSync('.lab', folder, { recursive: true });
    const program = join(folder, 'lab.mjs');
    const running = start(2, program);
    await saved(running);
    const now = new Date();
    utimesSync(program, now, now);
    process.kill(childrenOf(running.pid)[0]!, 'SIGKILL');
    const { code, stderr } = await running.ended;
    const said =
      /^the runner has been built anew since this began\. npm run lab -- (resume .+) goes on from what was saved\.\n$/;
    const [, resume] = said.exec(stderr) ?? [];
    expect(resume, stderr).toBeDefined();
    expect(code).toBe(1);
    const resumed = await lab(resume!.split(' '), { direct: true });
    expect(resumed.code, resumed.stderr).toBe(0);
  });

  it('ends its processes with itself, and another number of them goes on', async () => {
    const running = start(3);
    await saved(running);
    const children = childrenOf(running.pid);
    expect(children).toHaveLength(3);
    process.kill(running.pid, 'SIGKILL');
    await running.ended.catch(() => undefined);
    await expect.poll(() => children.filter(isRunning), { timeout: 10_000 }).toEqual([]);
    const out = scratchFile('');
    const { code } = await lab(['resume', running.save, '--workers', '2', '--out', out], { direct: true });
    expect(code).toBe(0);
    const { runs } = JSON.parse(readFileSync(out, 'utf8')) as Results;
    expect(runs.map(({ hash }) => hash)).toEqual((await whole).runs.map(({ hash }) => hash));
  });

  it.each(['0', '65', 'two', ''])('refuses "%s" for their number', async (count) => {
    const { code, stderr } = await lab(['run', 'bandit-race', '--workers', count], { direct: true });
    expect(code).toBe(2);
    expect(stderr).toBe(`--workers: "${count}" is not allowed; give a whole number from 1 to 64.\n`);
  });
});
