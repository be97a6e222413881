import { setTimeout as sleep } from 'node:timers/promises';
import { hang, HANGING, KEEP_DEVICE, loseDevice, patchWorker, test } from '../browser/support';
import { many, racing, told, unbroken } from './many';

const STEPS = 1500;

test('the device is destroyed', async ({ lab, page, trouble }) => {
  await patchWorker(page, KEEP_DEVICE);
  const whole = await unbroken(lab, STEPS, '?backend=webgpu');
  await many('the page’s GPU goes away', 'GPUDevice.destroy() on the live one', async (seed) => {
    await racing(lab, seed, STEPS, '?backend=webgpu');
    await loseDevice(page);
    return told(lab, whole);
  });
  trouble.length = 0;
});

test('the GPU process crashes', async ({ lab, browser, trouble }) => {
  const whole = await unbroken(lab, STEPS, '?backend=webgpu');
  await many('the browser’s GPU process crashes', 'Browser.crashGpuProcess by the DevTools protocol', async (seed) => {
    await racing(lab, seed, STEPS, '?backend=webgpu');
    const session = await browser.newBrowserCDPSession();
    // It answers no more.
    void session.send('Browser.crashGpuProcess').catch(() => undefined);
    return told(lab, whole);
  });
  trouble.length = 0;
});

test('a read-back hangs', async ({ lab, page, trouble }) => {
  await patchWorker(page, HANGING);
  const whole = await unbroken(lab, STEPS, '?backend=webgpu');
  await many('a read-back never comes', 'mapAsync that does not settle; the patience of 120 s is 6 s', async (seed) => {
    await racing(lab, seed, STEPS, '?backend=webgpu');
    await hang(page);
    return told(lab, whole);
  });
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
    return told(lab, whole);
  });
  trouble.length = 0;
});
