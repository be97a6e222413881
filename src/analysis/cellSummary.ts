import type { RaceHistory } from '../experiment/documents/history';
import type { MetricName } from '../experiment/documents/metrics';
import type { ArmSummary, SavingSummary } from '../experiment/documents/sweepResults';
import type { Interval } from '../math/statistics';
import { lastDifference, lastMean, runsOf } from './aggregate';
import { lateMean } from './ends';
import { savings, type Saving, type Spending } from './labelSaving';

/** What a sweep keeps of a race: every arm at its last evaluation, and against the first arm. */
export function cellSummary(history: RaceHistory): ArmSummary[] {
  const saved = (spending: Spending) => new Map(savings(history, spending).map((one) => [one.arm, one]));
  const [labels, sampling, annotation] = [saved('labels'), saved('samplingCost'), saved('annotationCost')];
  return history.arms.map((arm, i) => {
    const runs = runsOf(history, i);
    const mean = (metric: MetricName) => interval(lastMean(history, i, metric));
    return {
      arm,
      seeds: runs.length,
      diverged: runs.filter(({ status }) => status === 'diverged').length,
      reward: mean('reward'),
      kl: mean('kl'),
      objective: mean('objective'),
      gap: mean('gap'),
      lateObjective: lateMean(history, i, 'objective'),
      rewardSpread: mean('rewardSpread'),
      difference: i === 0 ? null : interval(lastDifference(history, i, 0, 'objective')),
      labelSaving: share(labels.get(i)),
      samplingSaving: share(sampling.get(i)),
      annotationSaving: share(annotation.get(i)),
      hashes: runs.map(({ hash }) => hash),
    };
  });
}

const interval = (found: Interval | null): Interval | null => found && { mean: found.mean, half: found.half };

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function share(saving: Saving | undefined): SavingSummary | null {
  if (!saving) return null;
  // Runs that have diverged leave it open: only the others could be compared.
  const ends = saving.diverged > 0 ? null : saving.interval;
  return {
    saved: finite(saving.saved),
    interval: ends && { low: finite(ends.low), high: finite(ends.high) },
  };
}
