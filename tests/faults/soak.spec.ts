import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from '@playwright/test';
import { expect, test, WITHOUT_GPU, type Lab } from '../browser/support';
import { draw, note } from './many';

/** Long use, and what it leaves behind: `npm run soak`, an hour each; SOAK_MINUTES says otherwise. */

test.use(WITHOUT_GPU);

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 60);
const SEED = Number(process.env['SOAK_SEED'] ?? 1);
/** What may have grown by the end. */
const GROWTH = 0.05;

type Measures = Readonly<Record<string, number>>;

/** What the page holds, after its garbage is collected. */
async function measured(page: Page, lab: Lab): Promise<Measures> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  for (let i = 0; i < 3; i++) {
    await session.send('HeapProfiler.collectGarbage');
    await sleep(500);
  }
  const { metrics } = await session.send('Performance.getMetrics');
  await session.detach();
  const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? NaN;
  const stored = await page.evaluate(async () => {
    const opened = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('pilaf-lab');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error('the storage does not open'));
    });
    const counts = await Promise.all(
      [...opened.objectStoreNames].map(
        (name) =>
          new Promise<number>((resolve, reject) => {
            const counting = opened.transaction(name).objectStore(name).count();
            counting.onsuccess = () => resolve(counting.result);
            counting.onerror = () => reject(new Error('the storage cannot be read'));
          }),
      ),
    );
    opened.close();
    return counts.reduce((sum, count) => sum + count, 0);
  });
  return {
    'JS heap': of('JSHeapUsedSize'),
    listeners: of('JSEventListeners'),
    elements: of('Nodes'),
    workers: page.workers().length,
    'engine’s MB': Number(/(\d+) MB/.exec(await lab.facts.innerText())?.[1] ?? NaN),
    'stored records': stored,
  };
}

/** What somebody might do next. */
async function act(lab: Lab, page: Page, item: number): Promise<string> {
  const chance = draw(SEED, 2 * item);
  const size = draw(SEED, 2 * item + 1);
  const view = (name: string) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
  await view('Race');
  if (chance < 0.35) {
    await lab.set({ Steps: 20 + Math.floor(300 * size) });
    await lab.run();
    await lab.finish(120_000);
    return 'a race to its end';
  }
  if (chance < 0.7) {
    await lab.set({ Steps: 100_000 });
    await lab.run();
    await lab.live();
    await sleep(1000 * size);
    await lab.button('Stop').click();
    await expect(lab.facts).toContainText('stopped');
    return 'a start and a stop';
  }
  if (chance < 0.8) {
    await lab.set({ Steps: 100_000 });
    await lab.run();
    await lab.live();
    await lab.button('Pause').click();
    await expect(lab.facts).toContainText('paused');
    await lab.button('Step').click();
    await lab.button('Reset').click();
    await expect(lab.facts).toContainText('Ready');
    return 'a pause, a step and a reset';
  }
  if (chance < 0.9) {
    for (const name of ['Learn', 'Sweeps', 'Runs', 'Race']) await view(name);
    return 'a walk through the views';
  }
  await page.getByRole('button', { name: /mode$/ }).click();
  await lab.badge.click();
  await lab.badge.click();
  return 'another theme, and a look at the badge';
}

test('the page', async ({ lab, page }) => {
  await lab.open('?workers=2');
  const warm = async () => {
    await lab.makeTiny(50);
    for (let item = 0; item < 12; item++) await act(lab, page, 1_000_000 + item);
  };
  await warm();
  const start = await measured(page, lab);
  const did: Record<string, number> = {};
  const end = Date.now() + 60_000 * MINUTES;
  let item = 0;
  for (; Date.now() < end; item++) {
    const what = await act(lab, page, item);
    did[what] = (did[what] ?? 0) + 1;
  }
  for (let last = 0; last < 12; last++) await act(lab, page, 1_000_000 + last);
  const after = await measured(page, lab);
  report(`the page in use for ${MINUTES} minutes`, Object.entries(did), start, after, ['stored records']);
});

test('the runner', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pilaf-lab-soak-'));
  const config = join(folder, 'config.json');
  const task = { kind: 'bandit', prompts: 16, responses: 10 };
  const schedule = { steps: 100_000, pairs: 32 };
  const arms = [{ sampler: 'vanilla' }, { sampler: 'pilaf' }];
  const race = { task, arms, seeds: 4, beta: 1, learningRate: 0.01, schedule, evaluation: { every: 500 } };
  writeFileSync(config, JSON.stringify(race));
  const args = ['run', config, '--backend', 'wasm', '--workers', '1', '--save', join(folder, 'saved')];
  const child = spawn(process.execPath, ['.lab/lab.mjs', ...args], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const megabytes = () =>
    Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)], { encoding: 'utf8' })) / 1024;
  // Its compiled code and its first states are there by then.
  await sleep(30_000);
  const start = { 'resident MB': megabytes() };
  await Promise.race([ended, sleep(60_000 * MINUTES)]);
  const after = { 'resident MB': child.exitCode === null ? megabytes() : start['resident MB'] };
  child.kill('SIGINT');
  await ended;
  rmSync(folder, { recursive: true });
  report(`the runner at work for ${MINUTES} minutes`, [['states saved every 30 s', 1]], start, after, []);
});

/** Notes a row of the table, and fails where something has grown that is not named as growing. */
function report(
  what: string,
  did: readonly (readonly [string, number])[],
  start: Measures,
  end: Measures,
  grows: readonly string[],
): void {
  const lines = Object.entries(start).map(([name, before]) => {
    const now = end[name]!;
    const change = before === 0 ? 0 : now / before - 1;
    return { name, change, text: `${name} ${shown(before)} → ${shown(now)}` };
  });
  const kept = lines.filter(({ name, change }) => grows.includes(name) || change <= GROWTH);
  note('fault', what);
  note('how', did.map(([name, times]) => `${times} × ${name}`).join(', '));
  note('tries', String(lines.length));
  note('survived', String(kept.length));
  note('saw', lines.map(({ text }) => text).join('; '));
  expect(kept.map(({ name }) => name)).toEqual(lines.map(({ name }) => name));
}

const shown = (value: number): string => (value > 1e6 ? `${(value / 2 ** 20).toFixed(1)} MB` : value.toFixed(0));
