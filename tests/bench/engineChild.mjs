/** Runs the engine's measurements in a Node process of their own. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { softwareVulkan } from '../../scripts/vulkan.mjs';

/** @typedef {import('./engine').CellRequest} CellRequest */
/** @typedef {import('./engine').CellReport} CellReport */

const root = fileURLToPath(new URL('../..', import.meta.url));
const configFile = fileURLToPath(new URL('vite.engine.config.mjs', import.meta.url));
const bundle = fileURLToPath(new URL('../../node_modules/.cache/bench/engine.mjs', import.meta.url));

/**
 * @param {'wasm' | 'webgpu'} backend
 * @param {readonly CellRequest[]} cells
 * @param {(versions: Record<string, string>, adapter: string | null) => void} onStart
 * @param {(cell: CellRequest, report: CellReport) => void} onCell
 * @returns {Promise<void>}
 */
export async function measureInNode(backend, cells, onStart, onCell) {
  await build({ root, configFile, logLevel: 'error' });
  const child = spawn(process.execPath, ['--enable-source-maps', bundle, JSON.stringify({ backend, cells })], {
    cwd: root,
    stdio: ['ignore', 2, 2, 'ipc'],
    env: { ...process.env, ...(backend === 'webgpu' ? await softwareVulkan() : {}) },
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => child.kill(signal));
  child.on('message', (/** @type {any} */ message) => {
    if (message.type === 'started') onStart({ tfjs: message.tfjs }, message.adapter);
    else onCell(message.request, message.report);
  });
  await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      code === 0 ? resolve(undefined) : reject(new Error(`the measuring process ended with ${signal ?? code}`)),
    );
  });
}
