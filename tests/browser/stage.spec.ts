import { expect, test, WITHOUT_GPU } from './support';

/** The page on a projector, in a slide, on paper and on small screens. */

test.use(WITHOUT_GPU);

test('presenting shows one card at a time, in large type, by arrow keys', async ({ lab, page }) => {
  await page.setViewportSize({ width: 1024, height: 768 });
  await lab.open('?present');
  const bar = page.getByRole('toolbar', { name: 'Presenting' });
  const cards = page.locator('main:visible .card:visible');
  await expect(cards).toHaveCount(1);
  await expect(cards).toContainText('Reward against distance');
  await expect(page.locator('header')).toBeHidden();
  await page.keyboard.press('ArrowRight');
  await expect(cards).toContainText('Distance to the optimum');
  await expect(cards).toHaveCount(1);
  const size = await cards.locator('h2').evaluate((title) => {
    const { height } = title.getBoundingClientRect();
    return height / Number.parseFloat(getComputedStyle(title).lineHeight);
  });
  expect(size).toBeGreaterThan(1.2);
  await page.keyboard.press('ArrowLeft');
  await expect(cards).toContainText('Reward against distance');
  await bar.getByRole('link', { name: 'Theory' }).click();
  await expect(cards).toContainText('Three answers: drag the policy');
  await bar.getByRole('button', { name: 'Leave' }).click();
  await expect(page.locator('header')).toBeVisible();
});

test('embedding shows the card that is named, and nothing else', async ({ lab, page }) => {
  await lab.open('?embed=simplex');
  const cards = page.locator('.card:visible');
  await expect(cards).toHaveCount(1);
  await expect(cards).toContainText('Three answers: drag the policy');
  await page.goto('./?embed=plane#figure-3');
  await expect(cards).toHaveCount(1);
  await expect(cards).toContainText('Reward against distance');
  await page.getByRole('button', { name: 'Run or pause' }).click();
  await expect.poll(() => lab.evaluations(), { timeout: 60_000 }).toBeGreaterThan(0);
  await page.goto('about:blank');
  await page.goto('./?embed=nothing');
  await expect(lab.alert.filter({ hasText: 'embed' })).toContainText(
    'The address asks for embed "nothing", which is not allowed; there are plane, curve',
  );
});

const PLACES = [
  '',
  '#learn/prompt',
  '#learn/text',
  '#learn/theory',
  '#learn/label',
  '#learn/words',
  '#sweeps',
  '#runs',
];

for (const [what, width, height] of [
  ['a projector', 1024, 768],
  ['a phone', 390, 844],
  ['zoomed to 200%', 640, 400],
] as const) {
  test(`nothing scrolls sideways on ${what}`, async ({ lab, page }) => {
    await page.setViewportSize({ width, height });
    await lab.open();
    for (const place of PLACES) {
      await page.evaluate((hash) => (location.hash = hash), place || '#race');
      await expect(page.locator('main:visible')).toHaveCount(1);
      await page.waitForTimeout(250);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(wide, place).toBeLessThanOrEqual(width);
    }
  });
}

test('on paper there are the cards and no controls', async ({ lab, page }) => {
  await lab.open();
  await page.emulateMedia({ media: 'print' });
  await expect(page.locator('header')).toBeHidden();
  await expect(page.locator('.setup')).toBeHidden();
  await expect(page.locator('.plane')).toBeVisible();
  await expect(page.locator('.results table')).toBeVisible();
});
