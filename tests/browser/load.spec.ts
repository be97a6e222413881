import { readdir, readFile } from 'node:fs/promises';
import { expect, patchWorker, test } from './support';

test.use({ newcomer: true });

test('the page opens under a sub-path, says which adapter runs, and asks nobody else for anything', async ({
  lab,
  page,
}) => {
  await lab.open('?backend=webgpu');
  expect(new URL(page.url()).pathname).toBe('/some/sub/path/');
  await expect(page).toHaveTitle(/PILAF Lab/);
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(lab.badge).toHaveText(/^WebGPU · .*swiftshader/i);
  await page.locator('.badge button').click();
  await expect(page.locator('.badge .more')).toContainText('graphics processor');
  await expect(page.locator('.badge .more'), 'nothing was passed over').not.toContainText('passed over');
  const policy = page.locator('meta[http-equiv="Content-Security-Policy"]');
  await expect(policy).toHaveAttribute('content', /default-src 'none'.*connect-src 'self'/);
  await expect(lab.preset(/Bandit race/)).toHaveAttribute('aria-pressed', 'true');
  await expect(lab.plane.locator('.js-plotly-plot'), 'the plot library has come').toBeVisible();
});

test('the page’s own code has no engine in it: that comes with the worker', async () => {
  const names = await readdir('dist/assets');
  const withEngine = async (begin: string) => {
    const name = names.find((one) => one.startsWith(begin) && one.endsWith('.js'))!;
    return (await readFile(`dist/assets/${name}`, 'utf8')).includes('kernelName');
  };
  expect(await withEngine('entry-'), 'tfjs’ word is still this one').toBe(true);
  expect(await withEngine('index-')).toBe(false);
});

test('what the policy forbids does not happen, and these tests would see it', async ({ lab, page, trouble }) => {
  await page.context().route('https://example.org/**', (route) => route.abort());
  await lab.open('?backend=webgpu');
  const refused = page.evaluate(() => fetch('https://example.org/').then(() => 'sent', String));
  expect(await refused).toContain('TypeError');
  const evaluated = page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'document.title = "hacked"';
    document.body.append(script);
  });
  await expect(evaluated).rejects.toThrow("requires 'TrustedScript' assignment");
  await expect(page).toHaveTitle(/PILAF Lab/);
  const assigned = page.evaluate(() => {
    document.body.insertAdjacentHTML('beforeend', '<i>text</i>');
  });
  await expect(assigned).rejects.toThrow("requires 'TrustedHTML' assignment");
  expect(trouble.filter((message) => /Content.Security.Policy/i.test(message)).length).toBeGreaterThanOrEqual(2);
  // The header binds its worker, too.
  const fromWorker = page.workers()[0]!.evaluate(() => fetch('https://example.org/').then(() => 'sent', String));
  expect(await fromWorker).toContain('TypeError');
  expect(trouble.filter((message) => message.startsWith('foreign'))).toEqual([]);
  trouble.length = 0;
});

test('a browser whose WebGPU computes wrong numbers runs on WASM and says why', async ({ lab, page }) => {
  await patchWorker(
    page,
    `// A GPU by its name: one of software would not be asked at all.
     for (const fact of ['vendor', 'architecture', 'device', 'description']) {
       Object.defineProperty(GPUAdapterInfo.prototype, fact, { get: () => 'real' });
     }
     Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false });
     const create = GPUDevice.prototype.createShaderModule;
     GPUDevice.prototype.createShaderModule = function (descriptor) {
       return create.call(this, { ...descriptor, code: descriptor.code.replace(/\\bexp\\(/g, 'exp2(') });
     };`,
  );
  await lab.open();
  await expect(lab.badge).toHaveText(/^WebAssembly/);
  await page.locator('.badge button').click();
  await expect(page.locator('.badge .more')).toContainText('WebGPU was passed over: it computes wrong numbers here');
  await lab.makeTiny(5);
  await lab.run();
  await lab.finish();
  expect((await lab.download()).backend.name).toBe('wasm-relaxed');
});
