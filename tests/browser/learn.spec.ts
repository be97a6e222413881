import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test, WITHOUT_GPU } from './support';
import { resolveSampler } from '../../src/experiment/samplers/table';
import type { Results } from '../../src/experiment/documents/results';
import { labelConfig } from '../../src/views/learn/label/setup';
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

/** Labels everything that is shown, by keyboard, until so many labels are there. */
async function labelUntil(page: Page, count: number, keys: readonly string[]): Promise<void> {
  const shown = fact(page, 'count');
  for (let presses = 0; !(await shown.innerText()).startsWith(`${count} of`); presses++) {
    const next = page.getByRole('button', { name: 'Next round' });
    if (await next.isVisible()) await page.keyboard.press('Enter');
    else await page.keyboard.press(keys[presses % keys.length]!);
    await page.waitForTimeout(20);
    if (presses > 2000) throw new Error('the labels never came together');
  }
}

for (const task of ['reviews', 'bandit'] as const) {
  test(`you label ${task}: twenty labels by keyboard train both arms, survive a reload, and come back from their file`, async ({
    page,
  }) => {
    const keys = ['ArrowLeft', 'ArrowRight', 'ArrowLeft', 'ArrowDown'];
    await page.goto(`./#learn/label?${task === 'bandit' ? 'task=bandit&' : ''}rounds=3&seed=2`);
    await page.getByRole('button', { name: 'Start labelling' }).click();
    const choices = page.getByRole('button', { name: /this one is better/ });
    await expect(choices).toHaveCount(2, { timeout: 60_000 });
    // The pair's arm is nowhere on the page.
    await expect(page.locator('#learn .stage')).not.toContainText(/Vanilla|PILAF/);
    await page.keyboard.press('ArrowLeft');
    await expect(fact(page, 'count')).toHaveText('1 of 24 labels');
    await page.keyboard.press('z');
    await expect(fact(page, 'count')).toHaveText('0 of 24 labels');
    await labelUntil(page, 20, keys);
    await expect(page.locator('#learn .facts')).toContainText(/Same when asked twice\s*[012] of 2/);
    await page.reload();
    await expect(choices).toHaveCount(2, { timeout: 60_000 });
    await expect(fact(page, 'count')).toHaveText('20 of 24 labels');
    await labelUntil(page, 24, keys);
    const hashes = fact(page, 'hashes');
    await expect(async () => {
      if (!(await hashes.isVisible())) await page.keyboard.press('ArrowRight');
      await expect(hashes).toBeVisible({ timeout: 300 });
    }).toPass({ timeout: 60_000 });
    const found = /[0-9a-f]{16}, [0-9a-f]{16}/.exec(await hashes.innerText())![0];
    const [one, other] = found.split(', ');
    expect(one).not.toBe(other);
    await expect(page.locator('#learn .stage')).toContainText(/95% interval from \d+% to \d+%|wrote the same/);

    const started = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download labels' }).click();
    const path = await (await started).path();
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(24);
    for (const line of lines) {
      expect(Object.keys(JSON.parse(line) as object)).toEqual(
        expect.arrayContaining(['prompt', 'chosen', 'rejected', 'arm', 'seed', 'step', 'seconds']),
      );
    }
    await page.getByRole('button', { name: 'End and throw away' }).click();
    await page.getByLabel('Labels from a file').setInputFiles({
      name: 'bad.jsonl',
      mimeType: 'application/jsonl',
      buffer: Buffer.from('{"prompt": 3}\n'),
    });
    await expect(page.locator('#learn').getByRole('alert')).toContainText('bad.jsonl: line 1.prompt: must be text');
    await page.getByLabel('Labels from a file').setInputFiles(path);
    await expect(async () => {
      if (!(await hashes.isVisible())) await page.keyboard.press('ArrowLeft');
      await expect(hashes).toContainText(found, { timeout: 300 });
    }).toPass({ timeout: 60_000 });

    // A bandit's hash has exact numbers in it, whose last digits differ between Chromium's and Node's logarithms.
    if (task === 'bandit') return;
    // The same in the runner, from the same file.
    const setup = labelConfig({ task, first: 'vanilla', second: 'pilaf', rounds: 3, seed: 2 });
    const config = join(dirname(path), 'config.json');
    const out = join(dirname(path), 'out.json');
    await writeFile(config, JSON.stringify(setup));
    execFileSync(process.execPath, [
      'scripts/lab.mjs',
      ...['run', config, '--labels', path, '--out', out, '--backend', 'wasm'],
    ]);
    const results = JSON.parse(await readFile(out, 'utf8')) as Results;
    expect(results.runs.map(({ hash }) => hash)).toEqual([one, other]);
  });
}

test('labels outlast those of other settings, another tab, and a file that lacks them', async ({ page, context }) => {
  const address = (seed: number) => `./#learn/label?task=bandit&rounds=3&seed=${seed}`;
  const begin = (tab: Page) => tab.getByRole('button', { name: 'Start labelling' }).click();
  const has = (tab: Page, count: number) =>
    expect(fact(tab, 'count')).toHaveText(`${count} of 24 labels`, { timeout: 60_000 });
  await page.goto(address(2));
  await begin(page);
  await has(page, 0);
  await labelUntil(page, 5, ['ArrowLeft']);

  const others = await context.newPage();
  await others.goto(address(3));
  await begin(others);
  await has(others, 0);
  await labelUntil(others, 1, ['ArrowLeft']);
  await others.close();

  const twin = await context.newPage();
  const alert = twin.locator('#learn').getByRole('alert');
  await twin.goto(address(2));
  await expect(alert).toContainText('Another tab of this browser labels with these settings');
  await page.close();
  const empty = { name: 'empty.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from('') };
  await expect(async () => {
    await twin.getByLabel('Labels from a file').setInputFiles(empty);
    const said = 'empty.jsonl: of the 5 labels that are kept for these settings it lacks 5.';
    await expect(alert).toContainText(said, { timeout: 1000 });
  }).toPass({ timeout: 20_000 });
  await twin.getByRole('button', { name: 'Go on' }).click();
  await has(twin, 5);
  await twin.close();

  const again = await context.newPage();
  await again.goto(address(3));
  await has(again, 1);
});

test('you label stories: what the labels say makes a reward model', async ({ page }) => {
  test.setTimeout(180_000);
  await page.goto('./#learn/label?task=stories&rounds=3&seed=2');
  await page.getByRole('button', { name: 'Start labelling' }).click();
  await expect(page.getByRole('button', { name: /this one is better/ })).toHaveCount(2, { timeout: 60_000 });
  // A reward model needs twenty labels that tell.
  await labelUntil(page, 24, ['ArrowLeft', 'ArrowRight', 'ArrowRight']);
  await expect(page.locator('#learn .facts')).toContainText('lab reward stories --labels');
  const started = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download labels' }).click();
  const path = await (await started).path();
  const told = execFileSync(process.execPath, [
    'scripts/lab.mjs',
    ...['reward', 'stories', '--labels', path, '--out', join(dirname(path), 'taste.safetensors')],
    ...['--epochs', '1', '--width', '16', '--layers', '1'],
  ]);
  expect(told.toString()).toMatch(/^Comparisons learnt from: 2\d$/m);
});

test('a text: words are chosen and drawn, α moves all models, and best-of-N takes two of its texts', async ({
  page,
}) => {
  await page.goto('./#learn/text?seed=1');
  const words = page.locator('[data-table="words"]');
  const rows = words.locator('tbody tr');
  await expect(rows.first()).toBeVisible({ timeout: 60_000 });
  const shares = async () => (await rows.first().locator('td').allInnerTexts()).map((text) => Number.parseFloat(text));
  const [reference, policy, plus, minus] = await shares();
  expect(policy).toBeGreaterThan(reference!);
  expect(plus).toBeGreaterThan(policy!);
  expect(minus).toBeLessThan(policy!);
  await page.locator('#learn').getByLabel('α, how far PILAF pushes', { exact: true }).fill('0');
  const [, same, pushed, pulled] = await shares();
  expect([pushed, pulled]).toEqual([same, same]);
  await page.locator('#learn').getByLabel('α, how far PILAF pushes', { exact: true }).fill('1');

  const text = page.getByRole('group', { name: 'The text so far' });
  const first = await rows.first().getByRole('button').innerText();
  await rows.first().getByRole('button').click();
  await expect(text).toContainText(first);
  const draw = page.getByRole('button', { name: /π⁺.*pushed/ });
  await draw.click();
  await expect(text.locator('.token')).toHaveCount(2);
  await page.getByRole('button', { name: 'Take back' }).click();
  await expect(text.locator('.token')).toHaveCount(1);
  await expect(page).toHaveURL(/#learn\/text\?alpha=1&seed=1$/);

  await page.locator('#learn').getByLabel('N', { exact: true }).fill('4');
  await page.getByRole('button', { name: /^Draw 4 texts/ }).click();
  await expect(page.getByRole('group', { name: /^Text \d$/ })).toHaveCount(4, { timeout: 60_000 });
  await expect(page.getByText(/best by its own reward/)).toHaveCount(1);
  await expect(page.getByText(/worst by the oracle/)).toHaveCount(1);
  await expect(fact(page, 'comparison')).toContainText(/between\s+0\.\d\d and \d\.\d\d times/);
});

test('a text under the policies of the race that ran here', async ({ lab, page }) => {
  await lab.open();
  await lab.preset(/Online DPO/).click();
  await lab.race('Vanilla', 'PILAF');
  await lab.set({ Seeds: 1, 'Pairs per step': 1, Steps: 2 });
  await lab.run();
  await lab.finish();
  await page.goto('./#learn/text');
  const policy = page.locator('#learn .settings select');
  await expect(policy).toContainText('this race: PILAF, seed 0');
  await policy.selectOption('1');
  const rows = page.locator('[data-table="words"] tbody tr');
  await expect(rows.first()).toBeVisible();
  // After two steps the policy is nearly its reference.
  const [reference, own] = (await rows.first().locator('td').allInnerTexts()).map((text) => Number.parseFloat(text));
  expect(Math.abs(reference! - own!)).toBeLessThan(10);
});
