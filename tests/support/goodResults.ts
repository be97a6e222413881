import { historyOf } from '../../src/experiment/documents/history';
import type { Results } from '../../src/experiment/documents/results';
import { runSummary } from '../../src/analysis/runSummary';
import { savedOf } from './savedExperiment';

/** Results as a file has them, with runs that have ended and evaluations in each. */
export function goodResults(evaluations = 3): Results {
  const { results } = savedOf({ seeds: 1, evaluations, parameters: 1 });
  const runs = results.runs.map((run) => ({ ...run, status: 'complete' as const, hash: '1a2b3c4d5e6f7a8b' }));
  return JSON.parse(JSON.stringify({ ...results, runs })) as Results;
}

/** What the page makes of results as soon as it has read them. */
export function showResults(results: Results): void {
  historyOf(results);
  runSummary(results);
}
