import type { BanditConfig } from '../experiment/config/tasks';
import { encodeTable } from '../policy/table';
import { tabularPolicy } from '../policy/tabular';
import { banditTables, type BanditTables } from '../tasks/bandit';
import { evaluateTable } from '../theory/evaluate';
import { frontier } from '../theory/optimum';
import type { PlanePoint } from '../experiment/documents/results';
import type { Prompt } from '../theory/prompt';
import type { Task } from './task';

/** Multiples of β at which the frontier is drawn, from a timid policy to a greedy one. */
const FRONTIER_MULTIPLES = Array.from({ length: 61 }, (_, i) => 10 ** (2.4 - i * 0.05));

const rowsOf = ({ prompts, responses }: BanditTables, table: Float64Array): Float64Array[] =>
  Array.from({ length: prompts }, (_, x) => table.subarray(x * responses, (x + 1) * responses));

/** The bandit, with tables per run seed: everything is known exactly by enumeration. */
export function banditTask(config: BanditConfig): Task {
  const known = new Map<number, BanditTables>();
  const tables = (seed: number): BanditTables => {
    let found = known.get(seed);
    if (!found) known.set(seed, (found = banditTables(config, seed)));
    return found;
  };
  const optima = new Map<string, PlanePoint>();
  const line = (seed: number, betas: readonly number[]): PlanePoint[] => {
    const t = tables(seed);
    return frontier(rowsOf(t, t.referenceLogits), rowsOf(t, t.rewards), betas);
  };
  const prompts = new Map<string, Prompt[]>();
  const promptIds = Array.from({ length: config.prompts }, (_, index) => [index]);
  return {
    policy: tabularPolicy(config.prompts, config.responses),
    promptLength: 1,
    promptCount: config.prompts,
    promptIds: (index) => promptIds[index]!,
    referenceWeights: (seed) => Float32Array.from(tables(seed).referenceLogits),
    ends: () => true,
    reward: (seed, prompt, response) => tables(seed).rewards[prompt[0]! * config.responses + response[0]!]!,
    contributions: (seed, prompt, response) => [tables(seed).rewards[prompt[0]! * config.responses + response[0]!]!],
    startWeights: null,
    encodeWeights: (weights, origin) => encodeTable(weights, config.prompts, config.responses, origin),
    trueReward: null,
    panel: null,
    promptText: ([prompt]) => `prompt ${prompt! + 1}`,
    completionText: (_prompt, [response]) => ` response ${response! + 1}`,
    tokenText: (response) => `response ${response + 1}`,
    evaluation: {
      kind: 'exact',
      evaluate(seed, weights, beta) {
        const t = tables(seed);
        return evaluateTable(weights, t.referenceLogits, t.rewards, t.prompts, t.responses, beta);
      },
      optimum(seed, beta) {
        const key = `${seed} ${beta}`;
        let found = optima.get(key);
        if (!found) optima.set(key, (found = line(seed, [beta])[0]!));
        return found;
      },
      prompt(seed, index, beta) {
        const key = `${seed} ${beta}`;
        const t = tables(seed);
        let found = prompts.get(key);
        if (!found) {
          const rewards = rowsOf(t, t.rewards);
          found = rowsOf(t, t.referenceLogits).map((referenceLogits, x) => ({
            referenceLogits,
            rewards: rewards[x]!,
            beta,
          }));
          prompts.set(key, found);
        }
        return found[index]!;
      },
      frontier: (seeds, beta) =>
        meanPoints(
          seeds.map((seed) =>
            line(
              seed,
              FRONTIER_MULTIPLES.map((multiple) => multiple * beta),
            ),
          ),
        ),
    },
  };
}

/** Pointwise mean of equally long lines. */
function meanPoints(lines: readonly (readonly PlanePoint[])[]): PlanePoint[] {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return (lines[0] ?? []).map((_, i) => ({
    reward: mean(lines.map((line) => line[i]!.reward)),
    kl: mean(lines.map((line) => line[i]!.kl)),
    objective: mean(lines.map((line) => line[i]!.objective)),
  }));
}
