import { expect, expectClose, patchWorker, test, type Lab } from './support';

test('one click on the untouched first screen runs the race on WebGPU', async ({ lab, page }) => {
  await lab.open('?backend=webgpu');
  await lab.run();
  await lab.live();
  await expect.poll(() => lab.dots(), { timeout: 30_000 }).toBeGreaterThanOrEqual(5);
  await expect(lab.facts).toContainText('100 runs together');
  await expect(lab.facts).toContainText(/pairs\/s/);
  await expect(lab.facts).toContainText(/left/);
  await expect.poll(() => lab.step(), { timeout: 30_000 }).toBeGreaterThan(1);
  await expect.poll(() => lab.evaluations(), { timeout: 30_000 }).toBeGreaterThan(1);
  const table = page.getByRole('region', { name: 'Results table' });
  await expect(table.getByRole('row')).toHaveCount(6);
  await expect(table).toContainText('±');
  await expect(page.locator('.pairs li')).toHaveCount(5);
  await expect(page.locator('.pairs')).toContainText('preferred, probability');
  await lab.button('Stop').click();
  await expect(lab.facts).toContainText('stopped');
  const stopped = await lab.download();
  expect(stopped.runs).toHaveLength(100);
  expect(new Set(stopped.runs.map(({ status }) => status))).toEqual(new Set(['stopped']));
});

test('pause, step, resume, stop and reset do what they say', async ({ lab, page }) => {
  await lab.open('?backend=webgpu');
  await lab.makeTiny(100_000);
  await lab.run();
  await expect.poll(() => lab.step()).toBeGreaterThan(1);
  await lab.button('Pause').click();
  await expect(lab.facts).toContainText('paused');
  await page.waitForTimeout(500); // the last messages arrive
  const paused = await lab.step();
  const dots = await lab.evaluations();
  await page.waitForTimeout(1000); // long enough for steps, were there any
  expect(await lab.step()).toBe(paused);

  for (const next of [1, 2]) {
    await lab.button('Step').click();
    await expect.poll(() => lab.step()).toBe(paused + next);
    await expect.poll(() => lab.evaluations()).toBe(dots + next);
    await expect(page.locator('.pairs')).toContainText(`at step ${paused + next}.`);
  }
  await expect(page.locator('.steps')).toContainText(/Step .* part by part/);
  await expect(page.locator('.steps tbody tr').first()).toContainText(
    /\d+ pairs, 2 passes each.*labels; the policy had.*J .* → .*, KL /,
  );
  await expect(lab.facts).toContainText('paused');
  await lab.button('Resume').click();
  await expect.poll(() => lab.step()).toBeGreaterThan(paused + 3);
  await lab.button('Stop').click();
  await expect(lab.facts).toContainText('stopped');
  await expect(lab.button('Run')).toBeEnabled();
  expect(await lab.dots(), 'the results stay').toBeGreaterThan(0);

  await lab.button('Reset').click();
  await expect(lab.facts).toHaveText('Ready.');
  await expect(page.getByText('Press Run and watch the methods race.')).toBeVisible();
  await expect.poll(() => lab.dots()).toBe(0);
  await lab.button('Step').click();
  await expect.poll(() => lab.step()).toBe(1);
  await expect(lab.facts).toContainText('paused');
  // Both policies are still the reference, and a seed's arms share their draws.
  await expect(page.locator('.pairs')).toContainText('All arms show the same pair');
  await expect(page.locator('.pairs')).toContainText('Labels are drawn');
  await lab.button('Reset').click();
  await expect(lab.facts).toHaveText('Ready.');
});

test('the same seed gives the same hashes, another one others, and WASM the same numbers', async ({ lab, page }) => {
  const results = async (firstSeed: number) => {
    await lab.set({ 'First seed': firstSeed });
    await lab.run();
    await lab.finish();
    return lab.download();
  };
  await openTiny(lab);
  await expect(lab.button('Download results JSON')).toBeDisabled();
  const first = await results(0);
  expect(first).toMatchObject({
    format: 'pilaf-lab/results',
    version: 1,
    config: { seeds: 2, schedule: { steps: 5, pairs: 8 }, task: { kind: 'bandit' } },
    backend: { name: 'webgpu', adapter: expect.stringMatching(/swiftshader/i) },
  });
  expect(first.runs.map(({ arm, seed, status }) => `${arm} ${seed} ${status}`)).toEqual([
    'Vanilla 0 complete',
    'Vanilla 1 complete',
    'PILAF 0 complete',
    'PILAF 1 complete',
  ]);
  for (const { hash, evaluations } of first.runs) {
    expect(hash).toMatch(/^[0-9a-f]{8,}$/);
    expect(evaluations.map(({ step }) => step)).toEqual([0, 1, 2, 5]);
  }
  expect(first.optimum?.objective).toBeGreaterThan(first.runs[0]!.evaluations[0]!.objective);
  expect(first.timing.seconds).toBeGreaterThan(0);

  const hashes = ({ runs }: typeof first) => runs.map(({ hash }) => hash);
  expect(hashes(await results(0))).toEqual(hashes(first));
  for (const hash of hashes(await results(7))) expect(hashes(first)).not.toContain(hash);

  await patchWorker(page, "Object.defineProperty(WorkerNavigator.prototype, 'gpu', { value: undefined });");
  await openTiny(lab);
  await expect(lab.badge).toHaveText(/^WebAssembly/);
  const onWasm = await results(0);
  expect(onWasm.backend).toEqual({ name: 'wasm-relaxed', adapter: null });
  // Not the accuracy: responses that no step has touched are tied, and rounding breaks the tie.
  const evaluations = ({ runs }: typeof first) =>
    runs.map((run) => run.evaluations.map((evaluation) => ({ ...evaluation, accuracy: null })));
  expectClose(evaluations(onWasm), evaluations(first), 1e-3);
});

async function openTiny(lab: Lab): Promise<void> {
  await lab.open('?backend=webgpu');
  await lab.makeTiny(5);
  // Enough for the arms to draw apart.
  await lab.set({ 'Pairs per step': 8, 'Learning rate': 0.3 });
  await lab.page.getByText('More settings').click();
}
