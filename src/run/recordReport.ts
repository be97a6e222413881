import {
  appendEvaluation,
  markDiverged,
  markFinished,
  noteFits,
  type RaceHistory,
} from '../experiment/documents/history';
import type { Report } from '../training/reports';

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
