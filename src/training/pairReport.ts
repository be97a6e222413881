import type { SamplingPlan } from '../experiment/samplers/plan';
import { isPairTable, type ResolvedSampler } from '../experiment/samplers/table';
import type { CollectedPairs } from './fleet';
import type { Completion, PreferencePair } from './pair';
import type { Task } from './task';
import type { Origin, SampledCompletion, SampledPair } from './reports';
import type { Run } from './run';

/** A pair in words, as the page shows it; `collected` is what the pair was read from. */
export function sampledPair(
  task: Task,
  run: Run,
  collected: CollectedPairs,
  { prompt, chosen, rejected, probability }: PreferencePair,
): SampledPair {
  const words = (completion: Completion) => sampledCompletion(task, run, collected, prompt, completion);
  return {
    arm: run.arm,
    prompt: task.promptText(prompt),
    chosen: words(chosen),
    rejected: words(rejected),
    preferenceProbability: probability,
  };
}

function sampledCompletion(
  task: Task,
  run: Run,
  { sampled: { tokens, policyLogProbs, referenceLogProbs }, plan }: CollectedPairs,
  prompt: readonly number[],
  { ids, position, reward, logRatio }: Completion,
): SampledCompletion {
  const { beta, seed, sampler } = run;
  const stride = tokens.length / task.policy.completionLength;
  const contributions = task.contributions(seed, prompt, ids);
  const row = position % plan.coefficients.length;
  return {
    tokens: ids.map((id, t) => {
      const at = t * stride + position;
      return {
        text: task.tokenText(id),
        implicitReward: beta * (policyLogProbs[at]! - referenceLogProbs[at]!),
        contribution: contributions[t] ?? 0,
        policyProbability: Math.exp(policyLogProbs[at]!),
        referenceProbability: Math.exp(referenceLogProbs[at]!),
      };
    }),
    reward,
    implicitReward: beta * logRatio,
    origin: originOf(sampler, plan, row),
  };
}

function originOf(sampler: ResolvedSampler, { scales, coefficients }: SamplingPlan, row: number): Origin {
  if (isPairTable(sampler.selection)) return 'table';
  // T-PILAF decides on the device, by each prompt's partition functions.
  if (sampler.partition) return 'unknown';
  if (scales[row] === 0) return 'uniform';
  const a = coefficients[row]!;
  return a === 0 ? 'policy' : a === -1 ? 'reference' : a > 0 ? 'pushed' : 'pulled';
}
