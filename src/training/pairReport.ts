import type { Completion, PreferencePair } from './pair';
import type { Task } from './task';
import type { SampledCompletion, SampledPair } from './reports';
import type { Run } from './run';
import type { SampledCompletions } from './sampleCompletions';

/** A pair in words, as the page shows it; `sampled` is what the pair was read from. */
export function sampledPair(
  task: Task,
  run: Run,
  sampled: SampledCompletions,
  { prompt, chosen, rejected, probability }: PreferencePair,
): SampledPair {
  const words = (completion: Completion) => sampledCompletion(task, run, sampled, prompt, completion);
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
  { beta, seed }: Run,
  { tokens, policyLogProbs, referenceLogProbs }: SampledCompletions,
  prompt: readonly number[],
  { ids, position, reward, logRatio }: Completion,
): SampledCompletion {
  const stride = tokens.length / task.policy.completionLength;
  const contributions = task.contributions(seed, prompt, ids);
  return {
    tokens: ids.map((id, t) => {
      const at = t * stride + position;
      return {
        text: task.tokenText(id),
        implicitReward: beta * (policyLogProbs[at]! - referenceLogProbs[at]!),
        contribution: contributions[t] ?? 0,
      };
    }),
    reward,
    implicitReward: beta * logRatio,
  };
}
