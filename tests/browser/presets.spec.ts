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
