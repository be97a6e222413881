/**
 * Measures the engine in one environment: its training step phase by phase, an evaluation, and on WebGPU what it asks
 * of the device. The results are written after every cell, which is a model size and a fleet.
 *
 *     node tests/bench/measureEngine.mjs --on wasm|dawn|chromium --out engine.json [--sizes small,default,large]
 *         [--fleets 1,4,12,48] [--forms composed,fused] [--seconds 6] [--repetitions 12] [--adapter swiftshader|default]
 *         [--machine name]
 *
 * Each form has --seconds for its rounds of a cell, a round being one training step cut into phases, whole steps and an
 * evaluation: three rounds at least and --repetitions at most. A form that is too slow for three is measured in one
 * round, a slower one in a single step without an evaluation, and one that needs fifteen budgets for a step is left
 * out (the limits are engine.ts').
 */
import { writeFileSync } from 'node:fs';
import { describeRun } from './describeRun.mjs';
import { measureInBrowser } from './engineBrowser.mjs';
import { measureInNode } from './engineChild.mjs';
import {
  ADAPTERS,
  fleetsOf,
  LADDER,
  listOf,
  oneOf,
  positive,
  readOptions,
  runCommand,
  SIZES,
  wholeNumber,
} from './options.mjs';

/** @typedef {import('./engine').CellRequest} CellRequest */
/** @typedef {import('./engine').CellReport} CellReport */

const FORMS = ['composed', 'fused'];
const ENVIRONMENTS = ['wasm', 'dawn', 'chromium'];

await runCommand(async () => {
  const names = /** @type {const} */ ([
    'on',
    'out',
    'sizes',
    'fleets',
    'forms',
    'seconds',
    'repetitions',
    'adapter',
    'machine',
  ]);
  const options = readOptions(names, []);
  const on = oneOf('on', options.on ?? '', ENVIRONMENTS);
  const adapter = oneOf('adapter', options.adapter ?? 'swiftshader', ADAPTERS);
  /** @type {Omit<CellRequest, 'size' | 'fleet'>} */
  const common = {
    forms: /** @type {any} */ (listOf('forms', options.forms ?? (on === 'wasm' ? 'fused' : FORMS.join(',')), FORMS)),
    seconds: positive('seconds', options.seconds ?? '6'),
    repetitions: wholeNumber('repetitions', options.repetitions ?? '12'),
  };
  const fleets = fleetsOf(options.fleets ?? '1,4,12,48');
  const cells = listOf('sizes', options.sizes ?? LADDER.join(','), SIZES).flatMap((size) =>
    fleets.map((fleet) => ({ size: /** @type {CellRequest['size']} */ (size), fleet, ...common })),
  );

  let environment = '';
  /** @type {import('./results').BenchRun | undefined} */
  let run;
  /** @type {import('./results').BenchRow[]} */
  const rows = [];
  /**
   * @param {Record<string, string>} versions
   * @param {string | null} found
   */
  const onStart = (versions, found) => {
    environment = on === 'wasm' ? 'node-wasm' : `${on}-${slug(found ?? 'unnamed')}`;
    run = describeRun({ ...versions, ...(found === null ? {} : { adapter: found }) }, options.machine);
    console.error(`${environment}${found === null ? '' : `: ${found}`}`);
  };
  /**
   * @param {CellRequest} cell
   * @param {CellReport} report
   */
  const onCell = (cell, report) => {
    if (!run) throw new Error('measured before it started');
    for (const row of report.rows) rows.push(benchRow(row, environment, run.id));
    for (const line of [...linesOf(cell, report), ...report.notes]) console.error(line);
    if (options.out === undefined) return;
    const results = { format: 'pilaf-lab/bench', version: 1, runs: [run], rows, page: [] };
    writeFileSync(options.out, `${JSON.stringify(results, null, 2)}\n`);
  };
  if (on === 'chromium') await measureInBrowser(/** @type {any} */ (adapter), cells, onStart, onCell);
  else await measureInNode(on === 'wasm' ? 'wasm' : 'webgpu', cells, onStart, onCell);
});

/** @param {string} adapter */
function slug(adapter) {
  if (/swiftshader/i.test(adapter)) return 'swiftshader';
  return adapter
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/**
 * @param {import('./engine').EngineRow} row
 * @param {string} environment
 * @param {string} run
 * @returns {import('./results').BenchRow}
 */
function benchRow({ form, size, fleet, metric, unit, median, low, high, n }, environment, run) {
  // More digits than the clock has would only fill the file.
  const [m, l, h] = [median, low, high].map((value) => (unit === 'bytes' ? value : Number(value.toPrecision(6))));
  const column = environment === 'node-wasm' ? 'wasm' : form;
  const summary = { median: m ?? NaN, low: l ?? NaN, high: h ?? NaN, n };
  return { column, environment, size, fleet, metric, unit, ...summary, run };
}

/**
 * @param {CellRequest} cell
 * @param {CellReport} report
 */
function linesOf({ size, fleet, forms }, { rows }) {
  return forms
    .map((form) => ({ form, own: rows.filter((row) => row.form === form) }))
    .filter(({ own }) => own.length > 0)
    .map(({ form, own }) => {
      const times = own
        .filter(({ unit }) => unit === 'ms')
        .map(({ metric, median }) => `${metric} ${median.toFixed(1)}`);
      return `${size}, fleet ${fleet}, ${form}: ${times.join('  ')} ms, n ${own[0]?.n}`;
    });
}
