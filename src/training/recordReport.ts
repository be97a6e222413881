import {
  appendEvaluation,
  markDiverged,
  markFinished,
  noteStarts,
  type RaceHistory,
} from '../experiment/documents/history';
import type { Report } from './reports';

/** Enters what a report says of the runs' numbers into their history; `started` makes a history and is not for here. */
export function recordReport(history: RaceHistory, report: Exclude<Report, { type: 'started' }>): void {
  switch (report.type) {
    case 'evaluation':
      for (const { run, evaluation } of report.evaluations) appendEvaluation(history, run, evaluation);
      return;
    case 'starts':
      return noteStarts(history, report.starts);
    case 'diverged':
      return markDiverged(history, report.run, report.step);
    case 'finished':
      return markFinished(history, report.runs);
    case 'pairs':
    case 'compiling':
    case 'starting':
    case 'progress':
    case 'snapshot':
    case 'weights':
      return;
    default:
      report satisfies never;
  }
}
