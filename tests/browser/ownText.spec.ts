import { readFileSync } from 'node:fs';
import { expect, linkOf, test, WITHOUT_GPU } from './support';

test.use(WITHOUT_GPU);

const { training } = JSON.parse(readFileSync('src/tasks/text/prompts.json', 'utf8')) as { training: string[] };
/** The beginnings of the stories, as a text that repeats itself. */
const TEXT = Array.from({ length: 4 }, () => training.map((prompt) => prompt.replace(/\W*$/, '.')).join('\n')).join(
  '\n',
);

test('a policy learns from a text of one’s own, and races', async ({ lab, page }) => {
  const link = await linkOf({
    task: { kind: 'text', checkpoint: 'stories', oracles: [{ of: 'variety' }] },
    arms: [{ sampler: 'vanilla' }],
    seeds: 1,
    beta: 0.1,
    learningRate: 0.01,
    schedule: { steps: 2, pairs: 2 },
    evaluation: { every: 1, samples: 4 },
  });
  await lab.open(link);
  await page.getByText('More settings', { exact: true }).click();
  await lab.button('Learn from a text…').click();
  const dialog = page.getByRole('dialog', { name: 'Learn from a text' });
  const button = (name: string) => dialog.getByRole('button', { name, exact: true });

  await dialog.getByLabel('Text', { exact: true }).fill('Once upon a time.');
  await expect(dialog.getByRole('alert')).toHaveText('the text has 4 words; give at least 500.');
  await expect(button('Learn')).toBeDisabled();
  await dialog.getByLabel('Or a file').setInputFiles({
    name: 'picture.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
  });
  await expect(dialog.getByRole('alert')).toHaveText('picture.txt cannot be used: it is no text in UTF-8.');
  await dialog.getByLabel('Text', { exact: true }).fill(TEXT);
  await expect(dialog.getByRole('alert'), 'a text is there instead').toHaveText('');
  await dialog
    .getByLabel('Or a file')
    .setInputFiles({ name: 'beginnings.txt', mimeType: 'text/plain', buffer: Buffer.from(TEXT) });
  await expect(dialog.getByLabel('Text', { exact: true })).toHaveValue(TEXT);
  await dialog.getByLabel('Width').fill('20');
  await expect(dialog).toContainText('20 is not allowed; give a multiple of 16 from 16 to 256');
  await dialog.getByLabel('Width').fill('16');
  await dialog.getByLabel('Training steps').fill('100000');
  await dialog.getByLabel('Vocabulary at most').fill('120');

  // One is cancelled, one loses its worker, the next one is kept as it is.
  await button('Learn').click();
  await button('Cancel').click();
  await expect(button('Learn')).toBeVisible();
  await button('Learn').click();
  await expect(dialog.getByRole('listitem')).toHaveCount(3, { timeout: 30_000 });
  await page
    .workers()
    .at(-1)!
    .evaluate(() => self.close());
  await expect(
    dialog.getByText(/^beginnings stopped learning: .+ is what it had learnt by step \d+[.]$/),
  ).toBeVisible();
  await button('Learn').click();
  await expect(dialog.getByRole('status')).toContainText(/beginnings: step \d+/);
  await expect(dialog.getByRole('listitem')).toHaveCount(3, { timeout: 30_000 });
  await expect(dialog.getByRole('status')).toContainText('on the tenth that it does not read');
  await button('Stop and keep it').click();
  await expect(dialog.getByRole('status')).toHaveText(/^beginnings\S* has learnt[.]$/);
  await button('Close').click();
  await expect(page.getByRole('combobox', { name: 'Model', exact: true })).toHaveValue(/^beginnings/);

  await lab.run();
  await lab.finish();
  expect(await lab.step()).toBe(2);
});
