import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from '@playwright/test';
import { leastOf, MINUTES, report, takeTime, WARM_UP, type Measures } from './growth';

test('the runner', async () => {
  takeTime();
  const folder = mkdtempSync(join(tmpdir(), 'pilaf-lab-soak-'));
  const config = join(folder, 'config.json');
  const probe = join(folder, 'held.json');
  const task = { kind: 'bandit', prompts: 16, responses: 10 };
  const schedule = { steps: 100_000, pairs: 64 };
  const arms = ['vanilla', 'pilaf', 'best-of-n', 'hybrid'].map((sampler) => ({ sampler }));
  // An evaluation is kept for ever: with many of them the curves would be what grows.
  const evaluation = { every: 50_000 };
  const race = { task, arms, seeds: 50, beta: 1, learningRate: 0.01, schedule, evaluation };
  writeFileSync(config, JSON.stringify(race));
  const args = ['run', config, '--backend', 'wasm', '--workers', '1', '--save', join(folder, 'saved')];
  // Builds the runner where it is not there yet.
  execFileSync(process.execPath, ['scripts/lab.mjs', 'help']);
  const preload = `--import=${import.meta.dirname}/../support/memoryProbe.mjs`;
  const child = spawn(process.execPath, ['--expose-gc', preload, '.lab/lab.mjs', ...args], {
    stdio: 'ignore',
    env: { ...process.env, MEMORY_PROBE: probe },
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const held = async (): Promise<Measures> => {
    rmSync(probe, { force: true });
    child.kill('SIGUSR2');
    for (; !existsSync(probe); await sleep(100)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error('the runner has ended');
    }
    return JSON.parse(readFileSync(probe, 'utf8')) as Measures;
  };
  /** The least that it held within a minute: a step in hand is no growth. */
  const leastHeld = async (): Promise<Measures> => {
    const looks = [await held()];
    while (looks.length < 60) {
      await sleep(1000);
      looks.push(await held());
    }
    return leastOf(looks);
  };
  await sleep(60_000 * WARM_UP);
  const start = await leastHeld();
  await sleep(60_000 * MINUTES);
  const after = await leastHeld();
  child.kill('SIGINT');
  await ended;
  rmSync(folder, { recursive: true });
  report(
    `the runner at work for ${MINUTES} minutes, after ${WARM_UP} that warm it up`,
    'a race of 200 runs, a state every 30 s',
    start,
    after,
  );
});
