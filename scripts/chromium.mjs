/**
 * Where the tests' Chromium is and how it is started. Run as a script it installs one where there is none:
 * Debian's package as root, Playwright's elsewhere.
 */
import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright';
import { installedChromium, isExecutable } from './installedChromium.mjs';

/**
 * WebGPU without a GPU. The software adapter is taken even where there is a real one: the tests' numbers should
 * not depend on the machine.
 */
export const CHROMIUM_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns {string | undefined} the path of a Chromium, or undefined where there is none */
export function findChromium() {
  if (process.env['CHROMIUM_PATH']) return installedChromium();
  return installedChromium() ?? [chromium.executablePath()].find(isExecutable);
}

/**
 * @param {string} command
 * @param {string[]} args
 */
const runs = (command, args) =>
  spawnSync(command, args, {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }).status === 0;

/** @returns {string} the path of a Chromium, installed if there was none; throws one sentence if that failed */
export function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  if (process.env['CHROMIUM_PATH']) throw new Error(`CHROMIUM_PATH names no program: ${process.env['CHROMIUM_PATH']}`);
  const debianRoot = process.getuid?.() === 0 && isExecutable('/usr/bin/apt-get');
  const installed =
    (debianRoot &&
      (runs('apt-get', ['install', '-y', '--no-install-recommends', 'chromium']) ||
        (runs('apt-get', ['update']) && runs('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'])))) ||
    runs('npx', ['playwright', 'install', ...(debianRoot ? ['--with-deps'] : []), 'chromium']);
  const path = installed ? findChromium() : undefined;
  if (!path) {
    throw new Error(
      'The browser tests need Chromium: install it (Debian or Ubuntu: `apt-get install chromium`; elsewhere: `npx playwright install chromium`) or set CHROMIUM_PATH to a Chrome or Chromium.',
    );
  }
  return path;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log(ensureChromium());
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
