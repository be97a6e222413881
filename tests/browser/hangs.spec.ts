import type { Page } from '@playwright/test';
import { expect, HASTY, type Lab, patchWorker, prepareSweep, test, WITHOUT_GPU } from './support';

/** Nothing hangs without a way on. */

test.use(WITHOUT_GPU);

/** The worker hears no Stop, as one that is busy or hangs. */
const DEAF = `
    const listen = EventTarget.prototype.addEventListener;
    let handler = null;
    Object.defineProperty(self, 'onmessage', {
      set: (wanted) => {
        handler = wanted;
        listen.call(self, 'message', (event) => event.data.type !== 'stop' && handler(event));
      },
    });`;

test('a Stop that is not answered ends the worker and offers the stored state', async ({ lab, page }) => {
  await patchWorker(page, DEAF);
  await lab.open();
  await lab.runWithState(100_000);
  await lab.button('Stop').click();
  await expect(lab.alert).toContainText('did not answer Stop for 5 seconds', { timeout: 15_000 });
  await expect(page.getByRole('button', { name: /^Go on from step/ })).toBeVisible();
  await expect(lab.button('Run')).toBeEnabled();
});

test('WebAssembly that is full ends the run in a sentence, and the next run gets a new worker', async ({
  lab,
  page,
}) => {
  await patchWorker(
    page,
    `const grow = WebAssembly.Memory.prototype.grow;
       WebAssembly.Memory.prototype.grow = function (pages) {
         if (this.buffer.byteLength + 65536 * pages > 24 * 2 ** 20) throw new RangeError('out of memory');
         return grow.call(this, pages);
       };`,
  );
  await lab.open('?workers=1');
  await lab.preset(/Online DPO/).click();
  await lab.race('Vanilla');
  await lab.set({ Seeds: 4, 'Pairs per step': 32, Steps: 3 });
  await lab.run();
  await expect(lab.alert).toContainText('WebAssembly’s memory is full', { timeout: 60_000 });
  await lab.preset(/Bandit race/).click();
  await lab.makeTiny(5);
  await lab.run();
  await lab.finish();
  await expect(lab.alert).toBeEmpty();
  await expect.poll(() => page.workers().length).toBe(1);
});

async function raceTiny(lab: Lab): Promise<void> {
  await lab.makeTiny(5);
  await lab.run();
  await lab.finish();
  await expect(lab.alert).toBeEmpty();
}

/** What is asked for never comes, and never fails; returns what lets it come. */
async function holdBack(page: Page, url: RegExp): Promise<() => Promise<void>> {
  const held: (() => Promise<void>)[] = [];
  await page.route(url, (route) => void held.push(() => route.continue()));
  return async () => {
    await page.unroute(url);
    // The page may have given it up.
    for (const release of held) await release().catch(() => undefined);
  };
}

test('a .wasm that never arrives is passed over', async ({ lab, page }) => {
  await patchWorker(page, HASTY);
  const release = await holdBack(page, /\.wasm$/);
  await lab.open();
  await expect(lab.badge).toContainText('CPU', { timeout: 30_000 });
  await lab.badge.click();
  await expect(page.locator('.badge .more')).toContainText('its module did not come within 60 seconds');
  await raceTiny(lab);
  await release();
});

test('an adapter that never arrives is passed over', async ({ lab, page }) => {
  await patchWorker(
    page,
    `${HASTY}
    Object.defineProperty(navigator, 'gpu', { value: { requestAdapter: () => new Promise(() => undefined) } });`,
  );
  await lab.open();
  await expect(lab.badge).toContainText('WebAssembly', { timeout: 30_000 });
  await lab.badge.click();
  await expect(page.locator('.badge .more')).toContainText('its adapter did not come within 20 seconds');
});

test('a worker’s script that never arrives is given up, and Run tries again', async ({ lab, page }) => {
  await page.clock.install();
  const release = await holdBack(page, /\/assets\/entry-[^/]+\.js$/);
  await page.goto('./');
  await expect(lab.badge).toContainText('Testing this device');
  await page.clock.runFor(90_000);
  await expect(lab.alert).toContainText('Nothing came for 90 seconds while the page was waiting for the worker');
  await expect(lab.badge).toContainText('Not tested yet');
  await release();
  await raceTiny(lab);
});

test('a checkpoint that never arrives is given up, and another experiment runs', async ({ lab, page }) => {
  await page.clock.install();
  await lab.open();
  const release = await holdBack(page, /reviews\.safetensors$/);
  await lab.preset(/Online DPO/).click();
  await lab.run();
  await expect(page.getByText('Starting: waiting for the checkpoint…')).toBeVisible();
  // As a laptop that was closed meanwhile: what it slept through is no waiting.
  await page.clock.fastForward(600_000);
  await expect(lab.alert).toBeEmpty();
  await page.clock.runFor(90_000);
  await expect(lab.alert).toContainText('Nothing came for 90 seconds while the page was waiting for the checkpoint');
  await lab.preset(/Bandit race/).click();
  await raceTiny(lab);
  await release();
});

test('a worker that closes itself is noticed, and its run goes on by itself', async ({ lab, page }) => {
  await lab.open();
  await lab.runWithState(100_000);
  await page.workers()[0]!.evaluate(() => self.close());
  await expect(page.getByText('(it closed without a word). The run goes on from step 1 by itself.')).toBeVisible();
  await expect.poll(() => lab.step(), 'the run trains on').toBeGreaterThan(2);
});

test('a sweep’s worker that closes itself is replaced, and the sweep comes to its end', async ({ lab, page }) => {
  const { newest } = await prepareSweep(lab, '', 5000);
  const started = page.waitForEvent('worker');
  await lab.button('Run 2 cells').click();
  const worker = await started;
  await expect(page.getByText(/[1-9]\d?% on wasm-relaxed, 2 workers/), 'both cells train').toBeVisible();
  await expect(newest).not.toContainText('2 of 2');
  const next = page.waitForEvent('worker');
  await worker.evaluate(() => self.close());
  await next;
  await expect(newest).toContainText('2 of 2', { timeout: 60_000 });
  await expect(page.getByText(/broke off/)).toHaveCount(0);
});
