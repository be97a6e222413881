import type { Page } from '@playwright/test';
import { expect, test, WITHOUT_GPU } from './support';
import { resolveSampler } from '../../src/experiment/samplers/table';
import { drawPair, pairGradient, trained } from '../../src/theory/lesson';

/** The lessons, as somebody uses them. */

test.use(WITHOUT_GPU);

const fact = (page: Page, name: string) => page.locator(`[data-fact="${name}"]`);

test('one prompt: handles change the numbers, a pair is told stage by stage, and the address has it all', async ({
  page,
}) => {
  await page.goto('./#learn');
  const objective = fact(page, 'objective');
  const before = await objective.innerText();
  await page.getByLabel('Reward of A').fill('4');
  await expect(objective).not.toHaveText(before);
  const changed = await objective.innerText();
  await page.locator('#learn').getByLabel('β, the price of KL', { exact: true }).fill('0.5');
  await expect(objective).not.toHaveText(changed);
  await page.locator('#learn .settings select').selectOption('hybrid');
  await expect(page.locator('.settings')).toContainText('one from the reference');
  await page.locator('#learn').getByLabel('β, the price of KL', { exact: true }).fill('99');
  await expect(page.locator('.settings .problem')).toHaveText('99 is not allowed; give a number from 0.05 to 20');

  // A seed whose first pair shows two different answers.
  await page.locator('#learn').getByLabel('Seed', { exact: true }).fill('4');
  await page.getByLabel('Guess first').check();
  await expect(page.getByRole('button', { name: 'Draw a pair' })).toBeDisabled();
  await page.getByRole('group', { name: 'Which answer will gain?' }).getByRole('button', { name: 'E' }).click();
  const told = page.locator('.told');
  await page.getByRole('button', { name: 'Draw a pair' }).click();
  await expect(told).toContainText('One is drawn from each');
  await page.getByRole('button', { name: 'Ask the annotator' }).click();
  await expect(told).toContainText('The annotator prefers');
  await page.getByRole('button', { name: 'Learn from it' }).click();
  await expect(told).toContainText('A step moves the probability of');
  await expect(page.getByText(/^[01] of 1 guesses right$/)).toBeVisible();
  await page.getByRole('button', { name: '100 pairs at once' }).click();
  await expect(fact(page, 'pairs')).toHaveText('101 pairs learnt from');

  const [url, shown] = [page.url(), await objective.innerText()];
  expect(url).toMatch(/#learn\/prompt\?sampler=hybrid&rewards=4,1,-1,2,3&beta=0\.5&seed=4&pairs=101$/);
  await page.goto('about:blank');
  await page.goto(url);
  await expect(objective).toHaveText(shown);
});

test('one prompt: the gradient that is told is that of the pair', async ({ page }) => {
  const prompt = { referenceLogits: [1, 0.5, 0], rewards: [1, 0, 2], beta: 0.5 };
  const sampler = resolveSampler({ sampler: 'pilaf', temperature: 1, n: 8, weighted: false }, prompt.beta);
  const lesson = { prompt, sampler, seed: 5 };
  const logits = trained(lesson, 10);
  const drawn = drawPair(lesson, logits, 0);
  expect(drawn.chosen).not.toBe(drawn.rejected);
  await page.goto('./#learn/prompt?k=3&rewards=1,0,2&reference=1,0.5,0&beta=0.5&trained=10&seed=5');
  for (const name of ['Draw a pair', 'Ask the annotator', 'Learn from it']) {
    await page.getByRole('button', { name }).click();
  }
  const expected = pairGradient(prompt, logits, drawn.chosen, drawn.rejected);
  const told = /raises the logit of ([A-C]) by \+([\d.]+) and lowers that of ([A-C])/.exec(
    await page.locator('.told').innerText(),
  );
  expect(told?.[1]).toBe('ABC'[drawn.chosen]);
  expect(told?.[3]).toBe('ABC'[drawn.rejected]);
  expect(Number(told?.[2])).toBeCloseTo(-expected[drawn.chosen]!, 3);
});

test('theory: dragging and arrow keys move the policy, and the numbers follow', async ({ page }) => {
  await page.goto('./#learn/theory');
  const policy = fact(page, 'policy');
  await expect(policy).toContainText('πθ = (0.150, 0.700, 0.150)');
  const cosines = () => page.locator('[data-table="samplers"] tbody td:nth-child(2)').allInnerTexts();
  const first = await cosines();
  expect(first).toHaveLength(5);
  const dot = page.getByRole('slider', { name: /^The policy/ });
  const box = (await dot.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 60, box.y - 80, { steps: 5 });
  await page.mouse.up();
  await expect(policy).not.toContainText('0.700');
  expect(await cosines()).not.toEqual(first);
  const dragged = await policy.innerText();
  await dot.focus();
  await page.keyboard.press('ArrowUp');
  await expect(policy).not.toHaveText(dragged);
  const ellipse = page.locator('#learn ellipse').first();
  const wide = Number(await ellipse.getAttribute('rx'));
  await page.getByLabel('Labels', { exact: true }).fill('50000');
  expect(Number(await ellipse.getAttribute('rx'))).toBeLessThan(wide / 5);
  await expect(page).toHaveURL(/#learn\/theory\?labels=50000&at=/);
  const table = page.locator('[data-table="theory"]');
  await expect(table.locator('tbody tr')).toHaveCount(5, { timeout: 30_000 });
  await expect(table.getByRole('row', { name: 'Hybrid' }).getByRole('cell').last()).toHaveText(/^\d+\.\d%$/, {
    timeout: 60_000,
  });
});

test('an address that is wrong is told, and the rest of it taken', async ({ page }) => {
  await page.goto('./#learn/prompt?k=12&beta=2&sampler=<b>x</b>');
  const told = page.locator('#learn').getByRole('alert');
  await expect(told).toContainText('k: "12" is not allowed; give a whole number from 3 to 8');
  await expect(told).toContainText('sampler: "<b>x</b>" is not allowed');
  await expect(page.locator('#learn').getByLabel('β, the price of KL', { exact: true })).toHaveValue('2');
});

test('nothing of the lessons is loaded with the first screen', async ({ lab, page }) => {
  const scripts: string[] = [];
  page.on('request', (request) => scripts.push(new URL(request.url()).pathname));
  await lab.open();
  expect(scripts.filter((path) => /LearnView|tour/i.test(path))).toEqual([]);
  await page.getByRole('navigation').getByRole('link', { name: 'Learn' }).click();
  await expect(page.getByRole('heading', { name: /^One prompt/ })).toBeVisible();
  expect(scripts.filter((path) => /LearnView/.test(path)).length).toBeGreaterThan(0);
});
