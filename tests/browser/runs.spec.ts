import { readFile } from 'node:fs/promises';
import type { Download, Page } from '@playwright/test';
import type { NamedResults } from '../../src/experiment/documents/resultsFile';
import { expect, storedSteps, test, WITHOUT_GPU, type Lab } from './support';

test.use(WITHOUT_GPU);

const nav = (page: Page, name: string) => page.getByRole('navigation').getByRole('link', { name });
const table = (page: Page) => page.getByRole('region', { name: 'Table of runs' });
const names = (page: Page) =>
  table(page)
    .getByRole('textbox', { name: /^Name of/ })
    .evaluateAll((fields) => fields.map((field) => (field as HTMLInputElement).value));

async function raceTo(lab: Lab, steps: number): Promise<void> {
  await lab.set({ Steps: steps });
  await lab.run();
  await lab.finish();
}

const textOf = async (download: Download) => readFile(await download.path(), 'utf8');

async function exported(page: Page, button: RegExp): Promise<string> {
  const started = page.waitForEvent('download');
  await page.getByRole('button', { name: button }).click();
  return textOf(await started);
}

test('runs are kept, renamed, compared, exported, deleted, brought back and imported again', async ({ lab, page }) => {
  await lab.open();
  await lab.makeTiny(5);
  await raceTo(lab, 5);
  await raceTo(lab, 6);
  await nav(page, 'Runs').click();
  await expect(page).toHaveURL(/#runs$/);
  await expect(nav(page, 'Runs')).toHaveAttribute('aria-current', 'page');
  await expect
    .poll(() => names(page), 'what differs from its namesake')
    .toEqual(['Bandit: Vanilla, PILAF (Steps = 6)', 'Bandit: Vanilla, PILAF']);
  await expect(table(page)).toContainText('±');

  const name = page.getByRole('textbox', { name: 'Name of Bandit: Vanilla, PILAF (Steps = 6)' });
  await name.fill('=Six, "steps"');
  await name.press('Enter');
  await page.getByRole('button', { name: 'Details of =Six, "steps"' }).click();
  await page.getByRole('textbox', { name: 'Notes on =Six, "steps"' }).fill('six');
  await page.getByRole('textbox', { name: 'Notes on =Six, "steps"' }).blur();
  await expect(page.locator('#runs').getByRole('button', { name: 'Copy link' })).toBeEnabled();
  await page.locator('#runs').getByRole('button', { name: 'Open in Race' }).click();
  await expect(page.getByText('These settings came with a run of the list.')).toBeVisible();
  await expect(lab.control('Steps')).toHaveValue('6');
  await expect(page.getByRole('note').filter({ hasText: 'Stored run' })).toContainText('“=Six, "steps"”, ended');
  await expect.poll(() => lab.dots(), 'its plots are there again').toBeGreaterThan(0);
  await expect(page.locator('.results')).toContainText('At step 6, means over 2 seeds.');
  await nav(page, 'Runs').click();
  await page.reload();
  await expect
    .poll(() => names(page), 'what is stored outlasts the page')
    .toEqual(['=Six, "steps"', 'Bandit: Vanilla, PILAF']);

  await page.getByRole('checkbox', { name: 'Select all runs' }).check();
  await expect(page.getByRole('heading', { name: '2 runs compared' })).toBeVisible();
  const settings = page.getByRole('region', { name: 'Settings that differ' });
  await expect(settings.getByRole('row')).toHaveText([/^Setting/, /^Steps\s*6\s*5$/]);
  const figure = page.getByRole('figure', { name: /^J against steps/ });
  await expect(figure).toHaveAttribute('aria-label', /=Six, "steps", PILAF: .* Bandit: Vanilla, PILAF, Vanilla: /);
  await expect(figure.locator('.scatterlayer .js-line').last()).toBeVisible();
  const picture = page.waitForEvent('download');
  await page.getByRole('button', { name: 'SVG picture of this plot' }).first().click();
  expect(await textOf(await picture)).toMatch(/^<svg/);

  const csv = (await exported(page, /^Export 2 selected as CSV$/)).split('\r\n');
  expect(csv[0]).toMatch(/^run,date,task,backend,arm,seed,status,hash,step,reward,/);
  expect(csv[1]).toMatch(/^"'=Six, ""steps""",20\d\d-/);
  const json = await exported(page, /^Export 2 selected as JSON$/);
  const runs = JSON.parse(json) as NamedResults[];
  expect(runs.map((run) => [run.name, run.notes, run.results.config.schedule.steps])).toEqual([
    ['=Six, "steps"', 'six', 6],
    ['Bandit: Vanilla, PILAF', '', 5],
  ]);

  await page.getByRole('button', { name: 'Delete Bandit: Vanilla, PILAF' }).click();
  await expect.poll(() => names(page)).toEqual(['=Six, "steps"']);
  await expect(page.getByRole('button', { name: 'Undo' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Name of Bandit: Vanilla, PILAF' })).toBeFocused();

  const files = page.getByLabel('Results files');
  await files.setInputFiles({ name: 'runs.json', mimeType: 'application/json', buffer: Buffer.from(json) });
  await expect(page.getByText('Nothing new imported. 2 runs were here already.')).toBeVisible();
  await page.getByRole('checkbox', { name: 'Select all runs' }).check();
  await page.getByRole('button', { name: 'Delete selected' }).click();
  await expect(page.getByText('Nothing here yet.')).toBeVisible();
  await files.setInputFiles({ name: 'runs.json', mimeType: 'application/json', buffer: Buffer.from(json) });
  await expect(page.getByText('2 runs imported.')).toBeVisible();
  expect(JSON.parse(await exported(page, /^Export all as JSON$/))).toEqual(runs);

  await files.setInputFiles({ name: 'bad.json', mimeType: 'application/json', buffer: Buffer.from('{"a": 1}') });
  await expect(lab.alert.filter({ hasText: 'bad.json: no results of this program' })).toBeVisible();
  expect(await names(page)).toHaveLength(2);
});

test('after a reload a run goes on, to the hashes of an unbroken one', async ({ lab, page }) => {
  await lab.open();
  await lab.makeTiny(3000);
  const whole = async () => {
    await lab.finish();
    const { runs } = await lab.download();
    return runs;
  };
  await lab.run();
  const unbroken = await whole();

  await lab.run();
  await expect.poll(() => lab.step()).toBeGreaterThan(50);
  await lab.button('Pause').click();
  await expect(lab.facts).toContainText('paused');
  await nav(page, 'Runs').click();
  await nav(page, 'Race').click();
  await expect.poll(() => lab.dots(), 'the plots outlast a visit to the other view').toBeGreaterThan(0);
  const step = await lab.step();
  await expect.poll(() => storedSteps(page)).toEqual([step]);

  await page.reload();
  const goOn = page.getByRole('button', { name: /^Go on from step/ });
  await expect(goOn).toContainText('of Bandit: Vanilla, PILAF');
  await expect(page.getByRole('status').filter({ hasText: 'was not finished' })).not.toContainText('another device');
  await goOn.click();
  await expect(goOn).toHaveCount(0);
  await expect(lab.control('Steps')).toHaveValue('3000');
  const continued = await whole();
  expect(continued.map(({ hash }) => hash)).toEqual(unbroken.map(({ hash }) => hash));
  const scheduled = (runs: typeof unbroken) =>
    runs.map(({ evaluations }) => evaluations.filter((one) => one.step !== step));
  expect(scheduled(continued)).toEqual(scheduled(unbroken));
  await expect.poll(() => storedSteps(page), 'what has ended needs no state').toEqual([]);

  await nav(page, 'Runs').click();
  const hashes = await table(page)
    .locator('.hash')
    .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('title')));
  expect(hashes).toHaveLength(2);
  expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/);
  expect(hashes[1]).toBe(hashes[0]);
});

test('a state can be discarded, and a reset run leaves none', async ({ lab, page }) => {
  await lab.open();
  await lab.makeTiny(100_000);
  await lab.button('Step').click();
  await expect.poll(() => storedSteps(page)).toEqual([1]);
  await lab.button('Reset').click();
  await expect(lab.facts).toHaveText('Ready.');
  await expect.poll(() => storedSteps(page)).toEqual([]);
  await lab.button('Step').click();
  await expect.poll(() => storedSteps(page)).toEqual([1]);
  await page.reload();
  await page.getByRole('button', { name: /^Discard/ }).click();
  await expect(page.getByText('was not finished')).toHaveCount(0);
  await expect(nav(page, 'Race')).toBeFocused();
  await expect.poll(() => storedSteps(page)).toEqual([]);
  await nav(page, 'Runs').click();
  await expect(page.getByText('Nothing here yet.')).toBeVisible();
});

test('after a crash of the worker the run goes on by itself, paused as it was, from its last state', async ({
  lab,
  page,
}) => {
  await page.addInitScript(() => {
    const Plain = Worker;
    window.Worker = class extends Plain {
      constructor(...given: ConstructorParameters<typeof Worker>) {
        super(...given);
        Object.assign(window, {
          crash: () => this.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' })),
        });
      }
    };
  });
  await lab.open();
  await lab.makeTiny(3000);
  await lab.button('Step').click();
  await expect.poll(() => storedSteps(page)).toEqual([1]);
  await page.evaluate(() => (window as unknown as { crash: () => void }).crash());
  await expect(page.getByText('(out of memory). The run goes on from step 1 by itself.')).toBeVisible();
  await expect(lab.facts).toContainText('paused');
  await expect.poll(() => lab.step()).toBe(1);
  await lab.button('Resume').click();
  await lab.finish();
  expect((await lab.download()).runs.map(({ status }) => status)).toEqual(Array(4).fill('complete'));
  await nav(page, 'Runs').click();
  await expect.poll(() => names(page), 'one run, not two').toEqual(['Bandit: Vanilla, PILAF']);
});

test('where storing is forbidden the page says so, and works', async ({ lab, page }) => {
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('no', 'SecurityError');
    };
  });
  await lab.open();
  await expect(page.getByText('This browser does not let the page store anything')).toBeVisible();
  await lab.makeTiny(5);
  await raceTo(lab, 5);
  await nav(page, 'Runs').click();
  await expect.poll(() => names(page)).toEqual(['Bandit: Vanilla, PILAF']);
  expect(JSON.parse(await exported(page, /^Export all as JSON$/))).toHaveLength(1);
});

test('what is written and does not come back is not called stored', async ({ lab, page }) => {
  await page.addInitScript(() => {
    // As a disk that loses what it has confirmed.
    const put = Reflect.get(IDBObjectStore.prototype, 'put') as (...given: unknown[]) => IDBRequest;
    IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...given: unknown[]) {
      return this.name === 'results' || this.name === 'bytes' ? put.call(this, null, given[1]) : put.apply(this, given);
    } as typeof IDBObjectStore.prototype.put;
  });
  await lab.open();
  await lab.makeTiny(5);
  await lab.button('Step').click();
  await expect(page.getByText(/The state of .* is not stored \(what was written does not come back\)/)).toBeVisible();
  await lab.button('Resume').click();
  await lab.finish();
  await expect(page.getByText(/is not stored .* listed only until the page closes, so export it/)).toBeVisible();
  await nav(page, 'Runs').click();
  expect(JSON.parse(await exported(page, /^Export all as JSON$/))).toHaveLength(1);
});

test('a storage that has been cleared between two visits is noticed', async ({ lab, page }) => {
  await lab.open();
  await lab.makeTiny(5);
  await raceTo(lab, 5);
  await nav(page, 'Runs').click();
  await expect.poll(() => names(page)).toHaveLength(1);
  await expect(
    page.getByText(/kept in this browser only(, until its data is cleared|, which may throw them away)/),
  ).toBeVisible();
  await page.evaluate(() => indexedDB.deleteDatabase('pilaf-lab'));
  await lab.open();
  await expect(page.getByText('A run that was stored here is gone')).toBeVisible();
  await page.reload();
  await expect(lab.badge).not.toHaveText(/Testing/);
  await expect(page.getByText('A run that was stored here is gone'), 'it is said once').toHaveCount(0);
});

test('a run that was stopped is shown as stopped when it is opened again', async ({ lab, page }) => {
  await lab.open();
  await lab.makeTiny(100_000);
  await lab.run();
  await lab.live();
  await lab.button('Stop').click();
  await expect(lab.facts).toContainText('stopped');
  await nav(page, 'Runs').click();
  await page.getByRole('button', { name: /^Details/ }).click();
  await page.locator('#runs').getByRole('button', { name: 'Open in Race' }).click();
  await expect(page.getByRole('note').filter({ hasText: 'Stored run' })).toContainText(
    /stopped, with its last numbers at step \d.* of 100\s000/,
  );
  await expect(page.getByText('When a run has ended: how much each arm needed')).toBeVisible();
});

test('where there is no room for the results of a run its state stays, and makes them again', async ({ lab, page }) => {
  await page.addInitScript({
    content: `
      const { put } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.put = function (...given) {
        if (this.name === 'results') throw new DOMException('no', 'QuotaExceededError');
        return put.apply(this, given);
      };`,
  });
  await lab.open();
  await lab.runWithState(300);
  await lab.finish();
  await expect(page.getByText('“Bandit: Vanilla, PILAF” is not stored (its storage is full)')).toBeVisible();
  const { runs } = await lab.download();
  await page.reload();
  await page.getByRole('button', { name: /^Go on from step/ }).click();
  await lab.live();
  await lab.finish();
  expect((await lab.download()).runs).toEqual(runs);
});

test('where the storage is full the run goes on, and the page says what is not stored', async ({ lab, page }) => {
  await page.addInitScript(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('no', 'QuotaExceededError');
    };
  });
  await lab.open();
  await lab.makeTiny(5);
  await lab.button('Step').click();
  await expect(page.getByText('is not stored (its storage is full): after a reload')).toBeVisible();
  await lab.button('Resume').click();
  await lab.finish();
  await expect(page.getByText('“Bandit: Vanilla, PILAF” is not stored (its storage is full)')).toBeVisible();
});
