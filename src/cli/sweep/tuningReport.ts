import { withInterval } from '../../analysis/format';
import { edgeNote, trialText, tunedArms } from '../../analysis/tuning';
import type { SweepDocument } from '../../experiment/documents/sweep';
import type { SweepCell } from '../../experiment/documents/sweepResults';
import { table } from '../table';

/** Every arm's trials with the criterion, the best marked, and a warning where it lies at the edge of what was tried. */
export function tuningReport(document: SweepDocument, cells: readonly SweepCell[]): string {
  const arms = tunedArms(document, cells);
  const rows = arms.flatMap(({ name, tried, best }) =>
    tried.map((trial) => [
      name,
      trialText(trial.values),
      trial.late ? withInterval(trial.late) : '–',
      trial.diverged > 0 ? `${trial.diverged} diverged` : trial === best ? 'best' : '',
    ]),
  );
  const left = (title: string) => ({ title, align: 'left' as const });
  const columns = [left('arm'), left('tries'), { title: 'J, last quarter', align: 'right' as const }, left('')];
  return [
    'Mean J over the evaluations in the last quarter of the steps, with 95% intervals over the tuning seeds.',
    table(columns, rows),
    ...arms.flatMap((arm) => edgeNote(arm) ?? []),
    '',
  ].join('\n');
}
