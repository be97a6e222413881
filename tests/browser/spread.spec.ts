import type { Page } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import { parseSafetensors } from '../../src/policy/safetensors';
import type { Results } from '../../src/experiment/documents/results';
import { expect, patchWorker, storedSteps, test, WITHOUT_GPU, type Lab } from './support';

test.use(WITHOUT_GPU);

const hashesOf = ({ runs }: Results) => runs.map(({ hash }) => hash);

async function finished(lab: Lab, steps: number): Promise<string[]> {
  await lab.makeTiny(steps);
  await lab.run();
  await lab.finish();
  return hashesOf(await lab.download());
}

test('a race is spread over workers, to hashes that do not depend on them', async ({ lab }) => {
  await lab.open('?workers=1');
  const alone = await finished(lab, 40);
  expect(new Set(alone).size).toBe(4);
  for (const workers of [2, 3]) {
    await lab.open(`?workers=${workers}`);
    expect(await finished(lab, 40)).toEqual(alone);
  }
});

test('a spread race can be paused, stepped, stored, resumed by another number of workers, and its weights taken out', async ({
  lab,
  page,
}) => {
  await lab.open('?workers=1');
  const whole = await finished(lab, 4000);
  await lab.open('?workers=3');
  await lab.runWithState(4000);
  await lab.button('Pause').click();
  await expect(lab.facts).toContainText('paused');
  const step = await lab.step();
  await lab.button('Step').click();
  await expect.poll(() => lab.step()).toBe(step + 1);
  await expect.poll(() => storedSteps(page)).toEqual([step + 1]);
  const started = page.waitForEvent('download');
  await lab.button('Download weights').click();
  const { metadata } = parseSafetensors(await readFile(await (await started).path()));
  expect(metadata).toMatchObject({ arm: 'Vanilla', seed: '0', step: String(step + 1) });
  await lab.open('?workers=2');
  await page.getByRole('button', { name: /^Go on from step/ }).click();
  await lab.live();
  await lab.finish();
  expect(hashesOf(await lab.download())).toEqual(whole);
});

/** The race's first own worker is ended without a word when it gets so many orders. */
const endFirst = (page: Page, orders: number) =>
  patchWorker(
    page,
    `const Original = self.Worker;
    let [made, heard] = [0, 0];
    self.Worker = class extends Original {
      isFirst = made++ === 0;
      postMessage(data, ...rest) {
        super.postMessage(data, ...rest);
        if (!this.isFirst || data.type !== 'order' || ++heard !== ${orders}) return;
        this.terminate();
        indexedDB.open('ended');
      }
    };`,
  );

test('a race goes on where one of its workers dies', async ({ lab, page }) => {
  await lab.open('?workers=1');
  const whole = await finished(lab, 800);
  await endFirst(page, 4);
  await lab.open('?workers=2');
  expect(await finished(lab, 800)).toEqual(whole);
  const databases = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
  expect(databases, 'one was ended').toContain('ended');
});

test('an address that asks for what there is not says so, and the page works', async ({ lab, page }) => {
  await lab.open('?backend=cuda&workers=0');
  await expect(lab.alert).toContainText(
    'backend "cuda", which is not allowed; there are webgpu, wasm-relaxed, wasm, cpu.',
  );
  await expect(lab.alert).toContainText('workers "0", which is not allowed; there are whole numbers from 1 to 64.');
  await lab.makeTiny(3);
  await lab.run();
  await lab.live();
  await lab.finish();
  await page.goto('./?backend=cpu');
  await expect(lab.badge).toHaveText('CPU');
});
