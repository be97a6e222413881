import { compileAhead } from '../ops/device/webgpu';
import { rehearseEvaluation } from './evaluate';
import { quietly, type Fleet } from './fleet';
import type { CompilingReport } from './reports';
import { rehearseStep } from './round';

/** Compiles what the fleets will launch, side by side, before their first step. */
export async function* compileKernels(fleets: readonly Fleet[]): AsyncGenerator<CompilingReport, void> {
  const compiling = compileAhead(() => {
    for (const fleet of fleets) {
      rehearseStep(fleet);
      rehearseEvaluation(fleet);
    }
  }).map(quietly);
  for (const [done, kernel] of compiling.entries()) {
    yield { type: 'compiling', done, total: compiling.length };
    await kernel;
  }
}
