import type { Page } from '@playwright/test';
import { expect, linkOf, patchWorker, test, WITHOUT_GPU } from './support';

test.use(WITHOUT_GPU);

const MODEL = 'checkpoints/stories.safetensors';

const link = () =>
  linkOf({
    task: { kind: 'text', checkpoint: 'stories', oracles: [{ of: 'ending' }] },
    arms: [{ sampler: 'vanilla' }],
    seeds: 1,
    beta: 0.1,
    learningRate: 0.001,
    schedule: { steps: 1, pairs: 1 },
    evaluation: { every: 1, samples: 2 },
  });

/** The model's first million bytes arrive, the others once `goOn` is called; no length, as where a server packs it. */
const SLOW = `
  const fetchWhole = self.fetch;
  const released = new Promise((resolve) => (self.goOn = resolve));
  self.fetch = async (...given) => {
    const response = await fetchWhole(...given);
    if (!response.url.endsWith('${MODEL}')) return response;
    const bytes = new Uint8Array(await response.arrayBuffer());
    const body = new ReadableStream({
      async start(stream) {
        stream.enqueue(bytes.slice(0, 1e6));
        await released;
        stream.enqueue(bytes.slice(1e6));
        stream.close();
      },
    });
    return new Response(body);
  };`;

test('a model says how much of it has arrived', async ({ lab, page }) => {
  await patchWorker(page, SLOW);
  await lab.open(`?workers=1${await link()}`);
  await lab.run();
  await expect(page.getByText('Starting: waiting for the checkpoint, 1.0 MB of 2.0 MB…')).toBeVisible();
  await page.workers()[0]!.evaluate(() => (self as unknown as { goOn: () => void }).goOn());
  await lab.finish();
});

/** What the browser keeps of the model between visits; a byte of it is changed first, where asked. */
const kept = (page: Page, damage: boolean) =>
  page.evaluate(
    async ([model, damages]) => {
      const cache = await caches.open('pilaf-lab-models');
      const [request] = (await cache.keys()).filter(({ url }) => url.includes(model));
      const bytes = new Uint8Array(await (await cache.match(request!))!.arrayBuffer());
      if (damages) {
        bytes[bytes.length - 1]! ^= 1;
        await cache.put(request!, new Response(bytes));
      }
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      return `${new URL(request!.url).search.slice(1)} ${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
    },
    [MODEL, damage] as const,
  );

test('a kept model that is damaged is fetched once more, and replaced', async ({ lab, page, context }) => {
  const fetched: string[] = [];
  context.on('request', (request) => {
    if (request.url().endsWith(MODEL)) fetched.push(request.url());
  });
  await lab.open(`?workers=1${await link()}`);
  await lab.run();
  await lab.finish();
  expect(fetched).toHaveLength(1);
  const whole = await kept(page, false);
  const [named, found] = whole.split(' ');
  expect(found, 'it lies under its hash').toBe(named);
  const { runs } = await lab.download();

  expect(await kept(page, true)).not.toBe(whole);
  await page.reload();
  await lab.run();
  await lab.finish();
  expect(fetched).toHaveLength(2);
  expect(await kept(page, false)).toBe(whole);
  expect((await lab.download()).runs[0]!.hash).toBe(runs[0]!.hash);
});
