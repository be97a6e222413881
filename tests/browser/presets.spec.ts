import { expect, test } from './support';

test.use({ newcomer: true });

test('the first screen has real curves before anything runs, plainly marked, and Run makes live ones', async ({
  lab,
  page,
}) => {
  await lab.open('?backend=webgpu');
  const note = page.getByRole('note');
  await expect(note).toContainText('Recorded');
  await expect(note).toContainText('npm run lab -- run bandit-race');
  await expect.poll(() => lab.dots()).toBeGreaterThan(20);
  const table = page.getByRole('region', { name: 'Results table' });
  await expect(table.getByRole('row')).toHaveCount(6);
  await expect(page.locator('.saved')).toContainText(/PILAF\s*saves \d+% \(\d+ to \d+\)/);
  await expect(lab.button('Reset')).toBeDisabled();
  await lab.makeTiny(100_000);
  await expect(page.locator('.pending')).toContainText('The plots show recorded results.');
  await lab.run();
  await expect.poll(() => lab.step(), { timeout: 30_000 }).toBeGreaterThan(1);
  await expect(note).toHaveCount(0);
  await lab.button('Stop').click();
  await expect(lab.facts).toContainText('stopped');
  // Choosing a preset shows that preset; the run is in the list.
  await lab.preset(/^Bandit race/).click();
  await expect(note).toContainText('npm run lab -- run bandit-race');
  await page.getByRole('navigation').getByRole('link', { name: 'Runs' }).click();
  await expect(page.getByRole('textbox', { name: /^Name of/ })).toHaveCount(1);
});

test('a preset has an address with its recording and its card; choosing one changes it, and Back works', async ({
  lab,
  page,
}) => {
  const note = page.getByRole('note');
  await lab.open('?backend=webgpu');
  await page.goto('./?backend=webgpu#figure-3');
  await expect(note).toContainText('npm run lab -- run figure-3');
  await expect(page.locator('.paper')).toContainText('Figure 3 (numbers: Table 3)');
  await lab.preset(/^Figure 5: overfitted/).click();
  await expect(page).toHaveURL(/#figure-5$/);
  await expect(note).toContainText('npm run lab -- run figure-5');
  await page.goBack();
  await expect(note).toContainText('npm run lab -- run figure-3');
  await expect(page.locator('.paper')).toContainText('Figure 3');
  // Settings that were changed stay where Back only comes from another view.
  await lab.set({ Steps: 7 });
  await page.getByRole('navigation').getByRole('link', { name: 'Runs' }).click();
  await page.goBack();
  await expect(lab.control('Steps')).toHaveValue('7');
  await page.reload();
  await expect(note).toContainText('npm run lab -- run figure-3');
});

test('the link of a recorded result is its preset’s address; of changed settings the whole config', async ({
  lab,
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await lab.open('?backend=webgpu');
  await page.goto('./?backend=webgpu#figure-3');
  await expect(page.getByRole('note')).toContainText('figure-3');
  await page.locator('.results').getByRole('button', { name: 'Copy link' }).click();
  await expect.poll(copied).toMatch(/#figure-3$/);
  await lab.set({ Steps: 7 });
  await lab.button('Copy link to these settings').click();
  await expect.poll(copied).toMatch(/#v1[.]/);
});

test('a preset that is chosen while a race runs does not end it', async ({ lab, page }) => {
  await lab.open('?backend=webgpu');
  await lab.makeTiny(100_000);
  await lab.run();
  await lab.live();
  await page.getByText('The paper’s experiments').click();
  await lab.preset(/^Figure 3: online/).click();
  const step = await lab.step();
  await expect.poll(() => lab.step(), 'it goes on').toBeGreaterThan(step + 1);
  await expect(page.locator('.pending')).toContainText('A race is on: your changes apply to the next run.');
  await expect(page.locator('.paper')).toContainText('has other settings than this preset');
  await lab.button('Stop').click();
  await expect(lab.facts).toContainText('stopped');
  await lab.preset(/^Figure 3: online/).click();
  await expect(page.getByRole('note'), 'now it is shown').toContainText('figure-3');
});

test('a paper preset says what the paper did, what differs, and judges only its own race', async ({ lab, page }) => {
  await lab.open('?backend=webgpu');
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
  await lab.open('?backend=webgpu');
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
  await page.getByLabel('Train on earlier rounds’ pairs too').check();
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

test('what one sees is told, arms can be left out of the plots, and hovering one plot marks the others', async ({
  lab,
  page,
}) => {
  await lab.open('#bandit-race');
  const seen = page.getByRole('region', { name: 'What you see' });
  await expect(seen).toContainText('have a higher J than Vanilla');
  await expect(seen).toContainText('were not needed to reach its final J');
  const names = () =>
    lab.plane
      .locator('.js-plotly-plot')
      .evaluate((plot) =>
        (plot as HTMLElement & { data: { name?: string; x: unknown[] }[] }).data
          .filter(({ name, x }) => name && x.length > 0)
          .map(({ name }) => name),
      );
  await expect.poll(names).toEqual(['Vanilla', 'PILAF', 'T-PILAF', 'Hybrid', 'Uniform']);
  await lab.plane.getByRole('button', { name: 'Uniform', exact: true }).click();
  await expect.poll(names).toEqual(['Vanilla', 'PILAF', 'T-PILAF', 'Hybrid']);
  await lab.plane.getByRole('button', { name: 'Show PILAF alone, or all' }).click();
  await expect.poll(names).toEqual(['PILAF']);
  await lab.plane.getByRole('button', { name: 'Show PILAF alone, or all' }).click();
  await expect.poll(names).toHaveLength(5);

  const lines = () => lab.plane.locator('.scatterlayer .trace').count();
  const few = await lines();
  await lab.plane.getByLabel('Single seeds').check();
  await expect.poll(lines).toBe(few + 5);
  await expect(lab.plane).toContainText('a faint line may lie above the dashed one');

  await lab.plane.locator('.scatterlayer .points path.point').nth(20).hover({ force: true });
  await expect(page.locator('.curve .hoverlayer .hovertext').first()).toContainText(/step/);
});
