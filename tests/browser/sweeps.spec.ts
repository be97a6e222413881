import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import type { SweepResults } from '../../src/experiment/documents/sweepResults';
import { expect, test, WITHOUT_GPU, type Lab } from './support';

test.use(WITHOUT_GPU);

const nav = (page: Page, name: string) => page.getByRole('navigation').getByRole('link', { name });
const table = (page: Page) => page.getByRole('region', { name: 'Table of sweeps' });
const LOSSES = 'Losses × samplers, every arm at its best learning rate';
const map = (page: Page) => page.locator('#sweeps').getByRole('figure');

/** The tiny race of the settings, over two values of β and two reward ranges. */
async function makeTinySweep(lab: Lab, page: Page, steps: number): Promise<void> {
  await lab.open();
  await lab.makeTiny(steps);
  await nav(page, 'Sweeps').click();
  await page.getByRole('combobox', { name: 'Experiment' }).selectOption('The settings in Race');
  await lab.set({ 'Values of the rows': '1, 3', 'Values of the columns': '0.3, 1' });
}

async function downloaded(page: Page): Promise<SweepResults> {
  const started = page.waitForEvent('download');
  await table(page)
    .getByRole('button', { name: /^JSON of/ })
    .first()
    .click();
  return JSON.parse(await readFile(await (await started).path(), 'utf8')) as SweepResults;
}

test('the map of where PILAF pays is there at once, with a table of its numbers', async ({ lab, page }) => {
  await lab.open();
  await nav(page, 'Sweeps').click();
  await expect(map(page)).toHaveAttribute('aria-label', /^PILAF: labels saved, against Vanilla\. Of 49 cells 19 are/);
  await expect(page.getByText(/^Recorded, not run here: npm run lab -- sweep phase-map, on wasm/)).toBeVisible();
  await expect(map(page).locator('.barlayer .point')).toHaveCount(49);
  await page.locator('#sweeps').getByText('Data behind this plot').click();
  await expect(page.getByRole('cell', { name: '45% (40% to 50%)' })).toBeVisible();
  const cell = page.getByRole('combobox', { name: /^Race with the settings of a cell/ });
  await expect(cell.locator('option').first()).toHaveText('Reward range = 0.3, β, the price of KL = 0.03');
  // Plotly lies a sheet above its points that takes the mouse.
  const { x, y, width, height } = (await map(page).locator('.barlayer .point').nth(8).boundingBox())!;
  await page.mouse.click(x + width / 2, y + height / 2);
  await expect(cell).toHaveValue('8');
  await page.locator('#sweeps').getByRole('combobox', { name: 'Show' }).selectOption('J* − J');
  await expect(map(page)).toHaveCount(2);
});

test('every arm is tuned alike, and races with its best', async ({ lab, page }) => {
  await lab.open();
  await lab.makeTiny(40);
  await lab.button('Tune every arm alike…').click();
  await expect(page.getByText('8 trials of 8 seeds, 40 steps each.')).toBeVisible();
  await page.getByRole('textbox', { name: 'Learning rates' }).fill('0.01, 2');
  await expect(lab.alert.filter({ hasText: '2 is not allowed; give a number from 1e-7 to 1' })).toBeVisible();
  await expect(lab.button('Tune every arm')).toBeDisabled();
  await page.getByRole('textbox', { name: 'Learning rates' }).fill('0.001, 0.1, 0.01');
  await page.getByRole('spinbutton', { name: 'Tuning seeds' }).fill('3');
  await lab.button('Tune every arm').click();
  await expect(page).toHaveURL(/#sweeps$/);
  await expect(page.getByRole('heading', { name: 'Tuning of Bandit: Vanilla, PILAF' })).toBeVisible();
  const trials = page.getByRole('region', { name: 'Trials' });
  await expect(trials.getByRole('row')).toHaveCount(7);
  const race = lab.button('Race with every arm at its best');
  await expect(race).toBeEnabled({ timeout: 60_000 });
  await expect(trials.getByRole('row').filter({ hasText: ', best' })).toHaveCount(2);
  await expect(page.getByText(/^Vanilla is best at the edge of what was tried, Learning rate = 0[.]1/)).toBeVisible();
  await race.click();
  await expect(page.getByText('These settings came with tuning every arm.')).toBeVisible();
  await lab.run();
  await lab.finish();
  await expect(page.locator('.results')).toContainText(
    'Tuned: every arm tried Learning rate 0.001, 0.1, 0.01 on seeds 1000 to 1002 and has the best by mean J',
  );
  const { config } = await lab.download();
  expect(config.arms.map(({ name, learningRate }) => [name, learningRate])).toEqual([
    ['Vanilla', 0.1],
    ['PILAF', 0.1],
  ]);
  await lab.set({ Steps: 50 });
  await lab.run();
  await expect(page.locator('.results')).toContainText('The arms’ values were tuned for other settings than these.');
});

test('a ready sweep that is chosen shows what it found', async ({ lab, page }) => {
  await lab.open();
  await nav(page, 'Sweeps').click();
  await page.getByRole('combobox', { name: 'Experiment' }).selectOption({ label: LOSSES });
  await expect(page.getByText(/^Recorded, not run here: npm run lab -- sweep losses, on wasm/)).toBeVisible();
  await expect(map(page)).toHaveCount(2);
  await expect(map(page).first()).toHaveAttribute('aria-label', /^PILAF: labels saved, against Vanilla\. Of 5 cells/);
  await expect(page.getByRole('combobox', { name: /^Race with the settings of a cell/ })).toContainText('loss = dpo,');
});

test('a sweep is kept, goes on after a reload, and its cells race', async ({ lab, page }) => {
  await makeTinySweep(lab, page, 400);
  await lab.button('Run 4 cells').click();
  const quantities = page.locator('#sweeps').getByRole('combobox', { name: 'Show' });
  await expect(quantities.locator('option'), 'also before the first cell').not.toHaveCount(0);
  await expect(table(page)).toContainText('4 of 4', { timeout: 60_000 });
  await expect(lab.button('Run 4 cells')).toBeVisible();
  const whole = await downloaded(page);
  expect(whole.cells.map(({ values }) => values)).toEqual([
    { 'task.rewardScale': 1, beta: 0.3 },
    { 'task.rewardScale': 1, beta: 1 },
    { 'task.rewardScale': 3, beta: 0.3 },
    { 'task.rewardScale': 3, beta: 1 },
  ]);

  await lab.button('Run 4 cells').click();
  const newest = table(page).getByRole('row').nth(1);
  await expect(newest).toContainText(/[123] of 4/, { timeout: 60_000 });
  await lab.button('Stop').click();
  await expect(newest).toContainText(/[123] of 4/);
  await page.reload();
  await newest.getByRole('button', { name: /^Go on with/ }).click();
  await expect(newest).toContainText('4 of 4', { timeout: 60_000 });
  expect(await downloaded(page), 'the same cells as without the break').toEqual(whole);
  await expect(map(page)).toHaveAttribute('aria-label', /Of 4 cells/);

  await newest.getByRole('button', { name: /^Delete/ }).click();
  await expect(table(page)).toContainText('4 of 4');
  await expect(table(page).getByRole('row')).toHaveCount(2);
  await lab.button('Undo').click();
  await expect(table(page).getByRole('row')).toHaveCount(3);

  await page.getByRole('combobox', { name: /^Race with the settings of/ }).selectOption({ index: 3 });
  await lab.button('Open in Race').click();
  await expect(page.getByText('These settings came with a sweep’s cell.')).toBeVisible();
  await expect(lab.control('Reward range')).toHaveValue('3');
  await expect(lab.control('Steps')).toHaveValue('400');
});

test('what cannot run is named, and loses nothing', async ({ lab, page }) => {
  await makeTinySweep(lab, page, 20);
  await lab.set({ 'Values of the columns': '0.3, -1' });
  await expect(page.getByText(/^cell 1 \(task.rewardScale = 1, beta = -1\): .*beta: -1 is not allowed/)).toBeVisible();
  await expect(page.getByRole('button', { name: /^Run \d+ cells?$/ })).toBeDisabled();
  await lab.set({ 'Values of the columns': '0.3, 1', 'Field of the columns': 'bete' });
  await expect(page.getByText(/bete.*unknown field/)).toBeVisible();

  const files = page.getByLabel('Sweep file');
  const take = (name: string, text: string) =>
    files.setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });
  await take('<b>bad.json', '{');
  await expect(lab.alert.filter({ hasText: '<b>bad.json: the file is not JSON.' })).toBeVisible();
  await take('none.json', '{"base": "no-such-preset", "axes": []}');
  await expect(lab.alert.filter({ hasText: /none\.json: .*axes/ })).toBeVisible();
  await take('cells.jsonl', '{"format":"pilaf-lab/sweep-cells","version":1}\n{"number":0}\n');
  await expect(lab.alert.filter({ hasText: 'cells.jsonl: these are a sweep’s single cells' })).toBeVisible();
  await take('list.json', JSON.stringify({ base: 'bandit-race', list: [{ beta: 0.5, 'schedule.steps': 10 }] }));
  await expect(page.getByText('A list of 1 cell.')).toBeVisible();
  await lab.button('Run 1 cell').click();
  await expect(table(page)).toContainText('1 of 1', { timeout: 60_000 });
  const results = JSON.stringify(await downloaded(page));
  await take('again.json', results);
  await expect(page.getByText('again.json is shown above.')).toBeVisible();
  await expect(table(page).getByRole('row'), 'the same results are kept once').toHaveCount(2);
});
