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
    // T-PILAF decides on the device, by each prompt's partition functions.
    origin: sampler.partition ? 'unknown' : plan.scales[row] === 0 ? 'uniform' : originOf(plan.coefficients[row]!),
  };
}

/** What a completion was drawn from, by its coefficient. */
const originOf = (a: number): Origin => (a === 0 ? 'policy' : a === -1 ? 'reference' : a > 0 ? 'pushed' : 'pulled');
