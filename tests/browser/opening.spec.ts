import { expect, test, WITHOUT_GPU } from './support';

/** What a newcomer meets first. */

test.use({ ...WITHOUT_GPU, newcomer: true });

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

test('two races and the map between them lead into the race, which then has the screen', async ({ lab, page }) => {
  await lab.open();
  const pair = page.getByRole('region', { name: 'Where does PILAF pay?' });
  await expect(pair.getByRole('figure')).toHaveCount(3);
  await expect(pair).toContainText('Of Vanilla’s labels, PILAF 45% (40 to 50) was not needed to reach its final J.');
  await expect(pair).toContainText(/paired by seed: PILAF \(−0[.]\d+ ± 0[.]\d+\) has a lower J than Vanilla/);
  await expect(pair).toContainText('No arm surely saves any of Vanilla’s labels.');
  const map = pair.getByRole('figure', { name: /^PILAF: labels saved, against Vanilla/ });
  await expect(map.locator('.barlayer .point')).toHaveCount(49);
  await pair.getByRole('button', { name: 'Open in Race' }).scrollIntoViewIfNeeded();
  // Plotly lies a sheet above its points that takes the mouse.
  const { x, y, width, height } = (await map.locator('.barlayer .point').nth(8).boundingBox())!;
  await page.mouse.click(x + width / 2, y + height / 2);
  await expect(pair.getByRole('combobox')).toHaveValue('8');
  await pair.getByRole('button', { name: 'Open in Race' }).click();
  await expect(page.getByText('These settings came with a cell of the map.')).toBeVisible();
  await expect(lab.control('β, the price of KL')).toHaveValue('0.065');
  await pair.getByRole('button', { name: 'Bandit at β = 3' }).click();
  await expect(page).toHaveURL(/#bandit-larger-beta$/);
  await expect(lab.control('β, the price of KL')).toHaveValue('3');
  await expect(page.getByRole('note')).toContainText('run bandit-larger-beta --backend wasm');
  await lab.run();
  await expect(pair).toHaveCount(0);
  await lab.button('What is this page about?').click();
  await expect(pair, 'also while a race runs').toBeVisible();
  await lab.button('Stop').click();
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
  await lab.button('Got it').click();
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
