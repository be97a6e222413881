/**
 * Dawn, the WebGPU of Node, brings no Vulkan driver; where the machine has none, it gets the software driver (and
 * loader) that comes with Chromium. Both are found through the environment, which must be set before the process
 * starts.
 */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { installedChromium } from './installedChromium.mjs';

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

/** Playwright, which knows of one more, takes half a second to load, and a package lacks it. */
const chromiumPath = async () =>
  installedChromium() ??
  (await import('./chromium.mjs').then(
    ({ findChromium }) => findChromium(),
    () => undefined,
  ));

/** @returns {Promise<Record<string, string>>} what to add to the environment */
export async function softwareVulkan() {
  if (process.platform !== 'linux' || process.env['VK_DRIVER_FILES'] || process.env['VK_ICD_FILENAMES']) return {};
  if (hasGpu && ICD_FOLDERS.some((folder) => drivers(folder).length > 0)) return {};
  const chromium = await chromiumPath();
  const folders = ['/usr/lib/chromium', ...(chromium ? [dirname(realpathSync(chromium))] : [])];
  const folder = folders.find((candidate) => existsSync(join(candidate, 'vk_swiftshader_icd.json')));
  if (folder === undefined) return {};
  return {
    VK_DRIVER_FILES: join(folder, 'vk_swiftshader_icd.json'),
    LD_LIBRARY_PATH: [process.env['LD_LIBRARY_PATH'], folder].filter(Boolean).join(delimiter),
  };
}
