/** Runs the engine's measurements in a headless browser. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { inFreshBrowser } from './pageDriver.mjs';
import { servePage } from './pageServer.mjs';

/** @typedef {import('./engine').CellRequest} CellRequest */
/** @typedef {import('./engine').CellReport} CellReport */

const root = fileURLToPath(new URL('.', import.meta.url));
/** The built page's own settings. */
const configFile = fileURLToPath(new URL('../../vite.config.ts', import.meta.url));

/**
 * @param {'swiftshader' | 'default'} adapter
 * @param {readonly CellRequest[]} cells
 * @param {(versions: Record<string, string>, adapter: string | null) => void} onStart
 * @param {(cell: CellRequest, report: CellReport) => void} onCell
 */
export async function measureInBrowser(adapter, cells, onStart, onCell) {
  const outDir = mkdtempSync(join(tmpdir(), 'pilaf-lab-engine-'));
  try {
    const rolldownOptions = { input: join(root, 'engine.html') };
    // esnext: the page waits for nothing before it is asked.
    const settings = { outDir, emptyOutDir: true, target: 'esnext', chunkSizeWarningLimit: 4000, rolldownOptions };
    await build({ root, configFile, publicDir: false, logLevel: 'error', build: settings });
    const server = await servePage(outDir);
    try {
      await inFreshBrowser({ backend: 'webgpu', adapter }, async (page, chromium) => {
        page.on('console', (message) => message.type() === 'error' && console.error(message.text()));
        page.on('pageerror', (error) => console.error(error.message));
        await page.goto(new URL('engine.html', server.url).href);
        const started = await page.evaluate(() => /** @type {any} */ (window).pilafEngine.start());
        onStart({ chromium, tfjs: started.tfjs }, started.adapter);
        for (const cell of cells) {
          onCell(
            cell,
            await page.evaluate((request) => /** @type {any} */ (window).pilafEngine.measure(request), cell),
          );
        }
      });
    } finally {
      await server.close();
    }
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}
