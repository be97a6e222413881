import { Lab, test, WITHOUT_GPU } from '../browser/support';
import { asleep, browserProcesses, draw, many, racing, SLEEP, told, unbroken } from './many';

test.use(WITHOUT_GPU);
/** Long enough to be met in the middle. */
const STEPS = 8000;
/** Always the same backend: the page would time two of them, and go on with the faster one. */
const SEARCH = '?backend=wasm&workers=2';

test('any worker ends', async ({ lab, page, trouble }) => {
  const whole = await unbroken(lab, STEPS, SEARCH);
  await many('a worker of the page ends, the leading one or another', 'self.close() in a random one', async (seed) => {
    await racing(lab, seed, STEPS, SEARCH);
    const workers = page.workers();
    await workers[Math.floor(workers.length * draw(seed, 1))]!.evaluate(() => self.close()).catch(() => undefined);
    return told(lab, whole);
  });
  trouble.length = 0;
});

test('the page is reloaded', async ({ lab, page, trouble }) => {
  const whole = await unbroken(lab, STEPS, SEARCH);
  await many('the page is reloaded', 'reload at a random moment, then Go on', async (seed) => {
    await racing(lab, seed, STEPS, SEARCH);
    await page.reload();
    const offer = page.getByRole('button', { name: /^Go on from step/ });
    const saw = await offer.innerText();
    await offer.click();
    return { ...(await told(lab, whole)), saw };
  });
  trouble.length = 0;
});

test('the tab is gone', async ({ lab, context, trouble }) => {
  const whole = await unbroken(lab, STEPS, SEARCH);
  await many('the tab’s process ends, as where a browser discards it', 'Page.crash, then a new tab', async (seed) => {
    const before = new Lab(await context.newPage());
    await racing(before, seed, STEPS, SEARCH);
    const session = await context.newCDPSession(before.page);
    // It answers no more.
    void session.send('Page.crash').catch(() => undefined);
    await before.page.waitForEvent('crash');
    const after = new Lab(await context.newPage());
    await after.open(SEARCH);
    const offer = after.page.getByRole('button', { name: /^Go on from step/ });
    const saw = await offer.innerText();
    await offer.click();
    const tried = await told(after, whole);
    await Promise.all([before.page.close(), after.page.close()]);
    return { ...tried, saw };
  });
  trouble.length = 0;
});

test('the machine sleeps', async ({ lab }) => {
  const whole = await unbroken(lab, STEPS, SEARCH);
  await many('the machine sleeps during a race in the page', SLEEP, async (seed) => {
    await racing(lab, seed, STEPS, SEARCH);
    await asleep(seed, browserProcesses());
    return told(lab, whole);
  });
});
