/** Serves the built page and remembers what it was asked for, by the page and its worker alike. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @typedef {{ url: string, folder: string, asked: Set<string>, close: () => Promise<void> }} PageServer */

/**
 * @param {string} [folder] a page that is built already; else it is built, into a folder of its own
 * @returns {Promise<PageServer>}
 */
export async function servePage(folder) {
  const own = folder === undefined ? mkdtempSync(join(tmpdir(), 'pilaf-lab-page-')) : null;
  const outDir = folder ?? /** @type {string} */ (own);
  if (own) await build({ root, logLevel: 'warn', build: { outDir, emptyOutDir: true } });
  /** @type {Set<string>} */
  const asked = new Set();
  const server = await preview({
    root,
    logLevel: 'error',
    build: { outDir },
    preview: { host: '127.0.0.1', port: 4187, open: false },
    plugins: [
      {
        name: 'remember-requests',
        configurePreviewServer({ middlewares }) {
          middlewares.use((request, _response, next) => {
            const path = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1);
            asked.add(path === '' ? 'index.html' : path);
            next();
          });
        },
      },
    ],
  });
  return {
    url: server.resolvedUrls?.local[0] ?? 'http://127.0.0.1:4187/',
    folder: outDir,
    asked,
    close: async () => {
      await server.close();
      if (own) rmSync(own, { recursive: true, force: true });
    },
  };
}
