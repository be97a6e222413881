import { lateDifference, lateMean } from '../../analysis/ends';
import { meanAt, pickIndices, stepsOf } from '../../analysis/aggregate';
import { withInterval } from '../../analysis/format';
import { historyOf, type RaceHistory } from '../../experiment/documents/history';
import type { MetricName } from '../../experiment/documents/metrics';
import { findPreset } from '../../experiment/presets/presets';
import { readArguments } from '../arguments';
import { EXIT, UsageError } from '../errors';
import { readResults, recordedOf } from '../recordedRuns';
import { table } from '../table';
import { lastTable, notesOn } from './summary';

/** Columns of J on the way, where nobody says which. */
const FEW = 5;

const LATE_NOTE =
  'Last quarter: the mean over the evaluations in the last quarter of the steps; there differences are paired by seed.';
const LATE_COLUMNS: readonly (readonly [MetricName, string])[] = [
  ['objective', 'J'],
  ['reward', 'reward'],
  ['kl', 'KL'],
];

/** `lab show`: the tables of a race that has been run, in the words of `run`, and of its way and its last quarter. */
export function showCommand(args: readonly string[]): number {
  const { values, positionals } = readArguments('show', args, { at: { type: 'string' } });
  const [source, surplus] = positionals;
  if (source === undefined) throw new UsageError('show needs a preset that is recorded, or a file of results');
  if (surplus !== undefined) throw new UsageError(`show takes one run; "${surplus}" is too much`);
  const { history, notes } = raceIn(source);
  const steps = history.arms.map((_, arm) => stepsOf(history, arm)).sort((a, b) => b.length - a.length)[0]!;
  const way = wayTable(history, steps, placesAt(steps, values.at));
  process.stdout.write([...lastTable(history), ...notes, '', way, LATE_NOTE, ''].join('\n'));
  return EXIT.success;
}

/** What is shown, and what a reader of somebody's own results has to know of them. */
function raceIn(source: string): { readonly history: RaceHistory; readonly notes: readonly string[] } {
  if (!findPreset(source)) {
    const results = readResults(source);
    return { history: historyOf(results), notes: notesOn(results) };
  }
  const recorded = recordedOf(source);
  if (!recorded) throw new UsageError(`the preset "${source}" is not recorded; run it with --out, and show that file`);
  return { history: recorded.history, notes: [] };
}

/** Which evaluations are shown, as their places among all. */
function placesAt(steps: readonly number[], text: string | undefined): number[] {
  if (text === undefined) return pickIndices(steps.length, FEW);
  return text.split(',').map((part) => {
    const place = steps.findIndex((step) => String(step) === part.trim());
    if (place >= 0) return place;
    throw new UsageError(`--at: "${part}" is no step with an evaluation; there are ${steps.join(', ')}`);
  });
}

/** J at some evaluations, then the means over the last quarter of the steps. */
function wayTable(history: RaceHistory, steps: readonly number[], places: readonly number[]): string {
  const { arms } = history;
  const columns: (readonly [title: string, cell: (arm: number) => string])[] = places.map((place) => [
    `J after ${steps[place]}`,
    (arm) => withInterval(meanAt(history, arm, 'objective', place)),
  ]);
  for (const [metric, title] of LATE_COLUMNS) {
    columns.push([`${title}, last quarter`, (arm) => withInterval(lateMean(history, arm, metric))]);
  }
  for (const [metric, title] of arms.length > 1 ? LATE_COLUMNS : []) {
    columns.push([
      `${title} − ${arms[0]!}’s`,
      (arm) => (arm === 0 ? '–' : withInterval(lateDifference(history, arm, 0, metric), true)),
    ]);
  }
  return table(
    [{ title: 'arm', align: 'left' }, ...columns.map(([title]) => ({ title, align: 'right' as const }))],
    arms.map((name, arm) => [name, ...columns.map(([, cell]) => cell(arm))]),
  );
}
