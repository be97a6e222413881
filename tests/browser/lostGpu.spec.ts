import { expect, patchWorker, test } from './support';

/** Keeps the device within the test's reach. */
const KEEP_DEVICE = `
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    return (self.device = await request.apply(this, given));
  };`;

test('a GPU that is lost is told first, tested anew, and the run goes on from its state', async ({ lab, page }) => {
  await patchWorker(page, KEEP_DEVICE);
  await lab.open('?backend=webgpu');
  await expect(lab.badge).toContainText('WebGPU');
  await lab.runWithState(2000);
  const [worker] = page.workers();
  await worker!.evaluate(() => (self as unknown as { device: GPUDevice }).device.destroy());
  await expect(lab.alert).toContainText('The GPU stopped working');
  await expect(lab.alert).not.toContainText('mapAsync');
  await expect(lab.badge).toContainText('WebGPU', { timeout: 60_000 });
  await page.getByRole('button', { name: /^Go on from step/ }).click();
  await expect.poll(() => lab.step(), 'the run trains on').toBeGreaterThan(2);
  await expect(lab.alert).toBeEmpty();
});

/** As a driver with a bug: small launches are right, large ones never happen. */
const DROP_LARGE = `
  const dispatch = GPUComputePassEncoder.prototype.dispatchWorkgroups;
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function (x, y = 1, z = 1) {
    if (x * y * z <= 16) dispatch.call(this, x, y, z);
  };`;

test('a GPU that is right in small and wrong at the experiment’s size shows no curve', async ({ lab, page }) => {
  await patchWorker(page, DROP_LARGE);
  await lab.open('?backend=webgpu');
  await expect(lab.badge).toContainText('WebGPU');
  await lab.run();
  await expect(lab.alert).toContainText('computes wrong numbers at this experiment’s size', { timeout: 30_000 });
  await expect.poll(() => lab.step(), 'nothing was trained').toBeLessThanOrEqual(0);
});
