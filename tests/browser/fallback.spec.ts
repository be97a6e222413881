import type { Page } from '@playwright/test';
import { expect, patchWorker, test, WITHOUT_GPU } from './support';

test.use(WITHOUT_GPU);

test('a browser without WebGPU says so, and trains the transformer on WASM', async ({ lab, page }) => {
  await lab.open();
  await expect(lab.badge).toHaveText(/^WebAssembly/);
  await page.locator('.badge button').click();
  await expect(page.locator('.badge .more')).toContainText('WebGPU was passed over: ');
  await lab.preset(/Online DPO/).click();
  await lab.race('Vanilla', 'Best-of-N (N = 8)');
  await lab.set({ Seeds: 1, 'Pairs per step': 2, Steps: 3 });
  await page.getByText('More settings').click();
  await lab.set({ 'Completions per evaluation': 4 });
  await lab.run();
  await lab.finish();
  await expect.poll(() => lab.evaluations()).toBe(4);
  await expect(page.locator('.pairs li')).toHaveCount(2);
  await expect(page.getByRole('region', { name: 'Results table' })).toContainText('Best-of-N');
  expect((await lab.download()).backend).toEqual({ name: 'wasm-relaxed', adapter: null });
});

test('a broken checkpoint keeps no other preset from running', async ({ lab, page, trouble }) => {
  await page.route(/\.safetensors$/, (route) => route.fulfill({ status: 200, body: 'not a checkpoint' }));
  await lab.open();
  await lab.preset(/Online DPO/).click();
  await lab.run();
  await expect(lab.alert).toContainText('task.checkpoint: "reviews" cannot be used');
  await lab.preset(/Bandit race/).click();
  await lab.makeTiny(3);
  await lab.run();
  await lab.finish();
  await expect(lab.alert).toBeEmpty();
  expect(trouble).toEqual([]);
});

const crash = (page: Page) =>
  page.workers()[0]!.evaluate(() => {
    setTimeout(() => {
      throw new Error('boom');
    });
  });

test('a worker that crashes again and again leaves a readable message, its results, and a Run button that works', async ({
  lab,
  page,
}) => {
  await lab.open('?workers=1');
  await lab.makeTiny(100_000);
  await lab.run();
  for (let time = 0; time < 4; time++) {
    await lab.live();
    await expect.poll(() => lab.evaluations(), { timeout: 30_000 }).toBeGreaterThan(3);
    const worker = page.workers()[0];
    await crash(page);
    await expect.poll(() => page.workers().includes(worker!)).toBe(false);
    if (time === 3) break;
    await expect(page.getByText('boom). The run begins again by itself.')).toBeVisible();
    // What is shown may be of the one before: the next one is there, and dies in its turn.
    await expect.poll(() => page.workers().length).toBe(1);
  }
  await expect(lab.alert).toContainText(
    'The worker that runs the experiment stopped unexpectedly (Uncaught Error: boom)',
  );
  await expect(lab.alert).toContainText('Press Run');
  expect(await lab.evaluations()).toBeGreaterThan(3);
  await lab.set({ Steps: 5 });
  await lab.run();
  await lab.finish();
  await expect(lab.alert).toBeEmpty();
  await expect.poll(() => page.workers().length).toBe(1);
});

/** Makes the worker say that its run of this index met a number that is not finite at step 3. */
const loseRun = (lost: number) => `
  const post = self.postMessage.bind(self);
  self.postMessage = (event) => {
    const { report } = event;
    if (report?.type === 'evaluation' && report.step > 3) {
      report.evaluations = report.evaluations.filter(({ run }) => run !== ${lost});
      post({ ...event, report: { type: 'diverged', run: ${lost}, step: 3 } });
    }
    if (report?.type === 'finished') report.runs[${lost}].status = 'diverged';
    post(event);
  };`;

test('a run that diverges is marked in the plane, the table and the results; the others go on', async ({
  lab,
  page,
}) => {
  // No config within the bounds is known to diverge, so the worker is made to say so.
  await patchWorker(page, loseRun(2));
  await lab.open();
  await lab.makeTiny(5);
  await lab.run();
  await lab.finish();
  const rows = page.getByRole('region', { name: 'Results table' }).locator('tbody tr');
  await expect(rows.filter({ hasText: 'PILAF' })).toContainText('1 of 2 diverged');
  await expect(rows.filter({ hasText: 'Vanilla' })).not.toContainText('diverged');
  await expect(lab.plane).toContainText('One run diverged, marked ×.');
  await expect(lab.facts).toContainText('step 5 of 5');
  const { runs } = await lab.download();
  expect(runs.map(({ status }) => status)).toEqual(['complete', 'complete', 'diverged', 'complete']);
  expect(runs.map(({ evaluations }) => evaluations.at(-1)!.step)).toEqual([5, 5, 2, 5]);
});
