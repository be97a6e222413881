import { expect, test } from './support';

test('the transformer trains on WebGPU and its pairs show words, colours and the oracle’s reasons', async ({
  lab,
  page,
}) => {
  test.setTimeout(180_000);
  await lab.open('?backend=webgpu');
  await lab.preset(/Online DPO/).click();
  await lab.race('PILAF');
  await lab.set({ Seeds: 1, 'Pairs per step': 2, Steps: 3 });
  await page.getByText('More settings').click();
  await lab.set({ 'Completions per evaluation': 4 });
  await lab.run();
  await lab.live();
  await expect.poll(() => lab.dots(), { timeout: 60_000 }).toBeGreaterThan(0);
  await lab.finish(100_000);
  await expect.poll(() => lab.evaluations()).toBe(4);

  const pair = page.locator('.pairs li').first();
  const tokens = pair.locator('.token');
  expect(await tokens.count()).toBeGreaterThan(4);
  expect((await tokens.allInnerTexts()).join(' ')).toMatch(/[a-z]{2,}/);
  // Pairs are drawn a task after the curves; those of the first step have one colour, because nothing is learnt yet.
  const grounds = () => tokens.evaluateAll((spans) => spans.map((span) => getComputedStyle(span).backgroundColor));
  await expect.poll(async () => new Set(await grounds()).size, 'different colours').toBeGreaterThan(1);
  await expect(pair.locator('.token small').first(), 'what the oracle credited').toHaveText(/^[+−]\d/);
  await expect(pair).toContainText(/preferred, probability .* oracle .* = 4·tanh\([+−]\d+\.\d \/ 5\.5\)/);
  await expect(pair.locator('.kind')).toHaveText(/^both from the policy$|^preferred: pu/);
  await tokens.nth(1).click();
  await expect(pair).toContainText(/“.+”.*: πθ\s+[\d.]+%, πref\s+[\d.]+%, implicit reward/);

  // The preset's β lies where the estimate is reliable.
  await expect(page.getByText('estimated by importance sampling')).toBeVisible();
  await expect(page.getByText('the hollow star is a guess')).toHaveCount(0);

  const { runs, backend, optimum, frontier } = await lab.download();
  expect(optimum!.estimate!.effective.minimum).toBeGreaterThanOrEqual(100);
  expect(frontier!.length).toBeGreaterThan(20);
  const { gap, objective } = runs[0]!.evaluations[3]!;
  expect(gap! + objective).toBeCloseTo(optimum!.objective, 9);
  expect(backend.name).toBe('webgpu');
  expect(runs[0]!.evaluations.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
  expect(runs[0]!.evaluations[0]!.kl).toBeCloseTo(0, 4);
  expect(runs[0]!.evaluations[3]!.kl).toBeGreaterThan(0);
});
