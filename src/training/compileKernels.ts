import type { ExperimentConfig } from '../experiment/config/schema';
import { compileAhead } from '../ops/device/webgpu';
import { rehearseEvaluation } from './evaluate';
import { quietly, type Fleet } from './fleet';
import type { Task } from './task';
import type { CompilingReport } from './reports';

/** Compiles what the fleets will launch, side by side, before their first step. */
export async function* compileKernels(
  task: Task,
  config: ExperimentConfig,
  fleets: readonly Fleet[],
): AsyncGenerator<CompilingReport, void> {
  const compiling = compileAhead(() => {
    for (const fleet of fleets) {
      fleet.rehearse();
      rehearseEvaluation(task, config, fleet);
    }
  }).map(quietly);
  for (const [done, kernel] of compiling.entries()) {
    yield { type: 'compiling', done, total: compiling.length };
    await kernel;
  }
}
