import type { ExperimentConfig } from '../experiment/config/schema';
import { WORKING_BYTES, workingBytes } from './memory';
import { groupIntoFleets, type Run } from './run';
import type { Task } from './task';

/** The fleets that runs train in: those of equal shape together, as many as the memory for their rows allows. */
export function fleetsOf(config: ExperimentConfig, task: Task, runs: readonly Run[], memory = WORKING_BYTES): Run[][] {
  return groupIntoFleets(runs).flatMap((group) => {
    const { sampling, training, evaluation } = workingBytes(config, task, group[0]!);
    const bytes = Math.max(1, sampling, training, evaluation);
    const most = Math.max(1, Math.floor(memory / bytes));
    // Of about equal size: the last one is no remainder.
    const count = Math.ceil(group.length / most);
    return Array.from({ length: count }, (_, f) => {
      const start = Math.round((f * group.length) / count);
      return group.slice(start, Math.round(((f + 1) * group.length) / count));
    });
  });
}
