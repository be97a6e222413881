/** The built page's tables: weight by chunk, start-up, longest task. */
import { bytes, summary, table } from './markdown.mjs';

/** @typedef {import('./results').ChunkRow} ChunkRow */
/** @typedef {import('./results').PageRow} PageRow */

/** @param {readonly (ChunkRow | PageRow)[]} rows */
export function pageTables(rows) {
  const chunks = rows.filter((row) => row.kind === 'chunk');
  const measures = rows.filter((row) => row.kind === 'measure');
  return [weight(chunks), startUp(measures), longestTask(measures)].filter((text) => text !== null);
}

/** @param {readonly ChunkRow[]} chunks */
function weight(chunks) {
  if (chunks.length === 0) return null;
  const total = (/** @type {readonly ChunkRow[]} */ rows, /** @type {string} */ title) => [
    `**${title}**`,
    '',
    bytes(rows.reduce((sum, row) => sum + row.bytes, 0)),
    bytes(rows.reduce((sum, row) => sum + row.gzipped, 0)),
  ];
  const needs = [...new Set(chunks.map(({ neededBy }) => neededBy))];
  const heaviest = [...chunks].sort((a, b) => b.gzipped - a.gzipped);
  const lines = heaviest.map((row) => [row.file, row.neededBy ?? '–', bytes(row.bytes), bytes(row.gzipped)]);
  const sums = needs.map((need) =>
    total(
      chunks.filter(({ neededBy }) => neededBy === need),
      need ?? 'asked for by none of these',
    ),
  );
  const head = ['file', 'first needed by', 'size', 'gzipped'];
  return ['## Page weight', table(head, [...lines, ...sums, total(chunks, 'all')], 2)].join('\n\n');
}

/** @param {readonly PageRow[]} measures */
function startUp(measures) {
  const titles = /** @type {const} */ ({
    runEnabled: 'Run can be clicked',
    backendChosen: 'the badge names the backend',
    firstDot: 'the first dot is drawn',
    clickToFirstDot: 'from the click to that dot',
  });
  const own = measures.filter(({ metric }) => metric in titles);
  if (own.length === 0) return null;
  const lines = groups(own).map((rows) => [
    name(rows),
    ...Object.keys(titles).map((metric) => cell(rows, metric)),
    String(rows[0]?.n ?? 0),
  ]);
  const note =
    'Milliseconds from navigation, of a browser that has just been started, with the page on the same machine. Run is clicked as soon as it can be.';
  return ['## Start-up', note, table(['ms', ...Object.values(titles), 'loads'], lines)].join('\n\n');
}

/** @param {readonly PageRow[]} measures */
function longestTask(measures) {
  const own = measures.filter(({ metric }) => metric === 'longestTask' || metric === 'longTasks');
  if (own.length === 0) return null;
  const lines = groups(own).map((rows) => [
    name(rows),
    String(rows[0]?.runs ?? 'all'),
    `${rows[0]?.n ?? 0} × ${rows[0]?.seconds ?? 0} s`,
    cell(rows, 'longestTask'),
    cell(rows, 'longTasks'),
  ]);
  const head = ['main thread', 'live runs', 'windows', 'longest task, ms', 'tasks above 50 ms in a window'];
  const note = 'Browsers report no task below 50 ms; a window without one counts as 0.';
  return ['## Longest main-thread task', table(head, lines), note].join('\n\n');
}

/**
 * Rows of one preset, backend and number of runs together.
 * @param {readonly PageRow[]} rows
 */
function groups(rows) {
  /** @type {Map<string, PageRow[]>} */
  const found = new Map();
  for (const row of rows) {
    const key = [row.preset, row.backend, row.runs, row.seconds].join('\n');
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return [...found.values()];
}

/** @param {readonly PageRow[]} rows */
const name = ([first]) => (first ? `${first.preset}, ${first.backend}` : '');

/**
 * @param {readonly PageRow[]} rows
 * @param {string} metric
 */
function cell(rows, metric) {
  const row = rows.findLast((candidate) => candidate.metric === metric);
  return row ? summary(row) : '–';
}
