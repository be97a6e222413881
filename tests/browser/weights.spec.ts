import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { parseSafetensors } from '../../src/policy/safetensors';
import { expect, test, WITHOUT_GPU, type Lab } from './support';

test.use(WITHOUT_GPU);

const row = (page: Page) => page.getByRole('group', { name: 'Weights' });

/** A run's weights, as the page hands them out. */
async function weightsOf(lab: Lab, page: Page): Promise<{ name: string; bytes: Buffer }> {
  const started = page.waitForEvent('download');
  await lab.button('Download weights').click();
  const download = await started;
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

test('a run’s weights can be taken out where it stands still, and at its end', async ({ lab, page }) => {
  await lab.open();
  await lab.makeTiny(4);
  await expect(row(page), 'recorded runs have none').toHaveCount(0);
  await lab.button('Step').click();
  await expect.poll(() => lab.step()).toBe(1);
  const early = await weightsOf(lab, page);
  expect(early.name).toBe('vanilla-seed0.safetensors');
  expect(parseSafetensors(early.bytes).metadata).toMatchObject({ arm: 'Vanilla', seed: '0', step: '1' });

  await lab.button('Resume').click();
  await lab.finish();
  await row(page).getByLabel('Weights of').selectOption('PILAF');
  await row(page).getByLabel('seed').selectOption('1');
  const late = await weightsOf(lab, page);
  expect(late.name).toBe('pilaf-seed1.safetensors');
  await expect(row(page)).toContainText('pilaf-seed1.safetensors, after step 4.');
  const { metadata, tensors } = parseSafetensors(late.bytes);
  expect(metadata).toMatchObject({ arm: 'PILAF', seed: '1', step: '4', backend: 'wasm' });
  expect(tensors.map(({ name, shape }) => ({ name, shape }))).toEqual([{ name: 'logits', shape: [16, 10] }]);
});
