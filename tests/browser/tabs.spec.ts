import { readFile } from 'node:fs/promises';
import type { Download, Page } from '@playwright/test';
import type { NamedResults } from '../../src/experiment/documents/resultsFile';
import type { StoredSweep } from '../../src/views/browser/storage';
import { expect, Lab, storedSteps, test, WITHOUT_GPU } from './support';

test.use(WITHOUT_GPU);

const nav = (page: Page, name: string) => page.getByRole('navigation').getByRole('link', { name });
const offer = (page: Page) => page.getByRole('button', { name: /^Go on from step/ });
const nameOfRun = (page: Page) => page.getByRole('textbox', { name: /^Name of/ });

/** All records of a store, after `records` were put into it; of those that lie apart each has a key. */
const stored = (page: Page, store: string, records: readonly unknown[] = [], keys: readonly string[] = []) =>
  page.evaluate(
    ([name, added, by]) =>
      new Promise<unknown[]>((resolve, reject) => {
        const opening = indexedDB.open('pilaf-lab');
        opening.onerror = () => reject(new Error('the storage does not open'));
        opening.onsuccess = () => {
          const database = opening.result;
          const objects = database.transaction(name, 'readwrite').objectStore(name);
          for (const [i, record] of added.entries()) objects.put(record, by[i]);
          const reading = objects.getAll();
          reading.onerror = () => reject(new Error('the storage cannot be read'));
          reading.onsuccess = () => {
            database.close();
            resolve(reading.result);
          };
        };
      }),
    [store, records, keys] as const,
  );

async function raceOnce(lab: Lab): Promise<void> {
  await lab.makeTiny(5);
  await lab.run();
  await lab.finish();
}

/** Leaves the state of a run that somebody closed the page on. */
async function leaveState(lab: Lab): Promise<void> {
  await lab.open();
  await lab.makeTiny(100_000);
  await lab.button('Step').click();
  await expect.poll(() => storedSteps(lab.page)).toEqual([1]);
  await lab.page.reload();
  await expect(offer(lab.page)).toBeEnabled({ timeout: 60_000 });
}

const cells = async (page: Page) =>
  ((await stored(page, 'sweeps')) as StoredSweep[]).map(({ results }) => results.cells.length);
const goOn = (page: Page) => page.getByRole('button', { name: /^Go on with/ });

/** Runs a sweep of nine cells until the first is stored. */
async function startSweep(lab: Lab): Promise<void> {
  const { page } = lab;
  await lab.open();
  await lab.makeTiny(1500);
  await nav(page, 'Sweeps').click();
  await page.getByRole('combobox', { name: 'Experiment' }).selectOption('The settings in Race');
  await lab.set({ 'Values of the rows': '1, 2, 3', 'Values of the columns': '0.3, 0.6, 1' });
  await page.getByRole('button', { name: /^Run 9 cells/ }).click();
  await expect.poll(async () => (await cells(page))[0] ?? 0, { timeout: 60_000 }).toBeGreaterThan(0);
}

test('what goes on in one tab is not offered in another', async ({ lab, page, context }) => {
  await leaveState(lab);
  const other = new Lab(await context.newPage());
  await other.open();
  await expect(offer(other.page)).toBeEnabled();
  await offer(page).click();
  await expect(offer(other.page)).toHaveCount(0);
  await expect.poll(() => lab.step()).toBeGreaterThan(1);
  await page.close();
  await expect(offer(other.page), 'once that tab is gone it is offered again').toBeVisible();
});

test('where another tab has a run, going on says so and starts nothing', async ({ lab, page, context }) => {
  const other = await context.newPage();
  // Its message is lost, as from a tab that has frozen.
  await other.addInitScript(() => {
    BroadcastChannel.prototype.postMessage = () => undefined;
  });
  await leaveState(lab);
  const theirs = new Lab(other);
  await theirs.open();
  await offer(other).click();
  await expect.poll(() => theirs.step()).toBeGreaterThan(1);
  await offer(page).click();
  await expect(page.getByText('“Bandit: Vanilla, PILAF” goes on in another tab.')).toBeVisible();
  await expect(offer(page)).toHaveCount(0);
  await expect(lab.facts).not.toContainText('of 100');
});

test('a note in one tab keeps the name that another tab has given', async ({ lab, page, context }) => {
  await lab.open();
  await raceOnce(lab);
  await nav(page, 'Runs').click();
  const other = await context.newPage();
  await other.goto('./#runs');
  await nameOfRun(other).fill('Renamed');
  await nameOfRun(other).press('Enter');
  await expect.poll(() => stored(page, 'runs')).toMatchObject([{ name: 'Renamed' }]);
  await page.getByRole('button', { name: /^Details of/ }).click();
  await page.getByRole('textbox', { name: /^Notes on/ }).fill('mine');
  await page.getByRole('textbox', { name: /^Notes on/ }).blur();
  await expect.poll(() => stored(page, 'runs')).toMatchObject([{ name: 'Renamed', notes: 'mine' }]);
  await expect(nameOfRun(page)).toHaveValue('Renamed');
});

test('a sweep runs in one tab at a time, and no tab loses another’s cells', async ({ lab, page, context }) => {
  await startSweep(lab);
  const other = await context.newPage();
  await other.goto('./#sweeps');
  await goOn(other).click();
  await expect(other.getByText(/^“.*” runs in another tab\.$/)).toBeVisible();
  await page.bringToFront();
  await lab.button('Stop').click();
  const before = (await cells(page))[0]!;
  expect(before).toBeLessThan(9);
  // It has read the list before the last cells came.
  await other.bringToFront();
  await goOn(other).click();
  await expect.poll(() => cells(page), { timeout: 60_000 }).toEqual([9]);
  await page.bringToFront();
  await goOn(page).click();
  await expect(page.getByRole('region', { name: 'Table of sweeps' })).toContainText('9 of 9');
  expect(await cells(page)).toEqual([9]);
});

test('cells stay that a tab without locks has not heard of', async ({ lab, page, context }) => {
  // As on a page without TLS.
  await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'locks'));
  await startSweep(lab);
  const other = await context.newPage();
  await other.goto('./#sweeps');
  await expect(goOn(other)).toBeVisible();
  await page.bringToFront();
  await lab.button('Stop').click();
  // The last cell, which neither tab's list has, is stored behind their backs before this one stores its own.
  const [sweep] = (await stored(page, 'sweeps')) as [StoredSweep];
  const last = { ...sweep.results.cells[0]!, number: 8, values: { 'task.rewardScale': 3, beta: 1 } };
  expect(sweep.results.cells.map(({ number }) => number)).not.toContain(8);
  await other.bringToFront();
  await goOn(other).click();
  await expect(goOn(other)).toHaveCount(0);
  await stored(page, 'sweeps', [{ ...sweep, results: { ...sweep.results, cells: [...sweep.results.cells, last] } }]);
  const grown = async () => {
    const [now] = (await stored(page, 'sweeps')) as [StoredSweep];
    const { cells: all } = now.results;
    return all.length > sweep.results.cells.length + 1 && all.some(({ number }) => number === 8);
  };
  await expect.poll(grown, { timeout: 60_000 }).toBe(true);
});

test('records that cannot be read are named, kept and exported; the others are shown', async ({ lab, page }) => {
  await lab.open();
  await raceOnce(lab);
  await nav(page, 'Runs').click();
  await expect(nameOfRun(page)).toHaveCount(1);
  const [run] = (await stored(page, 'runs')) as [{ summary: object }];
  const old = { ...run, id: 'old', name: 'Old <b>', summary: { ...run.summary, backend: undefined } };
  await stored(page, 'runs', [old]);
  const [results] = (await stored(page, 'results')) as [{ runs: unknown[] }];
  await stored(page, 'results', [results], ['old']);
  await stored(page, 'states', [{ id: 'y' }]);
  await stored(page, 'bytes', ['a state'], ['y']);
  await stored(page, 'sweeps', [{ id: 'z', name: 'Broken sweep' }]);
  await page.reload();
  await expect(nameOfRun(page)).toHaveCount(1);
  const strip = page.getByText('This version cannot read');
  await expect(strip).toContainText('a run, Old <b> (summary.backend: is missing');
  await expect(strip).toContainText('a run’s state, y (name: is missing)');
  await nav(page, 'Sweeps').click();
  await expect(strip).toContainText('a sweep, Broken sweep (date: is missing)');
  const files: Download[] = [];
  page.on('download', (file) => files.push(file));
  await page.getByRole('button', { name: 'Export what cannot be read' }).click();
  await expect.poll(() => files.length, 'the records, and a state').toBe(2);
  const [text, state] = await Promise.all(files.map(async (file) => readFile(await file.path(), 'utf8')));
  const exported = JSON.parse(text!) as { record: { id: string }; results?: unknown }[];
  expect(exported.map(({ record }) => record.id)).toEqual(['old', 'y', 'z']);
  expect(exported[0]!.results, 'a run’s results lie apart').toEqual(results);
  expect(state).toBe('a state');
  expect(await stored(page, 'runs'), 'nothing is deleted').toHaveLength(2);
  await nav(page, 'Race').click();
  await raceOnce(lab);
  const all = (await stored(page, 'runs')) as object[];
  await stored(page, 'runs', all.map((one) => ({ ...one, summary: null }))); // prettier-ignore
  await page.reload();
  await expect(strip).toContainText('a run, Old <b>');
  await expect(page.getByText('stored here is gone'), 'it is there').toHaveCount(0);
  await expect(page.getByText('stored here are gone')).toHaveCount(0);
});

test('a clock that was set back drops no new state', async ({ lab, page }) => {
  await leaveState(lab);
  const [state] = (await stored(page, 'states')) as [{ order: number }];
  const older = [...'abcdefghij'].map((id) => ({ ...state, id, name: id, order: 0, date: '2099-01-01T00:00:00.000Z' }));
  await stored(page, 'states', older);
  await page.reload();
  await expect(offer(page)).toContainText('of Bandit: Vanilla, PILAF');
  await expect.poll(() => storedSteps(page)).toHaveLength(10);
  await expect(page.getByText(/Dropped was the state of “[a-j]” after step 1: 10 newer ones are stored/)).toBeVisible();
  await expect(offer(page)).toContainText('of Bandit: Vanilla, PILAF');
});

test('while an older page holds the storage, a finished run is listed and the page says why', async ({
  lab,
  page,
  context,
}) => {
  const old = await context.newPage();
  await old.goto('./favicon.svg');
  await old.evaluate(
    () =>
      new Promise<void>((resolve) => {
        indexedDB.open('pilaf-lab', 1).onsuccess = () => resolve();
      }),
  );
  await lab.open();
  await expect(page.getByText(/an older version of this page holds the storage/)).toBeVisible();
  await raceOnce(lab);
  await nav(page, 'Runs').click();
  await expect(nameOfRun(page)).toHaveValue('Bandit: Vanilla, PILAF');
});

test('a tab that is frozen in the middle, and thawed, ends with the hashes of an unbroken race', async ({
  lab,
  page,
}) => {
  await lab.open('?workers=2');
  await lab.makeTiny(2000);
  await lab.run();
  await lab.finish();
  const unbroken = (await lab.download()).runs;
  await lab.open('?workers=2');
  await lab.runWithState(2000);
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  await lab.finish();
  expect((await lab.download()).runs).toEqual(unbroken);
});

test('the screen is kept awake while a race runs, where that was asked for', async ({ lab, page }) => {
  await page.addInitScript(() => {
    const held: EventTarget[] = [];
    const request = () => {
      const lock = Object.assign(new EventTarget(), { released: false, release: async () => void held.pop() });
      held.push(lock);
      return Promise.resolve(lock);
    };
    Object.defineProperty(navigator, 'wakeLock', { value: { request } });
    Object.assign(window, { held });
  });
  const held = () => page.evaluate(() => (window as unknown as { held: unknown[] }).held.length);
  await lab.open();
  await lab.makeTiny(100_000);
  await lab.run();
  await lab.live();
  expect(await held(), 'nobody has asked').toBe(0);
  await lab.badge.click();
  await page.getByLabel('Keep this screen awake while a race runs').check();
  await expect.poll(held).toBe(1);
  await lab.button('Pause').click();
  await expect.poll(held).toBe(0);
  await lab.button('Resume').click();
  await expect.poll(held).toBe(1);
  await lab.button('Stop').click();
  await expect.poll(held).toBe(0);
});

test('a phone that is turned goes on, and its plots take the new width', async ({ lab, page }) => {
  const [long, short] = [844, 390];
  await page.setViewportSize({ width: short, height: long });
  await lab.open('?workers=2');
  await lab.makeTiny(100_000);
  await lab.run();
  await lab.live();
  const plot = lab.plane.locator('.main-svg').first();
  for (const [width, height] of [
    [long, short],
    [short, long],
  ] as const) {
    const before = await lab.step();
    await page.setViewportSize({ width, height });
    await expect.poll(() => lab.step(), 'it trains on').toBeGreaterThan(before);
    await expect.poll(async () => (await plot.boundingBox())?.width ?? Infinity).toBeLessThan(width);
    await expect.poll(async () => (await plot.boundingBox())?.width ?? 0).toBeGreaterThan(width / 2);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), 'nothing sticks out').toBeLessThanOrEqual(
      width,
    );
  }
  await lab.button('Stop').click();
  await expect(lab.facts).toContainText('stopped');
});

for (const [answer, promise] of [
  [true, 'kept in this browser only, until its data is cleared'],
  [false, 'which may throw them away where space is short'],
] as const) {
  test(`the browser is asked to keep runs at the first that is stored, and what it promises is said: ${answer}`, async ({
    lab,
    page,
  }) => {
    await page.addInitScript((given) => {
      const asked = { times: 0, kept: false };
      Object.assign(window, { asked });
      navigator.storage.persisted = async () => asked.kept;
      navigator.storage.persist = async () => {
        asked.times++;
        return (asked.kept = given);
      };
    }, answer);
    const times = () => page.evaluate(() => (window as unknown as { asked: { times: number } }).asked.times);
    await lab.open();
    expect(await times(), 'nothing to keep yet').toBe(0);
    await raceOnce(lab);
    await expect.poll(times).toBe(1);
    await raceOnce(lab);
    await nav(page, 'Runs').click();
    await expect(page.locator('#runs')).toContainText(promise);
    expect(await times(), 'once a visit').toBe(1);
  });
}

test('where the browser leaves the question open, a race ends and runs are imported all the same', async ({
  lab,
  page,
}) => {
  await page.addInitScript(() => {
    navigator.storage.persisted = async () => false;
    navigator.storage.persist = () => new Promise(() => undefined);
  });
  await lab.open();
  await lab.runWithState(300);
  await lab.finish();
  await expect.poll(() => storedSteps(page), 'its state goes').toEqual([]);
  await nav(page, 'Runs').click();
  await expect(nameOfRun(page)).toHaveCount(1);
  const started = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export all as JSON' }).click();
  const [run] = JSON.parse(await readFile(await (await started).path(), 'utf8')) as NamedResults[];
  const runs = ['2026-01-01', '2026-01-02'].map((day) => ({ ...run!, name: day, date: `${day}T12:00:00.000Z` }));
  const file = { name: 'two.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(runs)) };
  await page.getByLabel('Results files').setInputFiles(file);
  await expect(nameOfRun(page)).toHaveCount(3);
});
