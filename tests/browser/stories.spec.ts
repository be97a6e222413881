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

const GOLDEN = 'tests/golden/llama';

for (const [title, files, name] of [
  ['Hugging Face’s layout', ['config.json', 'model.safetensors', 'tokenizer.json'], /^model-[0-9a-f]{8}$/],
  ['llama2.c’s', ['llama2c.bin'], /^llama2c-[0-9a-f]{8}$/],
] as const) {
  test(`a model in ${title} is opened, says what it takes, and learns`, async ({ lab, page }) => {
    await lab.open('?workers=1');
    await lab.preset(/^Stories \d/).click();
    await makeTinyStories(lab, page);
    await lab.control('Model file').setInputFiles(files.map((file) => `${GOLDEN}/${file}`));
    const model = page.getByRole('combobox', { name: 'Model', exact: true });
    await expect(model).toHaveValue(name);
    await expect(
      page.getByText(/imported: 0[.]\d+ million parameters; a run of 8 pairs takes about \d+ MB[.]$/),
    ).toBeVisible();
    await lab.run();
    await lab.finish();
    const { config, runs } = await lab.download();
    expect(config.task).toMatchObject({ checkpoint: await model.inputValue() });
    expect(runs.map(({ status }) => status)).toEqual(['complete']);
  });
}

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
