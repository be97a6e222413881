/** Opens the built page in a browser that has just been started, and measures one thing. */
import { chromium } from 'playwright';
import { CHROMIUM_FLAGS, ensureChromium } from '../../scripts/chromium.mjs';
import { installProbe } from './pageProbe.mjs';

/** @typedef {import('./pageProbe.mjs').Probe} Probe */
/** @typedef {import('playwright').Page} Page */
/** @typedef {'webgpu' | 'wasm'} Backend */
/** @typedef {{ backend: Backend, adapter: 'swiftshader' | 'default' }} Device */

const TIMEOUT = 240_000;

/** @param {Device} device */
function flags({ backend, adapter }) {
  if (backend === 'wasm') return [...CHROMIUM_FLAGS.filter((flag) => !flag.includes('webgpu')), '--disable-gpu'];
  return adapter === 'default' ? CHROMIUM_FLAGS.filter((flag) => !flag.includes('webgpu-adapter')) : CHROMIUM_FLAGS;
}

/**
 * @template T
 * @param {Device} device
 * @param {(page: Page, browserVersion: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function inFreshBrowser(device, work) {
  // A browser of its own: one that has seen the page keeps compiled scripts and shaders.
  const browser = await chromium.launch({ executablePath: ensureChromium(), args: flags(device) });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(TIMEOUT);
    return await work(page, browser.version());
  } finally {
    await browser.close();
  }
}

/**
 * @param {Page} page
 * @returns {Promise<Probe>}
 */
const readProbe = (page) => page.evaluate(() => /** @type {any} */ (window).pilafProbe);

/** @param {Page} page */
const badgeText = (page) => page.locator('.badge .label').innerText();

/**
 * Opens the page and waits until it has loaded what it loads on its own.
 * @param {Page} page
 * @param {string} url
 */
export async function openPage(page, url) {
  await page.addInitScript(installProbe, null);
  await page.goto(url);
  await page.waitForFunction(() => /** @type {any} */ (window).pilafProbe.backendChosen !== null);
  await page.waitForLoadState('networkidle');
}

/**
 * From navigation to the first dot, with Run clicked as soon as it can be.
 * @param {Page} page
 * @param {string} url
 * @param {string} preset
 * @returns {Promise<{ badge: string, probe: Probe }>}
 */
export async function startUp(page, url, preset) {
  await page.addInitScript(installProbe, preset);
  await page.goto(url, { waitUntil: 'commit' });
  await page.waitForFunction(() => /** @type {any} */ (window).pilafProbe?.firstDot > 0, null, {
    timeout: TIMEOUT,
  });
  return { badge: await badgeText(page), probe: await readProbe(page) };
}

/**
 * The main thread's long tasks in windows while arms · seeds runs are live.
 * @param {Page} page
 * @param {string} url
 * @param {string} preset
 * @param {{ arms: number, seeds: number, windows: number, seconds: number }} size
 * @returns {Promise<{ badge: string, windows: number[][] }>} the durations of each window's tasks
 */
export async function watchMainThread(page, url, preset, { arms, seeds, windows, seconds }) {
  await openPage(page, url);
  // Its own title comes before those that begin with it.
  await page.getByRole('button', { name: preset }).first().click();
  const boxes = await page.getByRole('checkbox', { name: / races$/ }).all();
  for (const [arm, box] of boxes.entries()) await box.setChecked(arm < arms);
  await page.getByLabel('Seeds', { exact: true }).fill(String(seeds));
  // Long enough not to end under way.
  await page.getByLabel('Steps', { exact: true }).fill('100000');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const facts = page.locator('.facts');
  await facts.filter({ hasText: `${arms * seeds} runs together` }).waitFor();
  await page.locator('.plane .scatterlayer .points path.point').first().waitFor();
  const found = [];
  for (let window = 0; window < windows; window++) {
    const from = await page.evaluate(() => performance.now());
    await page.waitForTimeout(1000 * seconds);
    const { tasks } = await readProbe(page);
    found.push(tasks.filter(({ start }) => start >= from).map(({ duration }) => duration));
  }
  if (!/left|starting/.test(await facts.innerText())) throw new Error(`the runs ended: ${await facts.innerText()}`);
  return { badge: await badgeText(page), windows: found };
}
