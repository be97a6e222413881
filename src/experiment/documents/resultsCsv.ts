import { METRICS, type MetricName } from './metrics';
import type { NamedResults } from './resultsFile';

const METRIC_NAMES = Object.keys(METRICS) as MetricName[];
const HEAD = ['run', 'date', 'task', 'backend', 'arm', 'seed', 'status', 'hash', 'step', ...METRIC_NAMES];

/** One row per evaluation with a header row, as RFC 4180 has it; what a run has no value for is an empty field. */
export function resultsCsv(runs: readonly NamedResults[]): string {
  const rows = runs.flatMap(({ name, date, results }) =>
    results.runs.flatMap(({ arm, seed, status, hash, evaluations }) =>
      evaluations.map((evaluation) => [
        name,
        date,
        results.config.task.kind,
        results.backend.name,
        arm,
        seed,
        status,
        hash,
        evaluation.step,
        ...METRIC_NAMES.map((metric) => evaluation[metric]),
      ]),
    ),
  );
  return [HEAD, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

/**
 * What a spreadsheet would run: a cell that begins like a formula, half or full width, behind whatever it does not show.
 * Where a semicolon or a tab separates the cells, one may begin in the middle of ours. An apostrophe makes it text.
 */
const FORMULA = /(^|[;|\t\r\n])([\s\p{Cf}\p{Cc}"']*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|[\t\r\n])/gu;

function field(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = value.replace(FORMULA, "$1'$2");
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
