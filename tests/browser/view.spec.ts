import { expect, test, WITHOUT_GPU, type Lab } from './support';

test.use({ ...WITHOUT_GPU, newcomer: true });

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('the plane comes before the controls, Run is in reach, and nothing scrolls sideways', async ({ lab, page }) => {
    await lab.open();
    const box = async (selector: string) => (await page.locator(selector).boundingBox())!;
    const bottom = ({ y, height }: { y: number; height: number }) => y + height;
    const [gallery, plane, arms, controls] = [
      await box('.setup .gallery >> nth=0'),
      await box('.plane'),
      await box('.arms'),
      await box('.controls >> nth=0'),
    ];
    expect(bottom(gallery)).toBeLessThanOrEqual(plane.y);
    expect(bottom(plane)).toBeLessThanOrEqual(arms.y);
    expect(bottom(arms)).toBeLessThanOrEqual(controls.y);
    await expect(lab.button('Run')).toBeInViewport({ ratio: 1 });
    await lab.button('Run').tap();
    await lab.live();
    await expect.poll(() => lab.dots()).toBeGreaterThanOrEqual(10);
    await expect(lab.button('Pause')).toBeInViewport({ ratio: 1 });
    await lab.button('Stop').tap();
    await expect(lab.facts).toContainText('stopped');
    for (const selector of ['.controls >> nth=0', '.results', '.diagnostics']) {
      await page.locator(selector).scrollIntoViewIfNeeded();
      await expect(lab.button('Run')).toBeInViewport({ ratio: 1 });
    }
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
  });

  test('the preset of an address is in sight among the others', async ({ lab }) => {
    await lab.open('#stories-learnt');
    await expect(lab.preset(/^Stories by a learnt/)).toBeInViewport({ ratio: 0.9 });
  });
});

test('the preset of an address is in sight above the bar', async ({ lab, page }) => {
  await lab.open('#figure-5-milder');
  const card = lab.preset(/milder/);
  await expect(card).toBeInViewport({ ratio: 1 });
  const [{ y, height }, bar] = [(await card.boundingBox())!, (await page.locator('.setup .run').boundingBox())!];
  expect(y + height).toBeLessThanOrEqual(bar.y);
});

/** The page's ground and ink as red, green and blue. */
const colours = (lab: Lab) =>
  lab.page.evaluate(() => {
    const { backgroundColor, color } = getComputedStyle(document.body);
    const brightness = (rgb: string) =>
      (rgb.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, channel) => sum + Number(channel), 0);
    return { ground: brightness(backgroundColor), ink: brightness(color) };
  });

async function expectMode(lab: Lab, mode: 'light' | 'dark'): Promise<void> {
  await expect(lab.page.locator('html')).toHaveAttribute('data-theme', mode);
  const { ground, ink } = await colours(lab);
  if (mode === 'light') expect(ground).toBeGreaterThan(ink + 400);
  else expect(ink).toBeGreaterThan(ground + 400);
}

test('light and dark follow the system until the reader chooses, and the choice is remembered', async ({
  lab,
  page,
}) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await lab.open();
  await expectMode(lab, 'dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await expectMode(lab, 'light');
  await lab.button('Dark mode').click();
  await expectMode(lab, 'dark');
  await page.reload();
  await expectMode(lab, 'dark');
  await lab.button('Light mode').click();
  await expectMode(lab, 'light');
});

test('the keyboard alone reaches Run, starts, pauses and stops, and the focus shows', async ({ lab, page }) => {
  await lab.open();
  const focus = page.locator(':focus');
  const outlines = new Set<string>();
  const tabTo = async (name: string) => {
    for (let presses = 0; presses < 150; presses++) {
      await page.keyboard.press('Tab');
      if (await lab.button(name).evaluate((button) => button === document.activeElement)) return;
      outlines.add(await focus.evaluate((element) => getComputedStyle(element).outlineStyle));
    }
    throw new Error(`Tab never reached ${name}`);
  };
  await tabTo('Run');
  await expect(lab.button('Run')).toHaveCSS('outline-style', 'solid');
  await page.keyboard.press('Enter');
  await lab.live();
  await expect(lab.button('Pause'), 'the focus stays where it was').toBeFocused();
  await page.keyboard.press('Enter');
  await expect(lab.facts).toContainText('paused');
  await expect(lab.button('Resume')).toBeFocused();
  await tabTo('Stop');
  await page.keyboard.press('Space');
  await expect(lab.facts).toContainText('stopped');
});

test('one Tab skips to Run, another to the plots, and keys run, pause and stop from anywhere', async ({
  lab,
  page,
}) => {
  await lab.open();
  await lab.makeTiny(100_000);
  await page.getByRole('navigation').getByRole('link', { name: 'Runs' }).click();
  await page.reload();
  await page.keyboard.press('Tab');
  await expect(lab.button('Skip to Run')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(lab.button('Skip to the plots')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#plots')).toBeFocused();
  await lab.button('Skip to Run').focus();
  await page.keyboard.press('Enter');
  await expect(lab.button('Run')).toBeFocused();
  await lab.makeTiny(100_000);
  await expect(lab.badge).not.toHaveText(/Testing/);
  const said = page.locator('.bar [role="status"]');
  await page.keyboard.press('Control+Enter');
  await lab.live();
  await expect(said).toHaveText('The race is on.');
  await page.keyboard.press('Control+Enter');
  await expect(said).toHaveText('Paused.');
  await page.keyboard.press('Control+.');
  await expect(said).toHaveText('Stopped.');
  await lab.button('Keys').click();
  await expect(page.getByRole('dialog')).toContainText('Run, Pause or Resume');
});

test('every control has a name and every plot its numbers as a table', async ({ lab, page }) => {
  await lab.open();
  await lab.makeTiny(5);
  await lab.run();
  await lab.finish();
  await page.getByText('More settings').click();
  await page.locator('.arms').getByRole('button', { name: 'PILAF', exact: true }).click();
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, input, select, a[href], [role="figure"]')]
      .filter((element) => element.offsetParent !== null)
      .filter((element) => {
        const labels = 'labels' in element ? [...((element as HTMLInputElement).labels ?? [])] : [];
        const name = [element.ariaLabel, element.textContent, ...labels.map((label) => label.textContent)].join('');
        return name.trim() === '';
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  );
  expect(nameless).toEqual([]);

  await lab.plane.getByText('Data behind this plot').click();
  const rows = lab.plane.getByRole('table').getByRole('row');
  await expect(rows).toHaveCount(1 + 2 * 4);
  await expect(rows.nth(1)).toContainText('Vanilla');
  await page.getByLabel('Height shows').selectOption('below');
  await expect(lab.plane).toContainText('lower is better');
  await expect(page.getByRole('figure', { name: /^Reward against KL/ })).toBeVisible();
});
