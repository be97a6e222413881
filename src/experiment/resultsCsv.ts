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

function field(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  // A spreadsheet would run what begins like a formula; the apostrophe makes it text.
  const safe = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
