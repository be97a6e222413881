import { expect, test, WITHOUT_GPU } from './support';

/** What a newcomer meets first. */

test.use(WITHOUT_GPU);

const QUESTION = 'Which answers should people compare?';

test('the opening says what the page is about, until it is closed', async ({ lab, page }) => {
  await lab.open();
  const opening = page.getByRole('region', { name: QUESTION });
  await expect(opening).toContainText('Direct Preference Optimization');
  await expect(opening.getByRole('link', { name: 'Feng et al. 2025' })).toHaveAttribute(
    'href',
    'https://arxiv.org/abs/2502.04270',
  );
  await lab.button('Got it').click();
  await expect(opening).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeVisible();
  await expect(opening).toHaveCount(0);
  await lab.button('What is this page about?').click();
  await expect(opening).toBeVisible();
});

test('a term shows its sentence on hover, on focus and on tap, and Escape puts it away', async ({ lab, page }) => {
  await lab.open();
  const term = page.getByRole('region', { name: QUESTION }).getByRole('button', { name: 'RLHF' });
  const sentence = page.getByRole('tooltip');
  await term.hover();
  await expect(sentence).toContainText('Reinforcement learning from human feedback');
  await page.mouse.move(0, 0);
  await expect(sentence).toHaveCount(0);
  await term.focus();
  await expect(sentence).toBeVisible();
  await expect(term).toHaveAttribute('aria-describedby', (await sentence.getAttribute('id'))!);
  await page.keyboard.press('Escape');
  await expect(sentence).toHaveCount(0);
  await page.locator('.curve').getByRole('button', { name: 'policy' }).click();
  await expect(sentence).toContainText('The language model that is trained');
  const box = (await sentence.boundingBox())!;
  expect(box.x).toBeGreaterThanOrEqual(0);
  expect(box.x + box.width).toBeLessThanOrEqual(await page.evaluate(() => innerWidth));
});

test('the tour is walked by keyboard, and ends in a race that runs', async ({ lab, page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await lab.open();
  await lab.makeTiny(100_000);
  await lab.button('Take the tour').focus();
  await page.keyboard.press('Enter');
  const stop = page.getByRole('dialog');
  await expect(stop).toContainText('Choose an experiment');
  await expect(stop).toContainText('1 of 8');
  // A key that comes while a stop is still being drawn is not heard.
  const walk = (key: string, place: number) =>
    expect(async () => {
      const isThere = (await stop.innerText()).includes(`${place} of 8`);
      if (!isThere) await page.keyboard.press(key);
      await expect(stop).toContainText(`${place} of 8`, { timeout: 1500 });
    }).toPass();
  for (let place = 2; place <= 8; place++) await walk('ArrowRight', place);
  await walk('ArrowLeft', 7);
  await walk('ArrowRight', 8);
  await expect(stop).toContainText('Start a race');
  await stop.getByRole('button', { name: 'Start the race' }).focus();
  await page.keyboard.press('Enter');
  await lab.live();
  await expect(stop).toHaveCount(0);
  await lab.button('Stop').click();
});

test('Escape ends the tour, and nothing runs', async ({ lab, page }) => {
  await lab.open();
  await lab.button('Take the tour').click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(lab.facts).toContainText('Ready');
});
