/**
 * Measures the built page: the weight of its files, the time to the first dot, and the longest main-thread task while
 * twelve runs are live. Builds the page into a folder of its own, unless --dist names a built one.
 *
 *     node tests/bench/page.mjs --out page.json [--backend webgpu,wasm] [--adapter swiftshader|default]
 *         [--presets bandit-race,online-dpo] [--loads 5] [--windows 3] [--seconds 20] [--arms 4] [--seeds 3]
 *         [--dist dist] [--machine name]
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeRun } from './describeRun.mjs';
import { inFreshBrowser, openPage, startUp, watchMainThread } from './pageDriver.mjs';
import { servePage } from './pageServer.mjs';
import { pageWeight } from './pageWeight.mjs';
import { quartiles } from './statistics.mjs';

/** @typedef {import('./results').PageRow} PageRow */
/** @typedef {import('./pageDriver.mjs').Device} Device */

/** How the page's gallery calls them. */
const TITLES = /** @type {Record<string, string>} */ ({
  'bandit-race': 'Bandit race',
  'online-dpo': 'Online DPO on reviews',
  stories: 'Stories',
  'stories-iterative': 'Stories in rounds',
});

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    backend: { type: 'string', default: 'webgpu' },
    adapter: { type: 'string', default: 'swiftshader' },
    presets: { type: 'string', default: 'bandit-race,online-dpo' },
    loads: { type: 'string', default: '5' },
    windows: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '20' },
    arms: { type: 'string', default: '4' },
    seeds: { type: 'string', default: '3' },
    dist: { type: 'string' },
    machine: { type: 'string' },
  },
});
const presets = values.presets.split(',').map((id) => {
  const title = TITLES[id];
  if (title === undefined) throw new Error(`${id} is none of ${Object.keys(TITLES).join(', ')}`);
  return { id, title };
});
/** @type {Device[]} */
const devices = values.backend.split(',').map((backend) => {
  const { adapter } = values;
  if (backend !== 'webgpu' && backend !== 'wasm') throw new Error(`${backend} is neither webgpu nor wasm`);
  if (adapter !== 'swiftshader' && adapter !== 'default') throw new Error(`${adapter} is no adapter to choose`);
  return { backend, adapter };
});
/** @param {'loads' | 'windows' | 'seconds' | 'arms' | 'seeds'} name */
const count = (name) => {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a whole number above 0`);
  return value;
};
const loads = count('loads');
const size = { arms: count('arms'), seeds: count('seeds'), windows: count('windows'), seconds: count('seconds') };

/** @param {string} text */
const say = (text) => console.error(text);

const server = await servePage(values.dist === undefined ? undefined : resolve(values.dist));
try {
  const { rows, browser } = await measurePage();
  const run = describeRun({ chromium: browser }, values.machine);
  const results = { format: 'pilaf-lab/bench', version: 1, runs: [run], rows: [], page: rows };
  const text = `${JSON.stringify(results, null, 2)}\n`;
  if (values.out === undefined) process.stdout.write(text);
  else writeFileSync(values.out, text);
} finally {
  await server.close();
}

async function measurePage() {
  const first = /** @type {Device} */ (devices[0]);
  const { browser, uses } = await measureUses(first);
  /** @type {import('./results').BenchResults['page'][number][]} */
  const rows = pageWeight(server.folder, uses);
  for (const device of devices) {
    for (const preset of presets) {
      rows.push(...(await measureStartUp(device, preset)));
      rows.push(...(await measureMainThread(device, preset)));
    }
  }
  return { rows, browser };
}

/**
 * The page's address for a backend: left to itself it takes the fastest.
 * @param {Device} device
 */
function addressFor({ backend }) {
  return `${server.url}?backend=${backend}`;
}

/**
 * Which files the first screen and each preset's run ask for.
 * @param {Device} device
 */
async function measureUses(device) {
  /** @type {[string, Set<string>][]} */
  const uses = [];
  const remember = (/** @type {string} */ name) => {
    uses.push([name, new Set(server.asked)]);
    server.asked.clear();
  };
  const browser = await inFreshBrowser(device, async (page, version) => {
    await openPage(page, addressFor(device));
    return version;
  });
  remember('first screen');
  for (const { id, title } of presets) {
    await inFreshBrowser(device, (page) => startUp(page, addressFor(device), title));
    remember(id);
  }
  return { browser, uses };
}

/**
 * @param {Device} device
 * @param {{ id: string, title: string }} preset
 */
async function measureStartUp(device, { id, title }) {
  /** @type {import('./pageProbe.mjs').Probe[]} */
  const probes = [];
  let badge = '';
  for (let load = 0; load < loads; load++) {
    const found = await inFreshBrowser(device, (page) => startUp(page, addressFor(device), title));
    badge = checked(found.badge, device);
    probes.push(found.probe);
  }
  /**
   * @param {PageRow['metric']} metric
   * @param {(probe: import('./pageProbe.mjs').Probe) => number | null} of
   * @returns {PageRow}
   */
  const row = (metric, of) => {
    const summary = quartiles(probes.map((probe) => of(probe) ?? NaN));
    say(`${badge}, ${id}: ${metric} ${summary.median.toFixed(0)} ms`);
    return { kind: 'measure', metric, preset: id, backend: badge, runs: null, seconds: null, unit: 'ms', ...summary };
  };
  return [
    row('runEnabled', ({ runEnabled }) => runEnabled),
    row('backendChosen', ({ backendChosen }) => backendChosen),
    row('firstDot', ({ firstDot }) => firstDot),
    row('clickToFirstDot', ({ firstDot, clicked }) => (firstDot ?? NaN) - (clicked ?? NaN)),
  ];
}

/**
 * @param {Device} device
 * @param {{ id: string, title: string }} preset
 * @returns {Promise<PageRow[]>}
 */
async function measureMainThread(device, { id, title }) {
  const found = await inFreshBrowser(device, (page) => watchMainThread(page, addressFor(device), title, size));
  const backend = checked(found.badge, device);
  const common = /** @type {const} */ ({
    kind: 'measure',
    preset: id,
    backend,
    runs: size.arms * size.seeds,
    seconds: size.seconds,
  });
  const longest = quartiles(found.windows.map((tasks) => Math.max(0, ...tasks)));
  const many = quartiles(found.windows.map((tasks) => tasks.length));
  say(`${backend}, ${id}: longest task ${longest.median.toFixed(0)} ms, ${many.median} above 50 ms`);
  return [
    { ...common, metric: 'longestTask', unit: 'ms', ...longest },
    { ...common, metric: 'longTasks', unit: 'count', ...many },
  ];
}

/**
 * The badge, where it names the backend that was meant: numbers of another one would go under a wrong name.
 * @param {string} badge
 * @param {Device} device
 */
function checked(badge, { backend }) {
  if (badge.includes('relaxed') || !badge.startsWith(backend === 'wasm' ? 'WebAssembly' : 'WebGPU'))
    throw new Error(`the page runs on ${badge}`);
  return badge;
}
