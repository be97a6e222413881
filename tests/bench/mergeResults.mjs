/** Results documents of several invocations as one, those of pytorch.py included. */

/** @typedef {import('./results').BenchResults} BenchResults */
/** @typedef {import('./results').PytorchResults} PytorchResults */

/**
 * @param {readonly unknown[]} documents
 * @returns {BenchResults}
 */
export function mergeResults(documents) {
  const parts = documents.map(toResults);
  return {
    format: 'pilaf-lab/bench',
    version: 1,
    runs: parts.flatMap(({ runs }) => runs),
    rows: parts.flatMap(({ rows }) => rows),
    page: parts.flatMap(({ page }) => page),
  };
}

/**
 * @param {unknown} document
 * @returns {BenchResults}
 */
function toResults(document) {
  const { format, version } = /** @type {BenchResults | PytorchResults} */ (document);
  if (version !== 1) throw new Error(`version ${String(version)} of ${format} is not known here`);
  if (format === 'pilaf-lab/bench') return /** @type {BenchResults} */ (document);
  if (format === 'pilaf-lab/bench-pytorch') return fromPytorch(/** @type {PytorchResults} */ (document));
  throw new Error(`${String(format)} is no format of the benchmark`);
}

/**
 * @param {PytorchResults} document
 * @returns {BenchResults}
 */
function fromPytorch({ date, command, machine, versions, rows }) {
  const run = `pytorch-${date}-${command}`;
  return {
    format: 'pilaf-lab/bench',
    version: 1,
    runs: [{ id: run, date, command, machine: { ...machine, name: machine.gpu ?? machine.cpu }, versions }],
    rows: rows.flatMap((row) => rowsOf(row, run)),
    page: [],
  };
}

/**
 * @param {import('./results').PytorchRow} row
 * @param {string} run
 * @returns {import('./results').BenchRow[]}
 */
function rowsOf({ device, threads, size, fleet, phases, step, tokensPerSecond, pairsPerSecond, peakBytes }, run) {
  const common = {
    column: /** @type {const} */ (`pytorch-${device === 'cuda' ? 'cuda' : threads}`),
    environment: `pytorch-${device}`,
    size,
    fleet,
    run,
  };
  // A rate's quartiles are those of its time, turned around.
  /**
   * @param {'tokensPerSecond' | 'pairsPerSecond'} metric
   * @param {number} median
   * @param {import('./results').Summary} time
   */
  const rate = (metric, median, time) => ({
    ...common,
    metric,
    unit: /** @type {const} */ ('1/s'),
    median,
    low: (median * time.median) / time.high,
    high: (median * time.median) / time.low,
    n: time.n,
  });
  const times = /** @type {[import('./results').Metric, import('./results').Summary][]} */ (
    Object.entries({ ...phases, step })
  );
  return [
    ...times.map(([metric, time]) => ({ ...common, metric, unit: /** @type {const} */ ('ms'), ...time })),
    rate('tokensPerSecond', tokensPerSecond, phases.sample),
    rate('pairsPerSecond', pairsPerSecond, step),
    ...(peakBytes === undefined
      ? []
      : [
          {
            ...common,
            metric: /** @type {const} */ ('peakBytes'),
            unit: /** @type {const} */ ('bytes'),
            ...once(peakBytes),
          },
        ]),
  ];
}

/** @param {number} value */
const once = (value) => ({ median: value, low: value, high: value, n: 1 });
