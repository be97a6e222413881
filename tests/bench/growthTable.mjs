/** How a training step's time grows with the model's width, the completions' length and the vocabulary. */
import { readFileSync } from 'node:fs';
import { number, summary, table } from './markdown.mjs';

/** @typedef {import('./results').BenchRow} BenchRow */
/** @typedef {import('./results').Metric} Metric */
/** @typedef {{ vocabulary: number, width: number, layers: number, parameters: number, completionLength?: number }} Size */

/** @type {{ workload: { completionLength: number }, ladder: string[], growth: string[], sizes: Record<string, Size> }} */
const { workload, ladder, growth, sizes } = JSON.parse(readFileSync(new URL('sizes.json', import.meta.url), 'utf8'));

/** @type {[Metric, string][]} */
const TIMES = [
  ['step', 'step'],
  ['sample', 'sample'],
  ['forwardBackward', 'forward and backward'],
  ['evaluate', 'evaluation'],
];

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
  const columns = [...new Set(rows.map(({ column }) => column))];
  const head = [
    'width',
    'layers',
    'vocabulary',
    'tokens',
    'parameters',
    ...columns.flatMap((column) => TIMES.map(([, title]) => `${title}<br>${column}`)),
  ];
  const lines = growth.map((name) => {
    const {
      vocabulary,
      width,
      layers,
      parameters,
      completionLength = workload.completionLength,
    } = /** @type {Size} */ (sizes[name]);
    const times = columns.flatMap((column) =>
      TIMES.map(([metric]) => {
        const row = rows.findLast((own) => own.size === name && own.column === column && own.metric === metric);
        return row ? summary(row) : '–';
      }),
    );
    return [number(width), number(layers), number(vocabulary), number(completionLength), number(parameters), ...times];
  });
  return [
    '## Growth with width, length and vocabulary\n\nMilliseconds of one run on one thread: the default model, wider ones, the default one with shorter and longer completions, and one of the size that writes stories.',
    table(head, lines, 0),
  ];
}
