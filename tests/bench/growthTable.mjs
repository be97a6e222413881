/**
 * How a training step's time, its launches and its memory grow with the model's width, the completions' length and the
 * vocabulary.
 */
import { readFileSync } from 'node:fs';
import { bytes, number, summary, table } from './markdown.mjs';

/** @typedef {import('./results').BenchRow} BenchRow */
/** @typedef {import('./results').Metric} Metric */
/** @typedef {{ vocabulary: number, width: number, layers: number, parameters: number, completionLength?: number }} Size */

/** @type {{ workload: { completionLength: number, pairs: number }, ladder: string[], growth: string[], sizes: Record<string, Size> }} */
const { workload, ladder, growth, sizes } = JSON.parse(readFileSync(new URL('sizes.json', import.meta.url), 'utf8'));

const largest = /** @type {string} */ (growth.at(-1));

/** @type {[Metric, string][]} */
const TIMES = [
  ['step', 'step'],
  ['sample', 'sample'],
  ['forwardBackward', 'forward and backward'],
  ['evaluate', 'evaluation'],
];

/** @type {[Metric, string][]} */
const LAUNCHES = [
  ['launchesPerToken', 'launches per token'],
  ['launchesPerStep', 'launches per step'],
  ['readBacksPerStep', 'read-backs per step'],
];

/** Whose times say nothing, because a program plays the GPU. */
const isSoftwareGpu = (/** @type {BenchRow} */ { environment }) => environment.endsWith('swiftshader');

/**
 * The rows of processes that measured more than the ladder's models, and all others.
 * @param {readonly BenchRow[]} rows
 * @returns {{ grown: BenchRow[], others: BenchRow[] }}
 */
export function splitGrowth(rows) {
  const runs = new Set(rows.filter(({ size }) => !ladder.includes(size)).map(({ run }) => run));
  return { grown: rows.filter(({ run }) => runs.has(run)), others: rows.filter(({ run }) => !runs.has(run)) };
}

/** @param {readonly BenchRow[]} rows of one run on one thread */
export function growthTables(rows) {
  if (rows.length === 0) return [];
  const times = columnsOf(
    rows.filter((row) => !isSoftwareGpu(row)),
    TIMES,
  );
  const demands = [...columnsOf(rows, LAUNCHES), ...columnsOf(rows, [['peakBytes', 'memory']])];
  return [
    '## Growth with width, length and vocabulary\n\nMilliseconds of one run on one thread: the default model, wider ones, the default one with shorter and longer completions, and one of the size that writes stories.',
    grownTable(rows, times),
    'What the same run asks for: launches and read-backs of WebGPU, and the most memory that its tensors take in a training step, weights and averages included. The evaluation of a race may take more.',
    grownTable(rows, demands),
    limits(),
  ];
}

/** What no table shows: how far the kernels go. */
function limits() {
  const { vocabulary, completionLength = workload.completionLength } = /** @type {Size} */ (sizes[largest]);
  const logits = 2 * workload.pairs * completionLength * vocabulary * 4;
  return `The kernels take any vocabulary and length, heads whose width is a multiple of 8, MLPs whose width is a multiple of 4, and up to 128 layers. A tensor must fit the GPU's largest binding, of which WebGPU promises 128 MiB and many adapters have more. The largest are the logits of a training step, 2 · pairs × tokens × vocabulary × 4 bytes: ${bytes(logits)} in the last row.`;
}

/** @typedef {{ column: string, environment: string, metric: Metric, title: string }} Column */

/**
 * Those of which there is anything.
 * @param {readonly BenchRow[]} rows
 * @param {readonly [Metric, string][]} metrics
 * @returns {Column[]}
 */
function columnsOf(rows, metrics) {
  const forms = new Map(rows.map((row) => [`${row.column} ${row.environment}`, row]));
  return [...forms.values()].flatMap(({ column, environment }) => {
    const isOwn = (/** @type {BenchRow} */ row) => row.column === column && row.environment === environment;
    return metrics
      .filter(([metric]) => rows.some((row) => isOwn(row) && row.metric === metric))
      .map(([metric, title]) => ({ column, environment, metric, title }));
  });
}

/**
 * A line for each size.
 * @param {readonly BenchRow[]} rows
 * @param {readonly Column[]} columns
 */
function grownTable(rows, columns) {
  const shape = ['width', 'layers', 'vocabulary', 'tokens', 'parameters'];
  const head = [...shape, ...columns.map(({ column, title }) => `${title}<br>${column}`)];
  const lines = growth.map((name) => {
    const {
      vocabulary,
      width,
      layers,
      parameters,
      completionLength = workload.completionLength,
    } = /** @type {Size} */ (sizes[name]);
    const found = columns.map(({ column, environment, metric }) => {
      const isIt = (/** @type {BenchRow} */ row) =>
        row.size === name && row.column === column && row.environment === environment && row.metric === metric;
      const row = rows.findLast(isIt);
      return row ? summary(row) : '–';
    });
    return [...[width, layers, vocabulary, completionLength, parameters].map(number), ...found];
  });
  return table(head, lines, 0);
}
