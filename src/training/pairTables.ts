import { isPairTable } from '../experiment/samplers/table';
import { categorical, STREAM, uniform } from '../math/random';
import type { SamplingRequest } from '../policy/policy';
import { pairTable } from '../theory/pairTable';
import type { Fleet } from './fleet';

/** Whether any run of the fleet draws its pairs from a table of all pairs, for which the policies must be read. */
export const hasPairTables = ({ runs }: Fleet): boolean => runs.some(({ sampler }) => isPairTable(sampler.selection));

/**
 * The tokens of runs that draw their pairs from a table; −1 for all others. A pair's draw is addressed by
 * (seed, draw, pair), as the choice of a mixture's component is.
 *
 * @param policies each run's logits  // [R][X·K]
 */
export function tokensFromTables(
  { task, runs, pairs }: Fleet,
  { draw, promptIndices }: { readonly draw: number; readonly promptIndices: Int32Array },
  policies: readonly Float32Array[],
): NonNullable<SamplingRequest['given']> {
  const given = new Int32Array(2 * runs.length * pairs).fill(-1);
  const { evaluation } = task;
  runs.forEach(({ seed, beta, sampler: { selection } }, r) => {
    if (!isPairTable(selection) || evaluation.kind !== 'exact') return;
    const logits = policies[r]!;
    const responses = logits.length / task.promptCount;
    const tables = new Map<number, Float64Array>();
    for (let pair = 0; pair < pairs; pair++) {
      const x = promptIndices[r * pairs + pair]!;
      const own = logits.subarray(x * responses, (x + 1) * responses);
      const mu = tables.get(x) ?? pairTable(selection, evaluation.prompt(seed, x, beta), own);
      tables.set(x, mu);
      const entry = categorical(mu, uniform({ seed, stream: STREAM.component, step: draw, row: pair, token: 0 }));
      given[2 * (r * pairs + pair)] = Math.floor(entry / responses);
      given[2 * (r * pairs + pair) + 1] = entry % responses;
    }
  });
  return given;
}
