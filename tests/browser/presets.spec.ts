import { expect, test } from './support';

test('the first screen has real curves before anything runs, plainly marked, and Run makes live ones', async ({
  lab,
  page,
}) => {
  await lab.open();
  const note = page.getByRole('note');
  await expect(note).toContainText('Recorded');
  await expect(note).toContainText('npm run lab -- run bandit-race');
  await expect.poll(() => lab.dots()).toBeGreaterThan(20);
  const table = page.getByRole('region', { name: 'Results table' });
  await expect(table.getByRole('row')).toHaveCount(6);
  await expect(page.locator('.saved')).toContainText(/PILAF\s*\d+% \(\d+ to \d+\)/);
  await expect(lab.button('Reset')).toBeDisabled();
  await lab.makeTiny(100_000);
  await expect(page.locator('.pending')).toContainText('The plots show recorded results.');
  await lab.run();
  await expect.poll(() => lab.step(), { timeout: 30_000 }).toBeGreaterThan(1);
  await expect(note).toHaveCount(0);
  await lab.button('Stop').click();
  await expect(lab.facts).toContainText('stopped');
  // Somebody's own results are not replaced by recorded ones.
  await lab.preset(/^Bandit race/).click();
  await page.waitForTimeout(500);
  await expect(note).toHaveCount(0);
});

test('a paper preset says what the paper did, what differs, and judges only its own race', async ({ lab, page }) => {
  await lab.open();
  await page.getByText('The paper’s experiments').click();
  await lab.preset(/^Figure 2 on the bandit/).click();
  const card = page.locator('.paper');
  await expect(card).toContainText('What the paper did.');
  await expect(card).toContainText('What is different here.');
  await expect(card.getByRole('row', { name: /^Vanilla/ })).toContainText('−13.68');
  await expect(card.getByRole('listitem')).toHaveCount(9);
  await page.getByText('More settings').click();
  await lab.control('Seeds').fill('2');
  await lab.control('Steps').fill('6');
  await lab.run();
  await expect(lab.facts).toContainText('done', { timeout: 60_000 });
  await expect(card).toContainText('has other settings than this preset');
  await expect(page.locator('.start')).toContainText('passed 5 times over 512 labelled pairs');
});

test('loss, labels, start and rounds can be chosen, and reach the run', async ({ lab, page }) => {
  await lab.open();
  await lab.race('Vanilla', 'PILAF');
  await lab.set({ Seeds: 2, 'Pairs per step': 2, Steps: 4 });
  await page.getByText('More settings').click();
  const choice = (name: string) => page.getByRole('combobox', { name, exact: true });
  await choice('Loss').selectOption('ipo');
  await expect(lab.control('Label smoothing ε')).toHaveCount(0);
  await choice('Labels').selectOption('deterministic');
  await lab.set({ 'Flipped labels': 0.7 });
  await expect(page.locator('.problem').first()).toContainText('0.7 is not allowed; give a number from 0 to 0.5');
  await lab.set({ 'Flipped labels': 0.1 });
  await choice('Start').selectOption('offline');
  await lab.set({ 'Pairs before the start': 3 });
  await expect(page.locator('.problem').first()).toContainText('3 is not a multiple of schedule.pairs, which is 2');
  await lab.set({ 'Pairs before the start': 4, 'Epochs before the start': 2 });
  await choice('Rounds').selectOption('rounds');
  await lab.set({ 'Pairs per round': 4, 'Epochs per round': 1 });
  await page.getByLabel('Keep the pairs of earlier rounds').check();
  await lab.run();
  await lab.finish();
  const { config, runs } = await lab.download();
  expect(config).toMatchObject({
    loss: { kind: 'ipo', smoothing: 0 },
    labeller: { rule: 'deterministic', reader: 'oracle', flip: 0.1 },
    start: { kind: 'offline', pairs: 4, epochs: 2 },
    rounds: { pairs: 4, epochs: 1, accumulate: true, movingReference: false },
  });
  // 4 before the start, then rounds of 2 and 4 steps: two are begun.
  expect(runs[0]!.evaluations.at(-1)!.labels).toBe(12);
});
