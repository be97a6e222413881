import type { Page } from '@playwright/test';
import { expect, test, WITHOUT_GPU, type Lab } from './support';

test.use(WITHOUT_GPU);

/** The stories' race in miniature. */
async function makeTinyStories(lab: Lab, page: Page): Promise<void> {
  await lab.race('Vanilla');
  await lab.set({ Seeds: 1, 'Pairs per step': 1, Steps: 1 });
  await page.getByText('More settings', { exact: true }).click();
  await lab.set({ 'Completions per evaluation': 2 });
}

test('the model that writes stories is fetched once it is to run, and kept', async ({ lab, page, context }) => {
  const fetched: string[] = [];
  context.on('request', (request) => {
    if (request.url().endsWith('stories.safetensors')) fetched.push(request.url());
  });
  await lab.open('?workers=1');
  await lab.preset(/^Stories \d/).click();
  await makeTinyStories(lab, page);
  expect(fetched).toHaveLength(0);
  await lab.run();
  await lab.finish();
  expect(fetched).toHaveLength(1);
  await expect(page.locator('.pairs')).toContainText(/[a-z]+ [a-z]+ [a-z]+/);

  // The address names the preset.
  await page.reload();
  await makeTinyStories(lab, page);
  await lab.run();
  await lab.finish();
  expect(fetched).toHaveLength(1);
});

test('a learnt reward labels, and the true one is measured', async ({ lab, page }) => {
  await lab.open('?workers=1');
  await lab.preset(/^Stories by a learnt reward/).click();
  await makeTinyStories(lab, page);
  await expect(page.getByRole('group', { name: 'Oracle' })).toContainText(
    'Measured besides, as the true reward: Sentiment, Variety, A whole ending.',
  );
  await expect(page.getByRole('combobox', { name: 'Row 1, reward model' })).toHaveValue('stories-votes');
  await lab.run();
  await lab.finish();
  await expect(page.getByRole('heading', { name: 'True reward' })).toBeVisible();
  await expect(page.getByText('Dotted is the true reward, which the oracle has only learnt.')).toBeVisible();
});
