import { readFile } from 'node:fs/promises';
import { expect, test as base, type BrowserContext, type Download, type Locator, type Page } from '@playwright/test';
import { compression } from '../../src/cli/compression';
import { parseConfig } from '../../src/experiment/config/config';
import { permalinkOf } from '../../src/experiment/config/permalink';
import type { ExperimentConfigInput } from '../../src/experiment/config/schema';
import type { Results } from '../../src/experiment/documents/results';
import type { SweepResults } from '../../src/experiment/documents/sweepResults';
import { CHROMIUM_FLAGS, findChromium } from '../../scripts/chromium.mjs';

interface Options {
  /** Whether the page has not been seen yet: it then opens with what it is about, three plots more. */
  readonly newcomer: boolean;
}

interface Fixtures {
  /** What went wrong under way; every test ends with none of it. */
  readonly trouble: string[];
  readonly lab: Lab;
}

/** The page does not open with what it is about. Where nothing can be stored, it does so every time. */
export const passAsSeen = (context: BrowserContext) =>
  context.addInitScript(() => {
    try {
      localStorage.setItem('pilaf-lab/opening', 'seen');
    } catch {
      return;
    }
  });

/**
 * Every test fails that leaves a console message behind, of the page or of its worker, an uncaught error, a request to
 * another origin, a failed one, or one that the content-security policy refused.
 */
export const test = base.extend<Fixtures & Options>({
  newcomer: [false, { option: true }],
  trouble: [
    async ({ page, context, baseURL }, use) => {
      const origin = new URL(baseURL ?? '').origin;
      const trouble: string[] = [];
      page.on('console', (message) => {
        // The tests' own doing: most of them change files under way, which a service worker would keep from them.
        if (message.text() === 'Service Worker registration blocked by Playwright') return;
        trouble.push(`console ${message.type()}: ${message.text()}`);
      });
      page.on('pageerror', (error) => trouble.push(`uncaught: ${error.message}`));
      context.on('request', (request) => {
        const url = new URL(request.url());
        if (!['blob:', 'data:'].includes(url.protocol) && url.origin !== origin) trouble.push(`foreign: ${url.href}`);
      });
      context.on('requestfailed', (request) => {
        const reason = request.failure()?.errorText ?? '';
        // A reload breaks off what the page before it was still fetching, and the icon for its tab.
        if (reason === 'net::ERR_ABORTED') return;
        trouble.push(`failed: ${request.url()} ${reason}`);
      });
      context.on('response', (response) => {
        if (response.status() >= 400) trouble.push(`status ${response.status()}: ${response.url()}`);
      });
      await use(trouble);
      expect(trouble).toEqual([]);
    },
    { auto: true },
  ],
  lab: async ({ page, context, newcomer }, use) => {
    if (!newcomer) await passAsSeen(context);
    await use(new Lab(page));
  },
});

export { expect };

/** What a link adds to the page's address; throws where the config is not valid. */
export async function linkOf(input: ExperimentConfigInput): Promise<string> {
  const parsed = parseConfig(input);
  if (!parsed.ok) throw new Error(parsed.problems[0]?.message);
  return permalinkOf(parsed.value, compression);
}

/** For `test.use`: a browser that has no GPU to offer, not even a software one. */
export const WITHOUT_GPU = {
  launchOptions: {
    executablePath: findChromium(),
    args: [...CHROMIUM_FLAGS.filter((flag) => !flag.includes('webgpu')), '--disable-gpu'],
  },
};

/** Runs `code` at the head of the worker's script, before anything else. */
export async function patchWorker(page: Page, code: string): Promise<void> {
  await page.route(/\/assets\/entry-[^/]+\.js$/, async (route) => {
    // A connection that the server has closed meanwhile is taken anew.
    const response = await route.fetch({ maxRetries: 3 });
    await route.fulfill({ response, body: `${code}\n${await response.text()}` });
  });
}

/** The worker's intervals pass so many times as fast. */
const hasty = (times: number): string => `
  const again = self.setInterval;
  self.setInterval = (then, milliseconds, ...given) => again(then, milliseconds / ${times}, ...given);`;

/** A minute is three seconds. */
export const HASTY = hasty(20);

/** Keeps the worker's GPU device within a test's reach. */
export const KEEP_DEVICE = `
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    return (self.device = await request.apply(this, given));
  };`;

export const loseDevice = (page: Page) =>
  page.workers()[0]!.evaluate(() => (self as unknown as { device: GPUDevice }).device.destroy());

/** Read-backs that never come, from when `hang` asks for it; nobody waits long for them, but so many times less. */
export const hanging = (times: number): string => `${hasty(times)}
  const map = GPUBuffer.prototype.mapAsync;
  GPUBuffer.prototype.mapAsync = function (...given) {
    return self.hangs ? new Promise(() => undefined) : map.apply(this, given);
  };`;

export const hang = (page: Page) => page.workers()[0]!.evaluate(() => Object.assign(self, { hangs: true }));

/** The steps of the states in the browser's storage. */
export const storedSteps = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<number[]>((resolve, reject) => {
        const opening = indexedDB.open('pilaf-lab');
        opening.onerror = () => reject(new Error('the storage does not open'));
        opening.onsuccess = () => {
          const database = opening.result;
          const reading = database.transaction('states').objectStore('states').getAll();
          reading.onerror = () => reject(new Error('the storage cannot be read'));
          reading.onsuccess = () => {
            database.close();
            resolve((reading.result as { step: number }[]).map((state) => state.step));
          };
        };
      }),
  );

/** The page as somebody in front of it sees it. */
export class Lab {
  readonly badge: Locator;
  readonly facts: Locator;
  readonly alert: Locator;
  readonly plane: Locator;

  constructor(readonly page: Page) {
    this.badge = page.locator('.badge .label');
    this.facts = page.locator('.facts');
    this.alert = page.getByRole('alert');
    this.plane = page.locator('.plane');
  }

  /** Opens the page, with this behind its address, and waits until its worker has chosen a backend. */
  async open(search = ''): Promise<void> {
    await this.page.goto(`./${search}`);
    await expect(this.badge).not.toHaveText(/Testing/, { timeout: 60_000 });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  control(label: string): Locator {
    return this.page.getByLabel(label, { exact: true });
  }

  preset(title: string | RegExp): Locator {
    return this.page.getByRole('button', { name: title });
  }

  async set(values: Readonly<Record<string, string | number>>): Promise<void> {
    for (const [label, value] of Object.entries(values)) await this.control(label).fill(String(value));
  }

  /** Lets only these arms race. */
  async race(...names: readonly string[]): Promise<void> {
    for (const box of await this.page.getByRole('checkbox', { name: / races$/ }).all()) {
      const name = (await box.getAttribute('aria-label'))?.replace(/ races$/, '') ?? '';
      await box.setChecked(names.includes(name));
    }
  }

  /** The bandit's race in miniature. */
  async makeTiny(steps: number): Promise<void> {
    await this.race('Vanilla', 'PILAF');
    await this.set({ Seeds: 2, 'Pairs per step': 2, Steps: steps });
  }

  /** Starts the race in miniature and lets it run on once its first step is stored. */
  async runWithState(steps: number): Promise<void> {
    await this.makeTiny(steps);
    await this.button('Step').click();
    await expect.poll(() => storedSteps(this.page)).toEqual([1]);
    await this.button('Resume').click();
    await expect.poll(() => this.step()).toBeGreaterThan(2);
  }

  /** The step that the page shows; −1 before a run. */
  async step(): Promise<number> {
    const found = /step (\D?[\d\s]+) of/.exec(await this.facts.innerText());
    return found ? Number(found[1]!.replace(/\D/g, '')) : -1;
  }

  /** Dots that are drawn in the plane, over all arms. */
  dots(): Promise<number> {
    return this.plane.locator('.scatterlayer .points path.point:visible').count();
  }

  /** The largest number of evaluations that an arm's line in the plane has. */
  evaluations(): Promise<number> {
    return this.plane.locator('.js-plotly-plot').evaluate((plot) => {
      const { data } = plot as HTMLElement & { data: { name?: string; x: unknown[] }[] };
      return Math.max(0, ...data.filter(({ name }) => name).map(({ x }) => x.length));
    });
  }

  async run(): Promise<void> {
    await this.button('Run').click();
  }

  /** Waits until what is shown was run here: the page opens with recorded curves, which would satisfy most waits. */
  async live(timeout = 60_000): Promise<void> {
    await expect(this.page.getByRole('note')).toHaveCount(0, { timeout });
    await expect.poll(() => this.step(), { timeout }).toBeGreaterThan(0);
  }

  async finish(timeout = 60_000): Promise<void> {
    await expect(this.facts).toContainText('done', { timeout });
  }

  async download(): Promise<Results> {
    const file = await this.downloadBy('Download results JSON');
    return JSON.parse(await readFile(await file.path(), 'utf8')) as Results;
  }

  /** What a button gives. Where a card grows between press and release, there is no click: whoever sees nothing come presses again. */
  async downloadBy(button: string): Promise<Download> {
    let file: Download | undefined;
    await expect(async () => {
      const started = this.page.waitForEvent('download', { timeout: 5000 });
      await this.button(button).click();
      file = await started;
    }).toPass();
    return file!;
  }
}

/** No two numbers of these differ by more than this, relatively or where they are small absolutely. */
export function expectClose(found: unknown, expected: unknown, tolerance: number, path = ''): void {
  if (typeof expected === 'number' && typeof found === 'number') {
    const difference = Math.abs(found - expected) / Math.max(1, Math.abs(expected));
    expect(difference, `${path}: ${found} against ${expected}`).toBeLessThanOrEqual(tolerance);
  } else if (expected !== null && typeof expected === 'object') {
    expect(Object.keys(found as object), path).toEqual(Object.keys(expected));
    for (const [key, value] of Object.entries(expected)) {
      expectClose((found as Record<string, unknown>)[key], value, tolerance, `${path}.${key}`);
    }
  } else {
    expect(found, path).toBe(expected);
  }
}

/** A sweep of two tiny cells, ready to run; its row of the table, once it runs, and the cells that it has by then. */
export async function prepareSweep(lab: Lab, search: string, steps = 300) {
  const { page } = lab;
  await lab.open(search);
  await lab.makeTiny(steps);
  await page.getByRole('navigation').getByRole('link', { name: 'Sweeps' }).click();
  await page.getByRole('combobox', { name: 'Experiment' }).selectOption('The settings in Race');
  await lab.set({ 'Values of the rows': '1', 'Values of the columns': '0.3, 1' });
  const newest = page.getByRole('region', { name: 'Table of sweeps' }).getByRole('row').nth(1);
  const cells = async () => {
    const started = page.waitForEvent('download');
    await newest.getByRole('button', { name: /^JSON of/ }).click();
    return (JSON.parse(await readFile(await (await started).path(), 'utf8')) as SweepResults).cells;
  };
  return { newest, cells };
}
