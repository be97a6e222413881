import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from '@playwright/test';
import {
  expect,
  hang,
  hanging,
  KEEP_DEVICE,
  Lab,
  loseDevice,
  passAsSeen,
  patchWorker,
  prepareSweep,
  test,
} from '../browser/support';
import { asleep, browserProcesses, draw, many, racing, SLEEP, told, unbroken, type Tried } from './many';

const STEPS = 1500;
const ENDLESS = 100_000;

test('the device is destroyed', async ({ lab, page, trouble }) => {
  await patchWorker(page, KEEP_DEVICE);
  const whole = await unbroken(lab, STEPS, '?backend=webgpu');
  await many('the page’s GPU goes away', 'GPUDevice.destroy() on the live one', async (seed) => {
    await racing(lab, seed, STEPS, '?backend=webgpu');
    await loseDevice(page);
    return told(lab, whole, true);
  });
  trouble.length = 0;
});

/** In a browser of its own: one whose GPU process has crashed three times has no GPU to offer any more. */
async function inNewBrowser(like: Browser, attempt: (lab: Lab, crash: () => void) => Promise<Tried>): Promise<Tried> {
  const browser = await like.browserType().launch();
  try {
    const context = await browser.newContext();
    await passAsSeen(context);
    const session = await browser.newBrowserCDPSession();
    // It answers no more.
    const crash = () => void session.send('Browser.crashGpuProcess').catch(() => undefined);
    return await attempt(new Lab(await context.newPage()), crash);
  } finally {
    await browser.close();
  }
}

test('the GPU process crashes', async ({ lab, browser }) => {
  const whole = await unbroken(lab, STEPS, '?backend=webgpu');
  await many('the browser’s GPU process crashes', 'Browser.crashGpuProcess by the DevTools protocol', (seed) =>
    inNewBrowser(browser, async (own, crash) => {
      await racing(own, seed, STEPS, '?backend=webgpu');
      crash();
      return told(own, whole, true);
    }),
  );
});

test('the GPU process crashes during a sweep', async ({ lab, browser }) => {
  const runSweep = async (own: Lab) => {
    const { newest, cells } = await prepareSweep(own, '?backend=webgpu');
    await own.button('Run 2 cells').click();
    const has = (count: number) => expect(newest).toContainText(`${count} of 2`, { timeout: 120_000 });
    return { has, cells };
  };
  const { has, cells } = await runSweep(lab);
  await has(2);
  const whole = JSON.stringify(await cells());
  await many('the browser’s GPU process crashes during a sweep', 'the same, in the second cell', (seed) =>
    inNewBrowser(browser, async (own, crash) => {
      const sweep = await runSweep(own);
      await sweep.has(1);
      await sleep(1500 * draw(seed, 9));
      // One that has ended before the crash is no try.
      const next = own.page.waitForEvent('worker');
      crash();
      await next;
      await sweep.has(2);
      return { survived: JSON.stringify(await sweep.cells()) === whole, saw: 'nothing' };
    }),
  );
});

test('the GPU process crashes until the browser has no GPU', async ({ browser }) => {
  await many('the same in one race, until the browser has no GPU to offer', 'the same, three times', (seed) =>
    inNewBrowser(browser, async (lab, crash) => {
      await racing(lab, seed, ENDLESS, '?backend=webgpu');
      const goOn = lab.page.getByRole('button', { name: /^Go on from step/ });
      let crashes = 0;
      while (!(await goOn.isVisible())) {
        const before = await lab.step();
        crash();
        crashes++;
        await expect(async () => {
          expect((await goOn.isVisible()) || (await lab.step()) > before + 1).toBe(true);
        }).toPass({ timeout: 60_000 });
      }
      const [saw] = (await lab.alert.innerText()).split('\n');
      await goOn.click();
      const stoppedAt = await lab.step();
      await expect.poll(() => lab.step(), { timeout: 60_000 }).toBeGreaterThan(stoppedAt + 10);
      await lab.button('Stop').click();
      await expect(lab.facts).toContainText('stopped');
      const { backend, earlier } = await lab.download();
      const survived = crashes > 1 && backend.name.startsWith('wasm') && earlier?.at(-1)?.backend.name === 'webgpu';
      return { survived, saw: `${crashes - 1} times it goes on by itself, then: ${saw}` };
    }),
  );
});

test('a read-back hangs', async ({ lab, page, trouble }) => {
  await patchWorker(page, hanging(6));
  const whole = await unbroken(lab, STEPS, '?backend=webgpu');
  await many(
    'a read-back never comes',
    'mapAsync that does not settle; the patience of 120 s is 20 s',
    async (seed) => {
      await racing(lab, seed, STEPS, '?backend=webgpu');
      await hang(page);
      return told(lab, whole, true);
    },
  );
  trouble.length = 0;
});

test('memory is refused', async ({ lab, page, trouble }) => {
  await patchWorker(
    page,
    `const create = GPUDevice.prototype.createBuffer;
    GPUDevice.prototype.createBuffer = function (descriptor) {
      if (!self.isFull) return create.call(this, descriptor);
      self.isFull = false;
      // As large as none is: the device itself refuses it.
      return create.call(this, { ...descriptor, size: 2 ** 40 });
    };`,
  );
  const whole = await unbroken(lab, STEPS, '?backend=webgpu');
  await many('the GPU refuses memory', 'a buffer larger than any, in the middle', async (seed) => {
    await racing(lab, seed, STEPS, '?backend=webgpu');
    await page.workers()[0]!.evaluate(() => Object.assign(self, { isFull: true }));
    await sleep(3000);
    return told(lab, whole, true);
  });
  trouble.length = 0;
});

test('the machine sleeps', async ({ lab, browser }) => {
  const whole = await unbroken(lab, STEPS, '?backend=webgpu');
  await many('the machine sleeps during a race in the page on a GPU', SLEEP, (seed) =>
    inNewBrowser(browser, async (own) => {
      await racing(own, seed, STEPS, '?backend=webgpu');
      await asleep(seed, browserProcesses());
      return told(own, whole);
    }),
  );
});
