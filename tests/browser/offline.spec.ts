import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { preview, type PreviewServer } from 'vite';
import { expect, Lab, test, WITHOUT_GPU } from './support';

/** The page without a network, and what it does about files that arrive damaged. */

test.use(WITHOUT_GPU);

/** A race of two steps, for which the checkpoint has to come. */
async function trainReviews(lab: Lab): Promise<void> {
  await lab.preset(/Online DPO/).click();
  await lab.race('Vanilla');
  await lab.set({ Seeds: 1, 'Pairs per step': 2, Steps: 2 });
  await lab.run();
  await lab.live();
  await lab.finish();
}

test.describe('after one visit', () => {
  test.use({ serviceWorkers: 'allow' });

  const kept = (page: Page) =>
    page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });

  test('the page opens and trains without a network, whatever its address asks for', async ({ lab, page, context }) => {
    await lab.open();
    await kept(page);
    await context.setOffline(true);
    await lab.open('?workers=1');
    await expect(lab.badge).toContainText('WebAssembly');
    await lab.makeTiny(5);
    await lab.run();
    await lab.live();
    await lab.finish();
    await trainReviews(lab);
    await page.getByRole('navigation').getByRole('link', { name: 'Learn' }).click();
    await expect(page.getByRole('heading', { level: 2 }).first()).toBeVisible();
    await page.getByRole('navigation').getByRole('link', { name: 'Sweeps' }).click();
    await expect(page.getByText('Recorded, not run here')).toBeVisible();
  });

  test('a file that is kept damaged is fetched anew', async ({ lab, page }) => {
    await lab.open();
    await kept(page);
    const damaged = await page.evaluate(async () => {
      let count = 0;
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
          if (!request.url.includes('/checkpoints/reviews.safetensors')) continue;
          await cache.put(request, new Response('damaged'));
          count++;
        }
      }
      return count;
    });
    expect(damaged).toBe(1);
    await lab.open('?workers=1');
    await trainReviews(lab);
    await expect(lab.alert).toBeEmpty();
  });

  test('a newer version is offered, waits for a race and for other tabs, and comes when it is asked for', async ({
    context,
    page,
    trouble,
  }) => {
    const folder = await mkdtemp(join(tmpdir(), 'pilaf-lab-dist-'));
    await cp('dist', folder, { recursive: true });
    const server: PreviewServer = await preview({
      configFile: false,
      logLevel: 'error',
      base: '/other/',
      build: { outDir: folder },
      preview: { host: '127.0.0.1', port: 4181, strictPort: true },
    });
    try {
      const address = 'http://127.0.0.1:4181/other/';
      const lab = new Lab(page);
      await page.goto(address);
      await kept(page);
      await appendFile(join(folder, 'serviceWorker.js'), '// another version\n');
      await page.goto(`${address}?workers=1`);
      await expect(page.getByText('A newer version of this page is here.')).toBeVisible({ timeout: 30_000 });
      await lab.makeTiny(100_000);
      await lab.run();
      await lab.live();
      await expect(lab.button('Open it now')).toBeDisabled();
      await lab.button('Stop').click();
      await expect(lab.button('Open it now')).toBeEnabled();
      await page.getByRole('navigation').getByRole('link', { name: 'Sweeps' }).click();
      await page.getByRole('button', { name: /^Run \d+ cells$/ }).click();
      await expect(lab.button('Open it now'), 'a sweep runs').toBeDisabled();
      await lab.button('Stop').click();
      const other = await context.newPage();
      await other.goto(address);
      await lab.button('Open it now').click();
      await expect(page.getByText('Another tab has this page open: close them first')).toBeVisible();
      await other.close();
      const reloaded = page.waitForEvent('load');
      await lab.button('Open it now').click();
      await reloaded;
      await expect(page.getByText('A newer version of this page is here.')).toHaveCount(0);
      const waiting = () => navigator.serviceWorker.getRegistration().then((found) => found?.waiting ?? null);
      expect(await page.evaluate(waiting)).toBeNull();
    } finally {
      await new Promise<void>((resolve) => server.httpServer.close(() => resolve()));
      await rm(folder, { recursive: true });
      // Its address is not that of the other tests.
      trouble.splice(0, trouble.length, ...trouble.filter((line) => !line.includes('127.0.0.1:4181')));
    }
  });
});

/** What arrives instead of a file, so many times; returns how often it was asked for. */
async function spoil(
  page: Page,
  url: RegExp,
  times: number,
  spoiled: (whole: Buffer) => Buffer,
): Promise<() => number> {
  let asked = 0;
  await page.route(url, async (route) => {
    const response = await route.fetch({ maxRetries: 3 });
    const body = await response.body();
    await route.fulfill({ response, body: ++asked > times ? body : spoiled(body) });
  });
  return () => asked;
}

const cut = (whole: Buffer) => whole.subarray(0, whole.length / 2);
const flipped = (whole: Buffer) => Buffer.concat([whole.subarray(0, -1), Buffer.from([whole.at(-1)! ^ 1])]);
const html = () => Buffer.from('<!doctype html><title>Not found</title>');

test.describe('a file that arrives damaged', () => {
  for (const [how, spoiled] of Object.entries({ cut, flipped, html })) {
    test(`a checkpoint, ${how}, is fetched once more, and is what it should be then`, async ({ lab, page }) => {
      const asked = await spoil(page, /reviews\.safetensors$/, 1, spoiled);
      await lab.open('?workers=1');
      await trainReviews(lab);
      expect(asked()).toBe(2);
      await expect(lab.alert).toBeEmpty();
    });
  }

  test('a checkpoint that stays damaged is named, and another experiment runs', async ({ lab, page }) => {
    await spoil(page, /reviews\.safetensors$/, Infinity, flipped);
    await lab.open('?workers=1');
    await lab.preset(/Online DPO/).click();
    await lab.run();
    await expect(lab.alert).toContainText('checkpoints/reviews.safetensors arrived damaged, twice');
    await lab.preset(/Bandit race/).click();
    await lab.makeTiny(5);
    await lab.run();
    await lab.finish();
  });

  test('WebAssembly’s module that stays damaged is named, and the plain CPU runs', async ({ lab, page }) => {
    await spoil(page, /simd-.*\.wasm$/, Infinity, cut);
    await lab.open('?workers=1');
    await expect(lab.badge).toContainText('CPU');
    await lab.badge.click();
    await expect(page.locator('.badge .more')).toContainText('tfjs-backend-wasm-simd.wasm arrived damaged, twice');
  });

  test('a recorded run and a ready sweep that stay damaged are named, not shown', async ({ lab, page }) => {
    await spoil(page, /recorded\/bandit-race\.json$/, Infinity, cut);
    await spoil(page, /sweeps\/phase-map\.json$/, Infinity, html);
    await lab.open();
    await expect(lab.alert).toContainText('recorded/bandit-race.json arrived damaged, twice');
    expect(await lab.dots()).toBe(0);
    await page.getByRole('navigation').getByRole('link', { name: 'Sweeps' }).click();
    await expect(page.getByText('sweeps/phase-map.json arrived damaged, twice')).toBeVisible();
  });
});
