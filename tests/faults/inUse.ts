import { setTimeout as sleep } from 'node:timers/promises';
import type { Page, Worker } from '@playwright/test';
import { expect, type Lab } from '../browser/support';
import { CODE, HEAP, KERNELS, leastOf, MINUTES, report, takeTime, WARM_UP, type Measures } from './growth';
import { heapIn, snapshotOf } from './heap';
import { draw } from './many';
import { workerSnapshots } from './workerHeaps';

/** The page in somebody's hands, from a seed, and what it holds meanwhile. */

const SEED = Number(process.env['SOAK_SEED'] ?? 1);

/** What a worker's engine holds: its tensors, their bytes, and those of WebAssembly's heaps and the GPU's buffers. */
const engineOf = (worker: Worker): Promise<Measures> =>
  worker.evaluate((kernels) => {
    const { _tfengine: engine } = self as unknown as {
      _tfengine: {
        memory: () => { numTensors: number; numBytes: number };
        registry: {
          webgpu?: {
            bufferManager: { numBytesAllocated: number; getNumUsedBuffers: () => number };
            pipelineCache: Readonly<Record<string, unknown>>;
          };
          wasm?: { wasm: { HEAPU8: Uint8Array } };
        };
      };
    };
    const { bufferManager: buffers, pipelineCache } = engine.registry.webgpu ?? {};
    return {
      tensors: engine.memory().numTensors,
      'bytes of tensors': engine.memory().numBytes,
      'WebAssembly’s heap': engine.registry.wasm?.wasm.HEAPU8.byteLength ?? 0,
      ...(buffers && { 'GPU buffers': buffers.getNumUsedBuffers(), 'bytes of GPU buffers': buffers.numBytesAllocated }),
      ...(pipelineCache && { [kernels]: Object.keys(pipelineCache).length }),
    };
  }, KERNELS);

const sumOf = (all: readonly Measures[]): Measures => {
  const sum: Record<string, number> = {};
  for (const one of all) for (const [name, value] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
};

/** What the page and its workers hold, after their garbage is collected. */
async function measured(page: Page): Promise<Measures> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const heap = heapIn(await snapshotOf(session));
  const ofWorkers = sumOf((await workerSnapshots(page.context().browser()!)).map(heapIn));
  const { metrics } = await session.send('Performance.getMetrics');
  await session.detach();
  const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? NaN;
  const { usage = NaN } = await page.evaluate(() => navigator.storage.estimate());
  // Those of the document differ with what a monkey has opened.
  const shown = await page.evaluate(() => document.evaluate('count(//node())', document).numberValue);
  return {
    ...heap,
    listeners: of('JSEventListeners'),
    'nodes outside the document': of('Nodes') - shown,
    workers: page.workers().length,
    'JS heap of the workers': ofWorkers[HEAP]!,
    [`${CODE} of the workers`]: ofWorkers[CODE]!,
    ...sumOf(await Promise.all(page.workers().map(engineOf))),
    'bytes stored': usage,
  };
}

const VIEWS = ['Learn', 'Sweeps', 'Runs', 'Race'] as const;

async function view(page: Page, name: string): Promise<void> {
  const link = page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name, exact: true });
  await link.click();
  // The page follows the address a moment later.
  await expect(link).toHaveAttribute('aria-current', 'page');
}

/** Where to click one of the things that lie about, by its share of them; it comes into view. */
function somewhere(share: number): { x: number; y: number } | null {
  const things = document.querySelectorAll('main :is(button, a[href^="#"], input, select, summary)');
  const seen = [...things].filter((thing) => thing.checkVisibility());
  const thing = seen[Math.floor(share * seen.length)];
  if (!thing) return null;
  thing.scrollIntoView({ block: 'center', behavior: 'instant' });
  const { x, y, width, height } = thing.getBoundingClientRect();
  return { x: x + width / 2, y: y + height / 2 };
}

/**
 * Clicks ten things that lie about, wherever it gets. Not by Playwright's locators: they hold on to an element that goes
 * away under their hands, and so to all that was around it.
 */
async function monkey(page: Page, item: number): Promise<void> {
  for (let click = 0; click < 10; click++) {
    const place = await page.evaluate(somewhere, draw(SEED + 1, 10 * item + click));
    if (place) await page.mouse.click(place.x, place.y);
    await page.keyboard.press('Escape');
  }
}

/** Closes what has been opened: a table of numbers under a plot has hundreds of cells. */
const closeDetails = (page: Page): Promise<void> =>
  page.evaluate(() => {
    for (const details of document.querySelectorAll<HTMLDetailsElement>('details[open]')) details.open = false;
  });

/** Deletes the runs that are listed, so that the page holds none but those for its Undo. */
async function deleteRuns(lab: Lab, page: Page): Promise<void> {
  await view(page, 'Runs');
  const all = page.getByRole('checkbox', { name: 'Select all runs' });
  if (!(await all.isVisible())) return;
  await all.check();
  await lab.button('Delete selected').click();
  await expect(all).toBeHidden();
}

/** Ends whatever runs, and makes the race in miniature again. */
async function tidy(lab: Lab, page: Page): Promise<void> {
  await view(page, 'Sweeps');
  const stop = lab.button('Stop');
  if (await stop.isVisible()) await stop.click();
  await view(page, 'Race');
  const reset = lab.button('Reset');
  if (await reset.isEnabled()) await reset.click();
  await page.getByRole('button', { name: /^Bandit race/ }).click();
  await lab.makeTiny(50);
}

interface Doing {
  readonly did: string;
  /** Of all that is done; the shares' sum is 1. */
  readonly share: number;
  /** Does it, to an extent between 0 and 1; returns the steps that were trained. */
  readonly act: (lab: Lab, page: Page, extent: number, item: number) => Promise<number>;
}

const MONKEY: Doing = {
  did: 'ten clicks by a monkey',
  share: 0.1,
  async act(lab, page, _, item) {
    await view(page, VIEWS[item % VIEWS.length]!);
    await monkey(page, item);
    await tidy(lab, page);
    return 0;
  },
};

/** What somebody might do next. */
const DOINGS: readonly Doing[] = [
  {
    did: 'a race to its end',
    share: 0.35,
    async act(lab, _, extent) {
      await lab.set({ Steps: 20 + Math.floor(300 * extent) });
      await lab.run();
      await lab.finish(120_000);
      return lab.step();
    },
  },
  {
    did: 'a start and a stop',
    share: 0.35,
    async act(lab, _, extent) {
      await lab.set({ Steps: 100_000 });
      await lab.run();
      await lab.live();
      await sleep(1000 * extent);
      await lab.button('Stop').click();
      await expect(lab.facts).toContainText('stopped');
      return lab.step();
    },
  },
  {
    did: 'a pause, a step and a reset',
    share: 0.1,
    async act(lab) {
      await lab.set({ Steps: 100_000 });
      await lab.run();
      await lab.live();
      await lab.button('Pause').click();
      await expect(lab.facts).toContainText('paused');
      await lab.button('Step').click();
      const steps = await lab.step();
      await lab.button('Reset').click();
      await expect(lab.facts).toContainText('Ready');
      return steps;
    },
  },
  MONKEY,
  {
    did: 'a walk through the views',
    share: 0.05,
    async act(_, page) {
      for (const name of VIEWS) await view(page, name);
      return 0;
    },
  },
  {
    did: 'another theme, and a look at the badge',
    share: 0.05,
    async act(lab, page) {
      await page.getByRole('button', { name: /mode$/ }).click();
      await lab.badge.click();
      await lab.badge.click();
      return 0;
    },
  },
];

/** By the seed. */
function next(item: number): Doing {
  let rest = draw(SEED, 2 * item);
  return DOINGS.find(({ share }) => (rest -= share) < 0) ?? DOINGS[0]!;
}

async function act(lab: Lab, page: Page, doing: Doing, item: number): Promise<number> {
  await view(page, 'Race');
  return doing.act(lab, page, draw(SEED, 2 * item + 1), item);
}

/**
 * Bouts of the monkey before the first look: a page keeps the template and the code of all that it shows for the first
 * time, and 1,500 clicks find nearly everything.
 */
const BOUTS = 150;

/** What is held differs by a tenth from one look to the next. The least of so many counts. */
const LOOKS = 3;

/** Uses the page for long, and notes what it holds before and after. */
export async function usePage(lab: Lab, page: Page, search: string): Promise<void> {
  takeTime();
  await lab.open(search);
  await lab.makeTiny(50);
  // All of it, the same before either look, so that the page is in the same place.
  const settle = async () => {
    await deleteRuns(lab, page);
    for (let item = 0; item < 3; item++) {
      for (const doing of DOINGS) await act(lab, page, doing, 1_000_000 + item);
    }
    await deleteRuns(lab, page);
    await view(page, 'Race');
    await closeDetails(page);
    return measured(page);
  };
  const leastHeld = async () => {
    const looks = [await settle()];
    while (looks.length < LOOKS) looks.push(await settle());
    return leastOf(looks);
  };
  const times: Record<string, number> = {};
  let steps = 0;
  let item = 0;
  const use = async (minutes: number) => {
    for (const end = Date.now() + 60_000 * minutes; Date.now() < end; item++) {
      const doing = next(item);
      steps += await act(lab, page, doing, item);
      times[doing.did] = (times[doing.did] ?? 0) + 1;
    }
  };
  for (let bout = 0; bout < BOUTS; bout++) await act(lab, page, MONKEY, 2_000_000 + bout);
  await use(WARM_UP);
  const start = await leastHeld();
  await use(MINUTES);
  const did = Object.entries(times).map(([what, count]) => `${count} × ${what}`);
  report(
    `the page in use for ${MINUTES} minutes, after ${WARM_UP} and ${10 * BOUTS} clicks that warm it up`,
    [search, `${steps} steps`, ...did].join(', '),
    start,
    await leastHeld(),
  );
}
