/**
 * Starts the built runner, .lab/lab.mjs. Dawn, the WebGPU of Node, brings no Vulkan driver; where the machine has
 * none, it gets the software driver (and loader) that comes with Chromium. Both are found through the environment,
 * which must be set before the process starts.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChromium } from './chromium.mjs';

const ICD_FOLDERS = [
  '/usr/share/vulkan/icd.d',
  '/usr/local/share/vulkan/icd.d',
  '/etc/vulkan/icd.d',
  join(homedir(), '.local/share/vulkan/icd.d'),
];

/** @param {string} folder */
const drivers = (folder) =>
  // Mesa's own software driver (lvp) is too old for Dawn on Debian 12.
  existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json') && !file.startsWith('lvp')) : [];

const hasGpu = existsSync('/dev/dri') || existsSync('/dev/nvidia0');

/** @returns {Record<string, string>} what to add to the environment */
function softwareVulkan() {
  if (process.platform !== 'linux' || process.env['VK_DRIVER_FILES'] || process.env['VK_ICD_FILENAMES']) return {};
  if (hasGpu && ICD_FOLDERS.some((folder) => drivers(folder).length > 0)) return {};
  const chromium = findChromium();
  const folders = ['/usr/lib/chromium', ...(chromium ? [dirname(realpathSync(chromium))] : [])];
  const folder = folders.find((candidate) => existsSync(join(candidate, 'vk_swiftshader_icd.json')));
  if (folder === undefined) return {};
  return {
    VK_DRIVER_FILES: join(folder, 'vk_swiftshader_icd.json'),
    LD_LIBRARY_PATH: [process.env['LD_LIBRARY_PATH'], folder].filter(Boolean).join(delimiter),
  };
}

const runner = fileURLToPath(new URL('../.lab/lab.mjs', import.meta.url));
const child = spawn(process.execPath, ['--enable-source-maps', runner, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, ...softwareVulkan() },
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal ? 130 : (code ?? 1);
});
