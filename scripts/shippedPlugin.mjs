import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SERVICE_WORKER = 'serviceWorker.js';

/** For the host, which may not serve it, and for who looks. */
const NOT_KEPT = [SERVICE_WORKER, '_headers', 'licences.txt'];

/** What comes only where somebody chooses it; who has fetched it keeps it. */
const CHOSEN = /^checkpoints[/]stories/;

/** Folders of public/ whose files the page fetches when it needs them. */
const FETCHED = ['checkpoints', 'recorded', 'sweeps'];
const WASM = join(ROOT, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');

/** @param {string} path */
const sha256 = (path) => createHash('sha256').update(readFileSync(path));

/**
 * @param {string} folder
 * @returns {string[]} paths of all files below it, with slashes, from `from`
 */
const filesIn = (folder, from = folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(from, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();

/** @returns {Record<string, { hash: string, bytes: number }>} SHA-256 in hexadecimal, by the name that the page has for a file */
function shippedFiles() {
  const shipped = FETCHED.flatMap((folder) => filesIn(join(ROOT, 'public', folder), join(ROOT, 'public')));
  const paths = [
    ...shipped.map((path) => /** @type {const} */ ([path, join(ROOT, 'public', path)])),
    ...readdirSync(WASM)
      .filter((name) => name.endsWith('.wasm'))
      .map((name) => /** @type {const} */ ([name, join(WASM, name)])),
  ];
  return Object.fromEntries(
    paths.map(([name, path]) => [name, { hash: sha256(path).digest('hex'), bytes: statSync(path).size }]),
  );
}

/**
 * The build knows every file that it ships by its hash and its length: the page checks what it fetches, and a service
 * worker keeps all of it for when there is no network.
 *
 * @param {import('vite').Plugin} plugin for the service worker's own build
 * @returns {import('vite').Plugin}
 */
export function shipped(plugin) {
  let folder = '';
  return {
    name: 'shipped-files',
    apply: 'build',
    config: () => ({ define: { 'import.meta.env.VITE_SHIPPED': JSON.stringify(JSON.stringify(shippedFiles())) } }),
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const files = filesIn(folder).filter((path) => !NOT_KEPT.includes(path) && !CHOSEN.test(path));
      const entries = files.map((url) => {
        const hash = sha256(join(folder, url));
        const digest = hash.digest();
        return { url, revision: digest.toString('hex'), integrity: `sha256-${digest.toString('base64')}` };
      });
      await build({
        configFile: false,
        logLevel: 'warn',
        publicDir: false,
        plugins: [plugin],
        define: { BUILT_FILES: JSON.stringify(entries), 'process.env.NODE_ENV': '"production"' },
        build: {
          outDir: folder,
          emptyOutDir: false,
          target: 'es2022',
          lib: {
            entry: join(ROOT, 'src/offline/serviceWorker.ts'),
            formats: ['iife'],
            name: 'serviceWorker',
            fileName: () => SERVICE_WORKER,
          },
        },
      });
    },
  };
}
