import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test, WITHOUT_GPU } from './support';

/** No violation that axe finds, in any view, light and dark. */

test.use({ ...WITHOUT_GPU, newcomer: true });

const nav = (page: Page, name: string) => page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name });

async function expectClean(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .options({ rules: { 'target-size': { enabled: true } } })
    .analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  expect(found, where).toEqual([]);
}

for (const mode of ['light', 'dark'] as const) {
  test(`the views, ${mode}`, async ({ lab, page }) => {
    await page.emulateMedia({ colorScheme: mode });
    await lab.open();
    await page.getByText('The paper’s experiments').click();
    await lab.preset(/^Figure 2: iterative/).click();
    await page.getByText('More settings').click();
    await page.locator('.arms').getByRole('button', { name: 'PILAF', exact: true }).click();
    await expect(page.getByRole('note')).toContainText('Recorded');
    await expectClean(page, 'a recorded preset');
    await lab.preset(/^Bandit race/).click();
    await lab.makeTiny(5);
    await lab.run();
    await lab.finish();
    await expectClean(page, 'a race that has ended');
    await nav(page, 'Learn').click();
    await page.getByRole('button', { name: 'Draw a pair' }).click();
    await expectClean(page, 'one prompt');
    const lessons = page.getByRole('navigation', { name: 'Lessons' });
    await lessons.getByRole('link', { name: 'A text' }).click();
    await expect(page.locator('[data-table="words"] tbody tr').first()).toBeVisible({ timeout: 60_000 });
    await expectClean(page, 'a text');
    await lessons.getByRole('link', { name: 'You label' }).click();
    await expectClean(page, 'you label');
    await lessons.getByRole('link', { name: 'Theory' }).click();
    await expect(page.locator('[data-table="theory"] tbody tr').last()).toBeVisible();
    await expectClean(page, 'theory');
    await lessons.getByRole('link', { name: 'Words' }).click();
    await expectClean(page, 'words');
    await nav(page, 'Runs').click();
    await page.getByRole('button', { name: /^Details of/ }).click();
    await expectClean(page, 'runs');
    await nav(page, 'Sweeps').click();
    await expect(page.locator('.barlayer .point')).toHaveCount(49);
    await expectClean(page, 'sweeps');
    await page.getByRole('button', { name: 'Keys' }).click();
    await expectClean(page, 'the dialog of keys');
  });
}

test('reviews and their pairs, dark', async ({ lab, page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await lab.open();
  await lab.preset(/Online DPO/).click();
  await lab.race('Vanilla', 'PILAF');
  await lab.set({ Seeds: 1, 'Pairs per step': 1, Steps: 2 });
  await lab.run();
  await lab.finish();
  await expect(page.locator('.pairs .token').first()).toBeVisible();
  await expectClean(page, 'pairs of reviews');
});
