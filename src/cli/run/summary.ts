import { armName } from '../../experiment/config/names';
import { lastDifference, lastMean, runsOf } from '../../analysis/aggregate';
import { countText, withInterval } from '../../analysis/format';
import { fallNote, FEWEST_SEEDS, savings, savingText, SPENDINGS, type Spending } from '../../analysis/labelSaving';
import { tuningNote } from '../../analysis/tuning';
import type { RaceHistory } from '../../experiment/documents/history';
import type { MetricName } from '../../experiment/documents/metrics';
import { backendsNote, roundNotes } from '../../experiment/documents/notes';
import { backendText, isReliable, type Results } from '../../experiment/documents/results';
import { table, type Column } from '../table';

/** What is said at the end of a run: the table, which runs fell out, and what it ran on. `reasons`: why no faster. */
export function summary(results: Results, history: RaceHistory, reasons: readonly string[]): string {
  const { backend, timing } = results;
  const rate = Math.round(timing.pairsPerSecond);
  return [
    ...lastTable(history),
    ...notesOn(results),
    `Ran on ${backendText(backend)} for ${timing.seconds.toFixed(1)} s, ${rate} pairs per second.`,
    ...reasons,
    '',
  ].join('\n');
}

/** What a reader of the table has to know of the race: what it was made of, how it ended, and where. */
export function notesOn(results: Results): string[] {
  return [
    ...roundNotes(results.config),
    ...[tuningNote(results.config)].filter((note) => note !== null),
    ...noteOnSteps(results),
    ...noteOnOptimum(results),
    ...notesOnDiverged(results),
    ...[backendsNote(results.earlier)].filter((note) => note !== null),
  ];
}

/** The table of the last evaluation, and what its savings mean. */
export const lastTable = (history: RaceHistory): string[] => [resultsTable(history), ...noteOnSavings(history)];

const METRIC_COLUMNS: readonly (readonly [MetricName, string])[] = [
  ['reward', 'reward'],
  ['kl', 'KL'],
  ['objective', 'J'],
  ['gap', 'J* − J'],
];

/** Means over seeds at the last evaluation, ± 95% intervals; differences to the first arm are paired by seed. */
function resultsTable(history: RaceHistory): string {
  const { arms } = history;
  const columns: { title: string; cells: string[] }[] = [];
  for (const [metric, title] of METRIC_COLUMNS) {
    const intervals = arms.map((_, arm) => lastMean(history, arm, metric));
    if (metric === 'gap' && intervals.every((interval) => interval === null)) continue;
    columns.push({ title, cells: intervals.map((interval) => withInterval(interval)) });
  }
  if (arms.length > 1) {
    const against = arms.map((_, arm) => (arm > 0 ? lastDifference(history, arm, 0, 'objective') : null));
    columns.push({ title: `J − ${arms[0]!}’s`, cells: against.map((difference) => withInterval(difference, true)) });
  }
  const counts = arms.map((_, arm) =>
    countText(lastMean(history, arm, 'objective')?.seeds ?? 0, runsOf(history, arm).length),
  );
  columns.push({ title: 'seeds', cells: counts });
  const spendings = spendingsOf(history);
  for (const metric of spendings) {
    // Costs need no interval: they hardly differ between seeds.
    const means = arms.map((_, arm) => lastMean(history, arm, metric)?.mean);
    const cells = means.map((value) => (value === undefined ? '–' : String(Math.round(value))));
    columns.push({ title: SPENDINGS[metric].name, cells });
  }
  if (arms.length > 1) {
    for (const spending of spendings) {
      columns.push({ title: SPENDINGS[spending].saved, cells: savingCells(history, spending) });
    }
  }
  const layout: Column[] = [
    { title: 'arm', align: 'left' },
    ...columns.map(({ title }): Column => ({ title, align: 'right' })),
  ];
  return table(
    layout,
    arms.map((name, arm) => [name, ...columns.map(({ cells }) => cells[arm]!)]),
  );
}

/** Responses shown say no more than labels where every arm shows two for each. */
function spendingsOf(history: RaceHistory): Spending[] {
  const shows = (arm: number) => lastMean(history, arm, 'annotationCost')?.mean;
  const plain = history.arms.every((_, arm) => shows(arm) === 2 * (lastMean(history, arm, 'labels')?.mean ?? NaN));
  return plain ? ['labels', 'samplingCost'] : ['labels', 'samplingCost', 'annotationCost'];
}

function savingCells(history: RaceHistory, spending: Spending): string[] {
  const found = new Map(savings(history, spending).map((saving) => [saving.arm, saving]));
  return history.arms.map((_, arm) => savingText(found.get(arm)));
}

function noteOnSavings(history: RaceHistory): string[] {
  const { arms } = history;
  if (arms.length < 2) return [];
  const note = fallNote(history, 0);
  return [
    `Saved: the share of ${arms[0]!}’s spending that an arm did not need to reach its final J for good. ${intervalNote(history)}`,
    ...(note === null ? [] : [note]),
  ];
}

function intervalNote({ config: { seeds } }: RaceHistory): string {
  if (seeds < FEWEST_SEEDS) return `Intervals need ${FEWEST_SEEDS} seeds.`;
  return 'In brackets 95% by inverting the paired t test; “at most” alone means that J may not stay above.';
}

function noteOnOptimum({ optimum, optimumNote, config }: Results): string[] {
  if (optimumNote !== undefined) return [optimumNote];
  if (!optimum?.estimate) return [];
  const { errors, effective } = optimum.estimate;
  const size = `effective sample size at least ${Math.floor(effective.minimum)} for every prompt`;
  if (!isReliable(optimum)) return [`J* is not known well enough at β = ${config.beta}: ${size}.`];
  const value = `${optimum.objective.toFixed(3)} ± ${(1.96 * errors.objective).toFixed(3)}`;
  return [`J* at β = ${config.beta} is estimated: ${value}, ${size}.`];
}

function noteOnSteps({ runs, config }: Results): string[] {
  if (!runs.some((run) => run.status === 'stopped')) return [];
  if (runs.some((run) => run.status === 'complete')) {
    const count = runs.filter((run) => run.status === 'stopped').length;
    return [`${count} of ${runs.length} runs were given up before their end; the means do not count them.`];
  }
  const last = Math.max(...runs.map((run) => run.evaluations.at(-1)?.step ?? 0));
  return [`Stopped before its end; the numbers are those of step ${last} of ${config.schedule.steps}.`];
}

function notesOnDiverged({ runs, config }: Results): string[] {
  return config.arms.map(armName).flatMap((arm) => {
    const ofArm = runs.filter((run) => run.arm === arm);
    const lost = ofArm.filter((run) => run.status === 'diverged');
    if (lost.length === 0) return [];
    const seeds = lost.map((run) => run.seed).join(', ');
    const counts = lost.length < ofArm.length ? 'the means do not count them' : 'no run was left';
    return [`${arm}: ${lost.length} of ${ofArm.length} runs diverged (seed ${seeds}) and were stopped; ${counts}.`];
  });
}
