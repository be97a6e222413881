import { expect, test, WITHOUT_GPU, type Lab } from './support';

test.use(WITHOUT_GPU);

const pending = (lab: Lab) => lab.page.locator('.pending');

/** What stands beside a control that holds a bad value. */
async function expectProblem(lab: Lab, label: string, problem: string): Promise<void> {
  const control = lab.control(label);
  await expect(control).toHaveAttribute('aria-invalid', 'true');
  await expect(control).toHaveAccessibleDescription(new RegExp(problem.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  await expect(lab.page.locator('.problem', { hasText: problem }).first()).toBeVisible();
  await expect(lab.page.locator('.bar .problem')).toContainText('correction before the next run');
}

test('a bad value is named at its control, keeps Run from starting and disturbs nothing', async ({ lab }) => {
  await lab.open();
  const bad = [
    ['Seeds', '0', '0 is not allowed; give a whole number from 1 to 64'],
    ['Seeds', 'abc', '"abc" is not allowed; give a whole number from 1 to 64'],
    ['Seeds', '2.5', '2.5 is not allowed; give a whole number from 1 to 64'],
    ['Seeds', '', '"" is not allowed; give a whole number from 1 to 64'],
    ['β, the price of KL', '-1', '-1 is not allowed; give a number from 0.001 to 100'],
    ['β, the price of KL', 'NaN', '"NaN" is not allowed; give a number from 0.001 to 100'],
    ['Steps', '1e9', '1000000000 is not allowed; give a whole number from 1 to 100000'],
  ] as const;
  for (const [label, value, problem] of bad) {
    const good = await lab.control(label).inputValue();
    await lab.control(label).fill(value);
    await expectProblem(lab, label, problem);
    await expect(lab.button('Run')).toBeDisabled();
    await expect(lab.button('Step')).toBeDisabled();
    await lab.control(label).fill(good);
    await expect(lab.control(label)).toHaveAttribute('aria-invalid', 'false');
    await expect(lab.page.locator('.problem')).toHaveCount(0);
    await expect(lab.button('Run')).toBeEnabled();
  }
});

test('bad values of an arm are named at the arm', async ({ lab, page }) => {
  await lab.open();
  await page.getByRole('button', { name: '+ Add an arm or your own mixture' }).click();
  await page.getByRole('button', { name: /^Best-of-N\b(?! \()/ }).click();
  await lab.set({ N: 65 });
  await expectProblem(lab, 'N', '65 is not allowed; give a whole number from 2 to 64');
  await expect(lab.button('Run')).toBeDisabled();
  await lab.set({ N: 64 });
  await expect(lab.button('Run')).toBeEnabled();

  await page.getByRole('button', { name: '+ Add an arm or your own mixture' }).click();
  await page.getByRole('button', { name: /^Custom/ }).click();
  await lab.set({ 'Row 1, weight': 0.7 });
  await expectProblem(lab, 'Row 1, weight', 'weights sum to 1.2; they must sum to 1');
  await expect(lab.button('Run')).toBeDisabled();
  await lab.set({ 'Row 2, weight': 0.3 });
  await expect(lab.button('Run')).toBeEnabled();
  await lab.set({ 'Row 2, first coefficient': 'half' });
  await expectProblem(
    lab,
    'Row 2, first coefficient',
    '"half" is not allowed; give a number from -100 to 100, or "uniform"',
  );
  await lab.set({ 'Row 2, first coefficient': 'uniform' });
  await expect(lab.button('Run')).toBeEnabled();

  await lab.race('Custom');
  await lab.set({ Seeds: 1, 'Pairs per step': 2, Steps: 3 });
  await lab.run();
  await lab.finish();
  expect((await lab.download()).runs.map(({ arm }) => arm)).toEqual(['Custom']);
});

test('what is typed during a run waits for the next one', async ({ lab }) => {
  await lab.open();
  await lab.makeTiny(100_000);
  await expect(pending(lab)).toHaveText('The plots show recorded results. Press Run to race with these settings.');
  await lab.run();
  await expect.poll(() => lab.step()).toBeGreaterThan(3);
  await expect(pending(lab)).toBeEmpty();
  await lab.set({ Seeds: 0 });
  await expectProblem(lab, 'Seeds', '0 is not allowed');
  const step = await lab.step();
  await expect.poll(() => lab.step(), 'the run goes on').toBeGreaterThan(step);
  await lab.set({ Seeds: 3 });
  await expect(pending(lab)).toHaveText('A race is on: your changes apply to the next run.');
  await expect(lab.facts).toContainText('4 runs together');
  await lab.button('Stop').click();
  await expect(lab.facts).toContainText('stopped');
  await expect(pending(lab)).toHaveText('The plots show the last run. Press Run to race with these settings.');
  await lab.set({ Steps: 3 });
  await lab.run();
  await lab.finish();
  await expect(lab.facts).toContainText('step 3 of 3');
  await expect(lab.facts).toContainText('6 runs together');
  await expect(pending(lab)).toBeEmpty();
});

test('another preset’s settings come at once, and the results of what runs stay until the next start', async ({
  lab,
  page,
}) => {
  await lab.open();
  await lab.run();
  await lab.live();
  await lab.preset(/Online DPO/).click();
  await lab.button('Stop').click();
  await expect(lab.facts).toContainText('stopped');
  await expect(lab.preset(/Online DPO/)).toHaveAttribute('aria-pressed', 'true');
  await expect(lab.control('Seeds')).toHaveValue('3');
  await expect(lab.control('β, the price of KL')).toHaveValue('0.1');
  await expect(page.getByRole('checkbox', { name: 'Best-of-N (N = 8) races' })).toBeChecked();
  const table = page.getByRole('region', { name: 'Results table' });
  await expect(table).toContainText('T-PILAF');
  expect((await lab.download()).config.task.kind).toBe('bandit');

  await lab.preset(/Bandit race/).click();
  await lab.makeTiny(3);
  await lab.run();
  await lab.finish();
  await expect(table).not.toContainText('T-PILAF');
  await expect(table.getByRole('row')).toHaveCount(3);
});
