import { backendText, type Results } from './results';
import type { ExperimentConfig } from '../config/schema';
import type { SweepCell } from './sweepResults';

/** What somebody should know about rounds before they compare samplers, in sentences; for the page and the runner. */
export function roundNotes({ rounds, start }: Pick<ExperimentConfig, 'rounds' | 'start'>): string[] {
  if (!rounds) return [];
  return [
    ...(rounds.movingReference ? [movingReferenceNote(start.kind === 'reference')] : []),
    ...(rounds.accumulate && start.kind === 'offline'
      ? [
          'Rounds that keep earlier pairs keep those of this race only: the pairs of the offline start are not among them.',
        ]
      : []),
  ];
}

/** Where an experiment ran before it went on elsewhere, in a sentence; null where it ran in one place. */
export function backendsNote(earlier: Results['earlier']): string | null {
  if (!earlier || earlier.length === 0) return null;
  const places = earlier.map(({ until, backend }) => `to step ${until} on ${backendText(backend)}`);
  return `It ran ${places.join(', ')}, and then went on elsewhere: its hashes are not those of an unbroken run.`;
}

/** Which cells of a sweep ran elsewhere than the others, in a sentence; null where none did. */
export function cellBackendsNote(cells: readonly SweepCell[]): string | null {
  const elsewhere = cells.filter(({ backend }) => backend !== undefined);
  if (elsewhere.length === 0) return null;
  const places = [...new Set(elsewhere.map(({ backend }) => backendText(backend!)))].join(', ');
  const count = elsewhere.length === 1 ? 'One of its cells' : `${elsewhere.length} of its cells`;
  return `${count} ran on ${places} instead: compare them with the others with care.`;
}

const movingReferenceNote = (fromReference: boolean): string =>
  'With a reference that moves, policy and reference are the same when a round collects its pairs, so every ' +
  'interpolation draws as Vanilla does ' +
  (fromReference
    ? 'in all rounds: arms that differ in it only are one run.'
    : 'from the second round on; the first keeps the reference that KL is measured from.');
