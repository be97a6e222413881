import { expect, linkOf, test, WITHOUT_GPU } from './support';

test.use(WITHOUT_GPU);

const MODEL = 'tests/golden/llama/trained.safetensors';
const REWARD_MODEL = 'public/checkpoints/stories-votes.safetensors';

test('the oracle is put together row by row, and is the one that the race has', async ({ lab, page }) => {
  const link = await linkOf({
    task: { kind: 'text', checkpoint: 'stories', oracles: [{ of: 'sentiment' }, { of: 'variety', weight: 2 }] },
    arms: [{ sampler: 'vanilla' }],
    seeds: 1,
    beta: 0.1,
    learningRate: 0.01,
    schedule: { steps: 1, pairs: 1 },
    evaluation: { every: 1, samples: 2 },
  });
  await lab.open(`?workers=1${link}`);
  await page.getByText('More settings', { exact: true }).click();
  const choice = (name: string) => page.getByRole('combobox', { name, exact: true });
  // A small one.
  await lab.control('Model file').setInputFiles(MODEL);
  await expect(choice('Model')).toHaveValue(/^trained-[0-9a-f]{8}$/);
  const checkpoint = await choice('Model').inputValue();

  const oracle = page.getByRole('group', { name: 'Oracle' });
  const rows = oracle.getByRole('combobox', { name: /, what it credits$/ });
  await lab.button('+ Add a row').click();
  await expect(rows).toHaveCount(3);
  await lab.control('Row 3, the word').fill('');
  await expect(oracle).toContainText('A word, word: ');
  await lab.control('Row 3, the word').fill('dragon');
  await lab.control('Row 3, weight').fill('1000');
  await expect(oracle).toContainText('A word, weight: 1000 is not allowed');
  await lab.control('Row 3, weight').fill('-2.5');
  await expect(oracle.locator('.problem')).toHaveText([]);

  await lab.button('+ Add a row').click();
  await choice('Row 4, what it credits').selectOption('A learnt reward');
  await expect(choice('Row 4, reward model')).toHaveValue('stories-votes');
  await lab.control('Row 4, reward model file').setInputFiles(MODEL);
  await expect(oracle.getByRole('alert')).toContainText('trained.safetensors cannot be used: ');
  await lab.control('Row 4, reward model file').setInputFiles(REWARD_MODEL);
  await expect(choice('Row 4, reward model')).toHaveValue(/^stories-votes-[0-9a-f]{8}$/);
  const model = await choice('Row 4, reward model').inputValue();

  await lab.button('Remove row 2').click();
  await expect(rows).toHaveCount(3);
  await lab.control('Row 1, weight').fill('0.5');

  await lab.run();
  await lab.finish();
  const { config } = await lab.download();
  expect(config.task).toMatchObject({
    kind: 'text',
    checkpoint,
    oracles: [
      { of: 'sentiment', weight: 0.5 },
      { of: 'word', word: 'dragon', weight: -2.5 },
      { of: 'learnt', model, weight: 1 },
    ],
  });
  // The last row cannot go.
  await lab.button('Remove row 3').click();
  await lab.button('Remove row 2').click();
  await expect(lab.button('Remove row 1')).toBeDisabled();
});
