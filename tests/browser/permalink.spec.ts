import type { Page } from '@playwright/test';
import { compression } from '../../src/cli/compression';
import { parsePermalink, permalinkOf } from '../../src/experiment/config/permalink';
import type { ExperimentConfig, ExperimentConfigInput } from '../../src/experiment/config/schema';
import { expect, Lab, linkOf, test, WITHOUT_GPU } from './support';

test.use({ ...WITHOUT_GPU, permissions: ['clipboard-read', 'clipboard-write'] });

/** With all that the page had no control for when links were first made. */
const INPUT = {
  task: { kind: 'bandit', referenceLogits: [[0, 1, 2]], rewards: [[1, 0, 0.5]] },
  arms: [
    { sampler: 'vanilla', beta: 0.5, loss: { kind: 'ipo' } },
    { sampler: 'pilaf', alpha: 0.25, learningRate: 0.01, name: '<b>it’s</b>' },
    { sampler: 't-pilaf' },
  ],
  seeds: 2,
  beta: 1,
  learningRate: 0.05,
  loss: { kind: 'dpo', smoothing: 0.1 },
  labeller: { rule: 'deterministic', flip: 0.1 },
  start: { kind: 'offline', pairs: 4, epochs: 2 },
  rounds: { pairs: 4, epochs: 2, resetOptimiser: true },
  optimiser: { clip: 3 },
  schedule: { steps: 4, pairs: 2 },
  evaluation: { every: 2 },
} as const satisfies ExperimentConfigInput;

/** A link to what is no config. */
const stored = (value: unknown) => permalinkOf(value as ExperimentConfig, compression);

async function configOf(address: string): Promise<ExperimentConfig> {
  const parsed = await parsePermalink(new URL(address).hash, compression);
  if (!parsed.ok) throw new Error(parsed.problems[0]?.message);
  return parsed.value;
}

const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

async function copied(lab: Lab, button: string, said: string): Promise<string> {
  await lab.button(button).click();
  await expect(lab.page.getByRole('status').filter({ hasText: said })).toBeVisible();
  return clipboard(lab.page);
}

const fromLink = (lab: Lab) => lab.page.getByText('These settings came with a link.');
const pressed = (lab: Lab) => lab.page.locator('.preset[aria-pressed="true"]');

test('a run’s link opens as the same settings, its command runs them', async ({ lab, context }) => {
  await lab.open();
  await lab.makeTiny(3);
  await lab.set({ 'β, the price of KL': 0.5 });
  await lab.run();
  await lab.finish();
  const { config } = await lab.download();
  await lab.set({ Seeds: 9 });
  const address = await copied(lab, 'Copy link', 'Link copied.');
  expect(await configOf(address)).toEqual(config);
  expect(await copied(lab, 'Copy command', 'Command copied.')).toMatch(
    /^npm run lab -- run bandit-larger-beta --set task.rewardScale=3 --set seeds=2 --set beta=0.5 --set schedule.steps=3 --set schedule.pairs=2 --set evaluation.every=100$/,
  );

  const page = await context.newPage();
  const other = new Lab(page);
  await page.goto(address);
  await expect(other.badge).not.toHaveText(/Testing/, { timeout: 60_000 });
  await expect(fromLink(other)).toBeVisible();
  await expect(pressed(other)).toHaveCount(0);
  await expect(other.facts).toHaveText('Ready.');
  expect(await configOf(await copied(other, 'Copy link to these settings', 'Link copied.'))).toEqual(config);

  await other.preset(/^Online DPO/).click();
  await expect(fromLink(other)).toHaveCount(0);
  await expect(pressed(other)).toHaveCount(1);
  expect(new URL(page.url()).hash).toBe('#online-dpo');
  await page.close();
});

test('a link keeps what the page has no control for, and runs', async ({ lab, page }) => {
  const link = await linkOf(INPUT);
  await page.goto(`./${link}`);
  await expect(lab.badge).not.toHaveText(/Testing/, { timeout: 60_000 });
  await expect(fromLink(lab)).toBeVisible();
  const config = await configOf(`http://any/${link}`);
  expect(await configOf(await copied(lab, 'Copy link to these settings', 'Link copied.'))).toEqual(config);
  await lab.run();
  await lab.finish();
  expect((await lab.download()).config).toEqual(config);

  await expect(lab.control('Reward range'), 'the tables say it').toHaveCount(0);
  await lab.set({ 'Pairs per step': 3 });
  await expect(lab.page.locator('.bar .problem')).toContainText(
    'Pairs before the start: 4 is not a multiple of schedule.pairs',
  );
  await expect(lab.button('Run')).toBeDisabled();
  await expect(lab.button('Copy link to these settings')).toBeDisabled();
});

test('a link that arrives during a run changes the next one only', async ({ lab, page }) => {
  await lab.open();
  await lab.makeTiny(100_000);
  await lab.run();
  await expect.poll(() => lab.step()).toBeGreaterThan(1);
  const step = await lab.step();
  const link = await linkOf(INPUT);
  await page.evaluate((hash) => (location.hash = hash), link);
  await expect(fromLink(lab)).toBeVisible();
  await expect(page.locator('.pending')).toContainText('apply to the next run');
  await expect.poll(() => lab.step()).toBeGreaterThan(step);
  await expect(lab.facts).toContainText('of 100 000');

  await page.evaluate((hash) => (location.hash = `${hash.slice(0, 50)}x`), link);
  await expect(lab.alert).toContainText('Not opened. link: is damaged');
  await expect(fromLink(lab)).toBeVisible();
  await page.evaluate((hash) => (location.hash = hash), link);
  await expect(lab.alert).toBeEmpty();
  await page.evaluate(() => (location.hash = '#race'));
  await expect.poll(() => lab.step()).toBeGreaterThan(step + 1);
  await lab.button('Stop').click();
  await expect(lab.facts).toContainText('stopped');
});

test('a bad link says what is wrong, and the page opens as ever', async ({ lab, page }) => {
  const good = await linkOf(INPUT);
  const bad = [
    [good.slice(0, -5), 'Not opened. link: is damaged: a part is missing, or letters were changed on its way'],
    ['#v1.%00<b>', 'link: is damaged'],
    [good.replace('#v1', '#v2'), 'link: is of version 2, which is newer than this program; it reads up to 1'],
    [await stored({ ...INPUT, seeds: 0 }), 'Not opened. seeds: 0 is not allowed; give a whole number from 1 to 64'],
    [await stored({ ...INPUT, '<img src=x onerror=alert(1)>': 1 }), '<img src=x onerror=alert(1)>: unknown field'],
  ] as const;
  await page.goto(`./${bad[0][0]}`);
  await expect(lab.badge).not.toHaveText(/Testing/, { timeout: 60_000 });
  for (const [link, words] of bad) {
    await page.evaluate((hash) => (location.hash = hash), link);
    await expect(lab.alert).toContainText(words);
    await expect(pressed(lab)).toHaveText(/Bandit race/);
  }
  await lab.makeTiny(2);
  await lab.run();
  await lab.finish();
  await expect(lab.alert).toBeEmpty();
});

test('where the clipboard is closed, the text is there to be copied by hand', async ({ lab, page }) => {
  await page.addInitScript(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await lab.open();
  await lab.button('Copy link to these settings').click();
  const field = page.getByLabel('Text to copy');
  await expect(field).toHaveValue(/#v1\./);
  expect(await page.evaluate(() => getSelection()?.toString())).toBe(await field.inputValue());
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(lab.button('Copy link to these settings')).toBeFocused();
});
