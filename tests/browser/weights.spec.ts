import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { unzipSync } from 'fflate';
import { parseSafetensors } from '../../src/policy/safetensors';
import { expect, storedSteps, test, WITHOUT_GPU, type Lab } from './support';

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
  expect(metadata).toMatchObject({ arm: 'PILAF', seed: '1', step: '4', backend: 'wasm-relaxed' });
  expect(tensors.map(({ name, shape }) => ({ name, shape }))).toEqual([{ name: 'logits', shape: [16, 10] }]);
});

/** The folder for other engines that a race's results offer, by its files. */
async function takenOut(lab: Lab): Promise<{ name: string; files: Record<string, string> }> {
  const download = await lab.downloadBy('Take it to a real model');
  const files = unzipSync(await readFile(await download.path()));
  const texts = Object.entries(files).map(([path, bytes]) => [path, Buffer.from(bytes).toString()]);
  return { name: download.suggestedFilename(), files: Object.fromEntries(texts) as Record<string, string> };
}

test('an experiment goes to other engines with its model, a bandit with one of the hub', async ({ lab, page }) => {
  await lab.open();
  await lab.button('Take it to a real model').click();
  await expect(page.getByText('Not taken: arms.2.sampler: T-PILAF needs')).toBeVisible();
  await lab.preset('Bandit at β = 0.65').click();
  const bandit = await takenOut(lab);
  expect(Object.keys(bandit.files)).not.toContain('model/config.json');
  expect(bandit.files['experiment.yaml']).toMatch(/^model: "\S+\/\S+"$/m);
  await makeTinyReviews(lab, page);
  await lab.run();
  await lab.finish();
  const { name, files } = await takenOut(lab);
  expect(name).toMatch(/^reviews-.*-trl\.zip$/);
  expect(JSON.parse(files['model/config.json']!)).toMatchObject({ model_type: 'llama', vocab_size: 192 });
  expect(JSON.parse(files['experiment.json']!)).toMatchObject({ seeds: 1, schedule: { steps: 2, pairs: 2 } });
  expect(files['README.md']).toContain('python -m pilaf_scale experiment.yaml');
  expect(Object.keys(files)).toEqual(
    expect.arrayContaining(['model/model.safetensors', 'prompts.json', 'oracle.json']),
  );
});

/** Reviews in miniature; opens More settings. */
async function makeTinyReviews(lab: Lab, page: Page): Promise<void> {
  await lab.preset(/Online DPO/).click();
  await lab.race('PILAF');
  await lab.set({ Seeds: 1, 'Pairs per step': 2, Steps: 2, 'Learning rate': 0.01 });
  await page.getByText('More settings', { exact: true }).click();
  await lab.set({ 'Completions per evaluation': 4 });
}

const choice = (page: Page, name: string) => page.getByRole('combobox', { name, exact: true });
const checkpoint = (page: Page) => choice(page, 'Checkpoint');
const picker = (page: Page) => page.getByLabel('Checkpoint file');

test('what a run has learnt starts the next one, also after a reload', async ({ lab, page }) => {
  await lab.open();
  await makeTinyReviews(lab, page);
  await lab.run();
  await lab.finish();
  const { name, bytes } = await weightsOf(lab, page);

  await choice(page, 'Start').selectOption('at a checkpoint');
  await expect(lab.button('Run')).toBeDisabled();
  const files = picker(page);
  await files.setInputFiles({ name: '<b>bad</b>.safetensors', mimeType: '', buffer: bytes.subarray(0, 200_000) });
  await expect(lab.alert.filter({ hasText: '<b>bad</b>.safetensors cannot be used: tensor' })).toBeVisible();
  await files.setInputFiles({ name, mimeType: '', buffer: bytes });
  await expect(checkpoint(page)).toHaveValue(/^pilaf-seed0-[0-9a-f]{8}$/);
  await expect(page.getByText(/^pilaf-seed0-[0-9a-f]{8} imported\.$/)).toBeVisible();
  const imported = await checkpoint(page).inputValue();

  await lab.run();
  await lab.finish();
  const { config, runs } = await lab.download();
  expect(config.start).toEqual({ kind: 'checkpoint', checkpoint: imported });
  expect(runs[0]!.evaluations[0]!.kl, 'it starts away from the reference').toBeGreaterThan(0.001);

  const goOn = page.getByRole('button', { name: /^Go on from step 1 of/ });
  const breakOff = async () => {
    await lab.button('Reset').click();
    await lab.button('Step').click();
    await expect.poll(() => lab.step()).toBe(1);
    await expect.poll(() => storedSteps(page)).toEqual([1]);
  };
  await breakOff();
  await page.reload();
  await goOn.click();
  await lab.finish();
  expect((await lab.download()).runs[0]!.hash).toBe(runs[0]!.hash);

  // Without the checkpoint it cannot; with its bytes under whatever name it can.
  await breakOff();
  await page.getByText('More settings', { exact: true }).click();
  await page.getByRole('button', { name: `Delete ${imported}` }).click();
  await expect(page.getByText(`${imported} deleted.`)).toBeVisible();
  await expect(checkpoint(page)).toHaveValue('');
  await page.getByRole('button', { name: `Undo the deletion of ${imported}` }).click();
  await expect(checkpoint(page)).toHaveValue(imported);
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: `Download ${imported}` }).click();
  expect((await readFile(await (await saved).path())).equals(bytes), 'it may be nowhere else').toBe(true);
  await page.getByRole('button', { name: `Delete ${imported}` }).click();
  await expect(checkpoint(page)).toHaveValue('');
  await page.reload();
  await goOn.click();
  await expect(lab.alert.filter({ hasText: 'this browser does not have it: import its file' })).toBeVisible();
  await page.getByText('More settings', { exact: true }).click();
  await expect(lab.alert.filter({ hasText: `This browser does not have ${imported}: import its file.` })).toBeVisible();
  await picker(page).setInputFiles({ name: 'copy.safetensors', mimeType: '', buffer: bytes });
  await expect(checkpoint(page)).toHaveValue(imported.replace('pilaf-seed0', 'copy'));
  await goOn.click();
  await lab.finish();
  expect((await lab.download()).runs[0]!.hash).toBe(runs[0]!.hash);
});

test('a storage of the version before keeps its runs and takes checkpoints', async ({ lab, page }) => {
  await lab.open();
  await lab.makeTiny(2);
  await lab.run();
  await lab.finish();
  const names = page.getByRole('textbox', { name: /^Name of/ });
  await page.getByRole('navigation').getByRole('link', { name: 'Runs' }).click();
  await expect(names).toHaveCount(1);
  await page.evaluate(turnIntoVersion1);
  await page.reload();
  await expect(names).toHaveValue('Bandit: Vanilla, PILAF');
  await page.getByRole('navigation').getByRole('link', { name: 'Race' }).click();
  await makeTinyReviews(lab, page);
  await choice(page, 'Start').selectOption('at a checkpoint');
  await picker(page).setInputFiles('public/checkpoints/reviews.safetensors');
  await expect(page.getByText(/^reviews-[0-9a-f]{8} imported\.$/)).toBeVisible();
});

/** Runs in the page, which lets go of its storage when asked: the runs are moved into a storage as the page made it before it kept checkpoints. */
async function turnIntoVersion1(): Promise<void> {
  const NAME = 'pilaf-lab';
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error('refused'));
    });
  const newer = await done(indexedDB.open(NAME));
  const read = newer.transaction(['runs', 'results']);
  const [runs, results] = await Promise.all(
    ['runs', 'results'].map((store) => done(read.objectStore(store).getAll() as IDBRequest<{ id: string }[]>)),
  );
  newer.close();
  await done(indexedDB.deleteDatabase(NAME));
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => {
    for (const store of ['runs', 'states']) opening.result.createObjectStore(store, { keyPath: 'id' });
    for (const store of ['results', 'bytes']) opening.result.createObjectStore(store);
  };
  const older = await done(opening);
  const write = older.transaction(['runs', 'results'], 'readwrite');
  await done(write.objectStore('runs').put(runs![0]));
  await done(write.objectStore('results').put(results![0], runs![0]!.id));
  older.close();
}
