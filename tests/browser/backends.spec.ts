import type { Page } from '@playwright/test';
import { expect, patchWorker, test } from './support';

/** WebGPU is there, in software. */

const more = (page: Page) => page.locator('.badge .more');
const choice = (page: Page, name: string | RegExp) => more(page).getByRole('radio', { name });

test('where the only GPU is software the page takes WebAssembly, says why, and times both while it lies idle', async ({
  lab,
  page,
}) => {
  test.setTimeout(240_000);
  await lab.open();
  await expect(lab.badge).toHaveText(/^WebAssembly/);
  await page.locator('.badge button').click();
  await expect(more(page)).toContainText(
    /WebGPU was passed over: its adapter \(.*swiftshader.*\) computes on the processor, more slowly than WebAssembly\./i,
  );
  await expect(more(page)).toContainText('being timed…', { timeout: 20_000 });
  await expect(more(page)).toContainText(/WebAssembly [\d\s,]+ pairs\/s/, { timeout: 180_000 });
  await expect(more(page)).toContainText(/WebAssembly, relaxed [\d\s,]+ pairs\/s/);
  await expect(more(page)).toContainText(/WebGPU [\d\s,]+ pairs\/s/);
  await expect(more(page)).toContainText('The fastest (WebAssembly');
  const rate = async (name: string) => {
    const found = new RegExp(`${name} (\\D?[\\d\\s,]+) pairs/s`).exec((await more(page).textContent()) ?? '');
    return Number(found![1]!.replace(/\D/g, ''));
  };
  expect(await rate('WebAssembly')).toBeGreaterThan(await rate('WebGPU'));
  // Once a device: what is known stays known, and so does a choice.
  await choice(page, /^CPU/).check();
  await expect(lab.badge).toHaveText('CPU');
  await page.reload();
  await expect(lab.badge).toHaveText('CPU', { timeout: 60_000 });
  await page.locator('.badge button').click();
  await expect(more(page)).toContainText(/WebGPU [\d\s,]+ pairs\/s/);
  await lab.makeTiny(3);
  await lab.run();
  await lab.live();
  await lab.finish();
  expect((await lab.download()).backend.name).toBe('cpu');
  await page.locator('.badge button').click();
  await choice(page, /^The fastest/).check();
  await expect(more(page)).toContainText('The next race runs on WebAssembly');
  await lab.run();
  await lab.live();
  await lab.finish();
  await expect(lab.badge).toHaveText(/^WebAssembly/);
});

test('a backend that the address asks for runs, for this visit; another can be chosen for the next race', async ({
  lab,
  page,
}) => {
  await lab.open('?backend=webgpu');
  await expect(lab.badge).toContainText('WebGPU');
  await lab.makeTiny(100_000);
  await lab.run();
  await lab.live();
  await page.locator('.badge button').click();
  await choice(page, /^WebAssembly /).check();
  await expect(more(page)).toContainText('The next race runs on WebAssembly.');
  await expect(lab.badge, 'what runs goes on').toContainText('WebGPU');
  await lab.button('Stop').click();
  await expect(lab.facts).toContainText('stopped');
  await lab.set({ Steps: 3 });
  await lab.run();
  await lab.finish();
  expect((await lab.download()).backend.name).toBe('wasm');
});

test('a backend that is remembered and is gone is named, and the page goes on with another', async ({ lab, page }) => {
  await page.addInitScript(() => localStorage.setItem('pilaf-lab/backends', '{"choice":"webgpu"}'));
  await patchWorker(page, 'Object.defineProperty(WorkerNavigator.prototype, "gpu", { value: undefined });');
  await lab.open();
  await expect(lab.badge).toHaveText(/^WebAssembly/, { timeout: 60_000 });
  await expect(lab.alert).toContainText('WebGPU was passed over: this browser has no WebGPU.');
  await lab.makeTiny(3);
  await lab.run();
  await lab.live();
  await lab.finish();
});
