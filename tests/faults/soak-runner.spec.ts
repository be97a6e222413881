import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from '@playwright/test';
import { MINUTES, report, takeTime, WARM_UP, type Measures } from './growth';

test('the runner', async () => {
  takeTime();
  const folder = mkdtempSync(join(tmpdir(), 'pilaf-lab-soak-'));
  const config = join(folder, 'config.json');
  const task = { kind: 'bandit', prompts: 16, responses: 10 };
  const schedule = { steps: 100_000, pairs: 64 };
  const arms = ['vanilla', 'pilaf', 'best-of-n', 'hybrid'].map((sampler) => ({ sampler }));
  const race = { task, arms, seeds: 50, beta: 1, learningRate: 0.01, schedule, evaluation: { every: 500 } };
  writeFileSync(config, JSON.stringify(race));
  const args = ['run', config, '--backend', 'wasm', '--workers', '1', '--save', join(folder, 'saved')];
  // Builds the runner where it is not there yet.
  execFileSync(process.execPath, ['scripts/lab.mjs', 'help']);
  const child = spawn(process.execPath, ['.lab/lab.mjs', ...args], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  /** The most that it held within a minute: what lies between two collections is no growth. */
  const megabytes = async (): Promise<Measures> => {
    let most = 0;
    for (let second = 0; second < 60; second++) {
      const resident = execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)], { encoding: 'utf8' });
      most = Math.max(most, Number(resident) / 1024);
      await sleep(1000);
    }
    return { 'resident MB': most };
  };
  await sleep(60_000 * WARM_UP);
  const start = await megabytes();
  await sleep(60_000 * MINUTES);
  const after = await megabytes();
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
