import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from '@playwright/test';
import type { Results } from '../../src/experiment/documents/results';
import { asleep, draw, hashesOf, many, SLEEP } from './many';
import { processesBelow } from './processes';

const folder = mkdtempSync(join(tmpdir(), 'pilaf-lab-faults-'));
test.afterAll(() => rmSync(folder, { recursive: true }));
const config = join(folder, 'config.json');
writeFileSync(
  config,
  JSON.stringify({
    task: { kind: 'bandit', prompts: 3, responses: 4 },
    arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }, { sampler: 'best-of-n', n: 4 }],
    seeds: 3,
    beta: 1,
    learningRate: 0.05,
    schedule: { steps: 3000, pairs: 4 },
    evaluation: { every: 300 },
  }),
);
const out = join(folder, 'results.json');
const saved = join(folder, 'saved');
const read = () => JSON.parse(readFileSync(out, 'utf8')) as Results;
const lab = (
  args: readonly string[],
  {
    script = 'scripts/lab.mjs',
    environment = {},
  }: { script?: string; environment?: Readonly<Record<string, string>> } = {},
) => {
  const child = spawn(process.execPath, [script, ...args, '--out', out], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let stderr = '';
  child.stderr.on('data', (data) => (stderr += String(data)));
  return { child, ended: new Promise<string>((resolve) => child.on('close', () => resolve(stderr))) };
};
/** Without the launcher, whose death the runner hears of: it would end as after Ctrl-C. */
const direct = { script: '.lab/lab.mjs' };
const workersOf = (runner: number | undefined) =>
  processesBelow(runner)
    .filter(({ args }) => args.includes('pool-worker'))
    .map(({ pid }) => pid);

let whole: string[] = [];
test.beforeAll(async () => {
  await lab(['run', config, '--backend', 'wasm', '--workers', '1']).ended;
  whole = hashesOf(read());
});

test('a process is killed', () =>
  many('a process of the race is killed', 'SIGKILL to one of three, at three random moments', async (seed) => {
    rmSync(out, { force: true });
    const { child, ended } = lab(['run', config, '--backend', 'wasm', '--workers', '3'], direct);
    let over = false;
    void ended.then(() => (over = true));
    let killed = 0;
    for (let kill = 0; kill < 3 && !over; kill++) {
      await sleep(400 + 900 * draw(seed, 2 * kill));
      const own = workersOf(child.pid);
      const victim = own[Math.floor(own.length * draw(seed, 2 * kill + 1))];
      if (victim !== undefined && spawnSync('kill', ['-9', String(victim)]).status === 0) killed++;
    }
    const said = await ended;
    return { survived: killed === 3 && hashesOf(read()).join() === whole.join(), saw: said || 'nothing' };
  }));

test('the runner is killed', () =>
  many('the runner itself is killed', 'SIGKILL at a random moment, then lab resume', async (seed) => {
    for (const file of [out, saved]) rmSync(file, { force: true });
    const { child, ended } = lab(['run', config, '--backend', 'wasm', '--save', saved, '--save-every', '0.2'], direct);
    while (!existsSync(saved) || statSync(saved).size === 0) await sleep(20);
    await sleep(1500 * draw(seed, 0));
    child.kill('SIGKILL');
    await ended;
    await sleep(300);
    if (existsSync(out)) throw new Error('the race had ended before');
    const said = await lab(['resume', saved], direct).ended;
    return { survived: hashesOf(read()).join() === whole.join(), saw: said || 'nothing' };
  }));

test('the machine sleeps', () =>
  many('the machine sleeps while the runner works', SLEEP, async (seed) => {
    rmSync(out, { force: true });
    const { child, ended } = lab(['run', config, '--backend', 'wasm', '--workers', '3'], direct);
    await sleep(700 + 2000 * draw(seed, 0));
    if (child.exitCode !== null) throw new Error('the race had ended before');
    await asleep(seed, [child.pid!, ...workersOf(child.pid)]);
    const said = await ended;
    return { survived: hashesOf(read()).join() === whole.join(), saw: said || 'nothing' };
  }));

test('its GPU goes away', async () => {
  const short = [config, '--set', 'schedule.steps=300', '--set', 'seeds=2', '--backend', 'webgpu'];
  await lab(['run', ...short]).ended;
  const unbroken = hashesOf(read());
  await many('the runner’s GPU goes away', 'GPUDevice.destroy() at a random submit', async (seed) => {
    const first = join(folder, 'spoilt');
    for (const file of [out, saved, first]) rmSync(file, { force: true });
    const said = await lab(['run', ...short, '--save', saved, '--save-every', '0.2'], {
      environment: {
        NODE_OPTIONS: `--import=${import.meta.dirname}/../support/spoilGpu.mjs`,
        SPOIL: 'lost',
        SPOIL_FIRST: first,
        SPOIL_AT: String(30 + Math.floor(250 * draw(seed, 0))),
      },
    }).ended;
    return { survived: said !== '' && hashesOf(read()).join() === unbroken.join(), saw: said.trim() };
  });
});
