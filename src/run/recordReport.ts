import {
  appendEvaluation,
  markDiverged,
  markFinished,
  markGivenUp,
  noteFits,
  type RaceHistory,
} from '../experiment/documents/history';
import type { GivenUpReport, Report } from '../training/reports';

/** Enters what a report says of the runs' numbers into their history; `started` makes a history and is not for here. */
export function recordReport(history: RaceHistory, report: Exclude<Report, { type: 'started' }>): void {
  switch (report.type) {
    case 'evaluation':
      for (const { run, evaluation } of report.evaluations) appendEvaluation(history, run, evaluation);
      return;
    case 'offlineFits':
      return noteFits(history, report.fits);
    case 'diverged':
      return markDiverged(history, report.run, report.step);
    case 'givenUp':
      return markGivenUp(history, report.runs);
    case 'finished':
      return markFinished(history, report.runs);
    case 'pairs':
    case 'compiling':
    case 'offline':
    case 'progress':
    case 'snapshot':
    case 'weights':
      return;
    default:
      report satisfies never;
  }
}

/** What a reader is told of runs that were given up. */
export function givenUpText({ runs, step, message }: GivenUpReport, history: RaceHistory | null): string {
  const names = runs.flatMap((index) => {
    const run = history?.runs[index];
    return run ? `${history.arms[run.arm]}, seed ${run.seed}` : [];
  });
  return `Their worker died again and again (${message}), so these runs are stopped at step ${step}: ${names.join('; ')}. The others go on.`;
}
