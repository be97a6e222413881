/** The engine's tables: one of times and one of rates and counts for each model size and fleet. */
import { readFileSync } from 'node:fs';
import { number, summary, table } from './markdown.mjs';

/** @typedef {import('./results').BenchRow} BenchRow */
/** @typedef {import('./results').Metric} Metric */
/** @typedef {{ column: string, environment: string }} Form */

/** @type {[Metric, string][]} */
const TIMES = [
  ['sample', 'sample'],
  ['label', 'label'],
  ['reference', 'reference log-probs'],
  ['forwardBackward', 'forward and backward'],
  ['optimiser', 'optimiser'],
  ['step', '**training step**'],
  ['evaluate', 'evaluation'],
];

/** @type {[Metric, string][]} */
const ROUTINE_TIMES = [
  ['products', 'matrix products'],
  ['attention', 'attention and rotary positions, both ways'],
  ['exponentials', 'SiLU, softmax over the vocabulary'],
  ['norms', 'norms'],
  ['update', 'clipping, AdamW'],
  ['elsewhere', 'drawing, lookups, tfjs, JavaScript'],
];

/** @type {[Metric, string][]} */
const RATES_AND_COUNTS = [
  ['tokensPerSecond', 'tokens/s'],
  ['pairsPerSecond', 'pairs/s'],
  ['launchesPerToken', 'launches per token'],
  ['launchesPerTraining', 'launches after sampling, per step'],
  ['launchesPerStep', 'launches per step'],
  ['submitsPerStep', 'submits per step'],
  ['readBacksPerStep', 'read-backs per step'],
  ['readBytesPerStep', 'read back per step'],
  ['allocatedBytesPerStep', 'allocated per step'],
  ['grownBytesPerStep', 'of that still held after it'],
  ['liveBytes', 'memory after a step'],
  ['peakBytes', 'memory at its peak'],
];

/** From the form that is measured against to the furthest from it. */
const ORDER = ['composed', 'fused', 'wasm'];

/** @param {readonly BenchRow[]} rows */
export function engineTables(rows) {
  /** @type {{ sizes: Record<string, { parameters: number }> }} */
  const { sizes } = JSON.parse(readFileSync(new URL('sizes.json', import.meta.url), 'utf8'));
  return Object.keys(sizes)
    .filter((size) => rows.some((row) => row.size === size))
    .map((size) => {
      const own = rows.filter((row) => row.size === size);
      const fleets = [...new Set(own.map(({ fleet }) => fleet))].sort((a, b) => a - b);
      const title = `## Model “${size}”, ${number(sizes[size]?.parameters ?? 0)} parameters`;
      return [title, ...fleets.map((fleet) => fleetTables(own, fleet))].join('\n\n');
    });
}

/**
 * @param {readonly BenchRow[]} rows
 * @param {number} fleet
 */
function fleetTables(rows, fleet) {
  const own = rows.filter((row) => row.fleet === fleet);
  const title = `### ${fleet} ${fleet === 1 ? 'run' : 'runs side by side'}`;
  const tables = [
    formsTable(own, 'ms', TIMES),
    formsTable(own, '', RATES_AND_COUNTS),
    formsTable(own, 'ms of a training step', ROUTINE_TIMES),
  ];
  return [title, ...tables.filter((text) => text !== null)].join('\n\n');
}

/**
 * @param {readonly BenchRow[]} all
 * @param {string} corner
 * @param {readonly [Metric, string][]} metrics
 */
function formsTable(all, corner, metrics) {
  const rows = all.filter(({ metric }) => metrics.some(([name]) => name === metric));
  if (rows.length === 0) return null;
  const forms = formsOf(rows);
  const compared = [...new Set(rows.map(({ environment }) => environment))].filter((environment) =>
    metrics.some(([metric]) => ratio(rows, environment, metric) !== null),
  );
  const head = [
    corner,
    ...forms.map(({ column, environment }) => `${column}<br>${environment}`),
    ...compared.map((environment) => `fused / composed<br>${environment}`),
  ];
  const lines = metrics
    .filter(([metric]) => rows.some((row) => row.metric === metric))
    .map(([metric, title]) => [
      title,
      ...forms.map((form) => {
        const row = find(rows, form, metric);
        return row ? summary(row) : '–';
      }),
      ...compared.map((environment) => ratio(rows, environment, metric) ?? '–'),
    ]);
  return table(head, lines);
}

/**
 * @param {readonly BenchRow[]} rows
 * @returns {Form[]}
 */
function formsOf(rows) {
  const keys = new Map(rows.map(({ column, environment }) => [`${environment}\n${column}`, { column, environment }]));
  const rank = (/** @type {string} */ column) => (ORDER.includes(column) ? ORDER.indexOf(column) : ORDER.length);
  // PyTorch comes last, whatever its environment is called.
  const last = (/** @type {Form} */ { column }) => Number(column.startsWith('pytorch'));
  return [...keys.values()].sort(
    (a, b) =>
      last(a) - last(b) ||
      a.environment.localeCompare(b.environment) ||
      rank(a.column) - rank(b.column) ||
      a.column.localeCompare(b.column),
  );
}

/**
 * The row to show: of the last run that measured both forms where there is one, so that the ratio beside it is the
 * ratio of what is shown; else of the last run.
 * @param {readonly BenchRow[]} rows
 * @param {Form} form
 * @param {Metric} metric
 */
function find(rows, { column, environment }, metric) {
  const own = rows.filter((row) => row.environment === environment && row.metric === metric);
  const candidates = own.filter((row) => row.column === column);
  const hasBoth = (/** @type {BenchRow} */ { run }) =>
    ['composed', 'fused'].every((form) => own.some((row) => row.column === form && row.run === run));
  return candidates.findLast(hasBoth) ?? candidates.at(-1);
}

/**
 * @param {readonly BenchRow[]} rows
 * @param {string} environment
 * @param {Metric} metric
 */
function ratio(rows, environment, metric) {
  const composed = find(rows, { column: 'composed', environment }, metric);
  const fused = find(rows, { column: 'fused', environment }, metric);
  if (!composed || !fused || composed.run !== fused.run || composed.median === 0) return null;
  return number(fused.median / composed.median);
}
