import { armName, comparableObjectives } from '../experiment/config';
import type { Evaluation, MetricName } from '../experiment/metrics';
import type { Results, RunResult } from '../experiment/results';
import { interval95, mean, pairedDifference, type Interval } from '../math/statistics';
import { table, type Column } from './table';

/** What is said at the end of a run: the table, which runs fell out, and what it ran on. `reasons`: why no faster. */
export function summary(results: Results, reasons: readonly string[]): string {
  const { backend, timing } = results;
  const adapter = backend.adapter === null ? '' : ` (${backend.adapter})`;
  const rate = Math.round(timing.pairsPerSecond);
  return [
    resultsTable(results),
    ...noteOnSteps(results),
    ...notesOnDiverged(results),
    `Ran on ${backend.name}${adapter} for ${timing.seconds.toFixed(1)} s, ${rate} pairs per second.`,
    ...reasons,
    '',
  ].join('\n');
}

const METRIC_COLUMNS: readonly (readonly [MetricName, string])[] = [
  ['reward', 'reward'],
  ['kl', 'KL'],
  ['objective', 'J'],
  ['gap', 'J* − J'],
];

/** Means over seeds at each arm's last evaluation, ± 95% intervals; differences to the first arm are paired by seed. */
function resultsTable(results: Results): string {
  const arms = results.config.arms.map(armName).map((name) => ({ name, runs: runsOf(results, name) }));
  const first = arms[0]!.runs;
  const columns: { title: string; cells: string[] }[] = [];
  for (const [metric, title] of METRIC_COLUMNS) {
    const intervals = arms.map(({ runs }) => lastInterval(runs, metric));
    if (metric === 'gap' && intervals.every((interval) => interval === null)) continue;
    columns.push({ title, cells: intervalCells(intervals) });
  }
  if (arms.length > 1) {
    const against = arms.map(({ runs }, i) =>
      i > 0 && comparableObjectives(results.config, i, 0) ? lastDifference(runs, first, 'objective') : null,
    );
    columns.push({ title: `J − ${arms[0]!.name}’s`, cells: intervalCells(against) });
  }
  columns.push({ title: 'labels', cells: arms.map(({ runs }) => lastMean(runs, 'labels')) });
  columns.push({ title: 'sampling cost', cells: arms.map(({ runs }) => lastMean(runs, 'samplingCost')) });
  const layout: Column[] = [
    { title: 'arm', align: 'left' },
    ...columns.map(({ title }): Column => ({ title, align: 'right' })),
  ];
  return table(
    layout,
    arms.map(({ name }, a) => [name, ...columns.map(({ cells }) => cells[a]!)]),
  );
}

const runsOf = ({ runs }: Results, arm: string): RunResult[] => runs.filter((run) => run.arm === arm);

/** The last step at which any of the runs was evaluated. */
const lastStep = (runs: readonly RunResult[]): number =>
  Math.max(...runs.map((run) => run.evaluations.at(-1)?.step ?? 0));

/** Seed → value at a step, of the runs that have one. */
function valuesAt(runs: readonly RunResult[], step: number, metric: MetricName): Map<number, number> {
  const values = new Map<number, number>();
  for (const { seed, evaluations } of runs) {
    const value = evaluations.findLast((evaluation: Evaluation) => evaluation.step === step)?.[metric];
    if (typeof value === 'number') values.set(seed, value);
  }
  return values;
}

function lastInterval(runs: readonly RunResult[], metric: MetricName): Interval | null {
  const values = [...valuesAt(runs, lastStep(runs), metric).values()];
  return values.length === 0 ? null : interval95(values);
}

function lastDifference(runs: readonly RunResult[], others: readonly RunResult[], metric: MetricName): Interval | null {
  const step = Math.min(lastStep(runs), lastStep(others));
  const theirs = valuesAt(others, step, metric);
  const paired = [...valuesAt(runs, step, metric)].filter(([seed]) => theirs.has(seed));
  if (paired.length === 0) return null;
  return pairedDifference(
    paired.map(([, value]) => value),
    paired.map(([seed]) => theirs.get(seed)!),
  );
}

/** Costs need no interval: they hardly differ between seeds. */
function lastMean(runs: readonly RunResult[], metric: MetricName): string {
  const values = [...valuesAt(runs, lastStep(runs), metric).values()];
  return values.length === 0 ? '–' : String(Math.round(mean(values)));
}

/**
 * One number of decimals for a whole column, so that it can be compared at a glance: two digits of its narrowest
 * interval, or three of its largest value where there is one seed only.
 */
function intervalCells(intervals: readonly (Interval | null)[]): string[] {
  const known = intervals.filter((interval) => interval !== null);
  const halves = known.flatMap(({ half }) => (half !== null && half > 0 ? [half] : []));
  const largest = Math.max(0, ...known.map((interval) => Math.abs(interval.mean)));
  const scale = halves.length > 0 ? 10 * Math.min(...halves) : largest;
  const decimals = scale > 0 ? Math.min(4, Math.max(0, 2 - Math.floor(Math.log10(scale)))) : 2;
  const fixed = (value: number) => value.toFixed(decimals).replace(/^-(?=[0.]+$)/, '');
  const halfWidth = Math.max(0, ...halves.map((half) => fixed(half).length));
  return intervals.map((interval) => {
    if (interval === null) return '–';
    const { mean: centre, half } = interval;
    return half === null ? fixed(centre) : `${fixed(centre)} ± ${fixed(half).padStart(halfWidth)}`;
  });
}

function noteOnSteps({ runs, config }: Results): string[] {
  if (!runs.some((run) => run.status === 'stopped')) return [];
  return [`Stopped before its end; the numbers are those of step ${lastStep(runs)} of ${config.schedule.steps}.`];
}

function notesOnDiverged({ runs, config }: Results): string[] {
  return config.arms.map(armName).flatMap((arm) => {
    const ofArm = runs.filter((run) => run.arm === arm);
    const lost = ofArm.filter((run) => run.status === 'diverged');
    if (lost.length === 0) return [];
    const seeds = lost.map((run) => run.seed).join(', ');
    const counts = lost.length < ofArm.length ? 'the means leave them out' : 'no run was left';
    return [`${arm}: ${lost.length} of ${ofArm.length} runs diverged (seed ${seeds}) and were stopped; ${counts}.`];
  });
}
