import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test, WITHOUT_GPU, type Lab } from './support';

/** What somebody opens by mistake while a race runs is refused in a sentence, and disturbs nothing. */

test.use(WITHOUT_GPU);

const folder = mkdtempSync(join(tmpdir(), 'pilaf-lab-broken-'));
test.afterAll(() => rmSync(folder, { recursive: true }));

/** A path, because the page must not be handed the bytes. */
function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A file of two gibibytes that takes no room on the disk. */
function sparse(name: string): string {
  const path = join(folder, name);
  const file = openSync(path, 'w');
  ftruncateSync(file, 2 * 2 ** 30);
  closeSync(file);
  return path;
}

const nav = (page: Page, name: string) => page.getByRole('navigation').getByRole('link', { name });
const names = (page: Page) =>
  page
    .getByRole('region', { name: 'Table of runs' })
    .getByRole('textbox', { name: /^Name of/ })
    .evaluateAll((fields) => fields.map((field) => (field as HTMLInputElement).value));

/** Ends a short race, so that the list has a run, then begins one that goes on for long. */
async function raceOn(lab: Lab): Promise<void> {
  await lab.open();
  await lab.makeTiny(3);
  await lab.run();
  await lab.finish();
  await lab.set({ Steps: 100_000 });
  await lab.run();
  await expect.poll(() => lab.step()).toBeGreaterThan(3);
}

/** Opens a file where `label` says, expects the sentence, then that the race goes on and the list is as before. */
async function expectRefused(lab: Lab, view: string, label: string, path: string, sentence: string | RegExp) {
  const { page } = lab;
  for (const link of view.split('/')) await nav(page, link).click();
  await page.getByLabel(label).setInputFiles(path);
  await expect(lab.alert.filter({ hasText: sentence })).toBeVisible();
  await nav(page, 'Race').click();
  const step = await lab.step();
  await expect.poll(() => lab.step(), 'the race goes on').toBeGreaterThan(step);
  await expect(lab.facts).not.toContainText('stopped');
  await nav(page, 'Runs').click();
  await expect.poll(() => names(page), 'the list is as before').toEqual(['Bandit: Vanilla, PILAF']);
}

test('broken runs and sweeps are refused while a race runs', async ({ lab }) => {
  await raceOn(lab);
  const run = readFileSync('public/recorded/table-1.json', 'utf8');
  const sweep = readFileSync('public/sweeps/losses.json', 'utf8');
  const runs = (name: string, content: string, sentence: string) =>
    expectRefused(lab, 'Runs', 'Results files', fileOf(name, content), `${name}: ${sentence}`);
  const sweeps = (name: string, content: string, sentence: string) =>
    expectRefused(lab, 'Sweeps', 'Sweep file', fileOf(name, content), `${name}: ${sentence}`);
  await runs('cut.json', run.slice(0, 5000), 'the file is not JSON.');
  await runs('foreign.json', run, 'no results of this program; their format is "pilaf-lab/results".');
  await runs('objects.json', `[${'{},'.repeat(5_000_000)}{}]`, 'the file has more than 3000000 values.');
  await sweeps('cut-sweep.json', sweep.slice(0, 5000), 'the file is not JSON.');
  await sweeps('cells.json', sweep.replace('"cells":[{', '"cells":[{"x":1,'), 'cells.0.x: ');
  await sweeps('levels.json', '['.repeat(1_000_000), 'the file has more than 100 levels of lists and objects.');
});

test('broken checkpoints and far too large files are refused while a race runs', async ({ lab, page }) => {
  await raceOn(lab);
  // What is set up for the next race does not touch the one that runs.
  await lab.preset(/Online DPO/).click();
  await page.getByText('More settings', { exact: true }).click();
  await page.getByRole('combobox', { name: 'Start', exact: true }).selectOption('at a checkpoint');
  const good = readFileSync('public/checkpoints/reviews.safetensors');
  const cut = fileOf('cut.safetensors', good.subarray(0, 200_000));
  await expectRefused(lab, 'Race', 'Checkpoint file', cut, 'cut.safetensors cannot be used: tensor');
  const noise = fileOf('noise.safetensors', new Uint8Array(5000).fill(255));
  await expectRefused(lab, 'Race', 'Checkpoint file', noise, 'noise.safetensors cannot be used: ');

  // Whoever reads a file gets an error from here on: the page must know the size without it.
  await page.evaluate(() => {
    const refuse = () => Promise.reject(new Error('a file was read'));
    Object.assign(Blob.prototype, { arrayBuffer: refuse, text: refuse, stream: refuse });
  });
  const film = sparse('film.safetensors');
  const sentence = 'film.safetensors cannot be used: it is larger than 64 MB.';
  await expectRefused(lab, 'Race', 'Checkpoint file', film, sentence);
  const text = sparse('film.json');
  const tooLarge = 'film.json: the file is larger than 64 MiB.';
  await expectRefused(lab, 'Runs', 'Results files', text, tooLarge);
  await expectRefused(lab, 'Sweeps', 'Sweep file', text, tooLarge);
  await expectRefused(lab, 'Learn/You label', 'Labels from a file', text, tooLarge);
});
