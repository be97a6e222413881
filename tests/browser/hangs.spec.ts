import { expect, patchWorker, storedSteps, test, WITHOUT_GPU } from './support';

/** Nothing hangs without a way on. */

test.use(WITHOUT_GPU);

/** The worker hears no Stop, as one that is busy or hangs. */
const DEAF = `
    const listen = EventTarget.prototype.addEventListener;
    let handler = null;
    Object.defineProperty(self, 'onmessage', {
      set: (wanted) => {
        handler = wanted;
        listen.call(self, 'message', (event) => event.data.type !== 'stop' && handler(event));
      },
    });`;

test('a Stop that is not answered ends the worker and offers the stored state', async ({ lab, page }) => {
  await patchWorker(page, DEAF);
  await lab.open();
  await lab.makeTiny(100_000);
  await lab.button('Step').click();
  await expect.poll(() => storedSteps(page)).toEqual([1]);
  await lab.button('Resume').click();
  await expect.poll(() => lab.step()).toBeGreaterThan(2);
  await lab.button('Stop').click();
  await expect(lab.alert).toContainText('did not answer Stop for five seconds', { timeout: 15_000 });
  await expect(page.getByRole('button', { name: /^Go on from step/ })).toBeVisible();
  await expect(lab.button('Run')).toBeEnabled();
});

test('WebAssembly that is full ends the run in a sentence, and the next run gets a new worker', async ({
  lab,
  page,
}) => {
  await patchWorker(
    page,
    `const grow = WebAssembly.Memory.prototype.grow;
       WebAssembly.Memory.prototype.grow = function (pages) {
         if (this.buffer.byteLength + 65536 * pages > 24 * 2 ** 20) throw new RangeError('out of memory');
         return grow.call(this, pages);
       };`,
  );
  await lab.open();
  await lab.preset(/Online DPO/).click();
  await lab.race('Vanilla');
  await lab.set({ Seeds: 4, 'Pairs per step': 32, Steps: 3 });
  await lab.run();
  await expect(lab.alert).toContainText('WebAssembly’s memory is full', { timeout: 60_000 });
  await lab.preset(/Bandit race/).click();
  await lab.makeTiny(5);
  await lab.run();
  await lab.finish();
  await expect(lab.alert).toBeEmpty();
  await expect.poll(() => page.workers().length).toBe(1);
});
