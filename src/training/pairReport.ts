import type { Completion, PreferencePair } from './pair';
import type { Problem } from './problem';
import type { SampledCompletion, SampledPair } from './reports';
import type { Run } from './run';
import type { SampledCompletions } from './sampleCompletions';

/** A pair in words, as the page shows it; `sampled` is what the pair was read from. */
export function sampledPair(
  problem: Problem,
  run: Run,
  sampled: SampledCompletions,
  { prompt, chosen, rejected, probability }: PreferencePair,
): SampledPair {
  const words = (completion: Completion) => sampledCompletion(problem, run, sampled, prompt, completion);
  return {
    arm: run.arm,
    prompt: problem.promptText(prompt),
    chosen: words(chosen),
    rejected: words(rejected),
    preferenceProbability: probability,
  };
}

function sampledCompletion(
  problem: Problem,
  { beta, seed }: Run,
  { tokens, policyLogProbs, referenceLogProbs }: SampledCompletions,
  prompt: readonly number[],
  { ids, position, reward, logRatio }: Completion,
): SampledCompletion {
  const stride = tokens.length / problem.policy.completionLength;
  const contributions = problem.contributions(seed, prompt, ids);
  return {
    tokens: ids.map((id, t) => {
      const at = t * stride + position;
      return {
        text: problem.tokenText(id),
        implicitReward: beta * (policyLogProbs[at]! - referenceLogProbs[at]!),
        contribution: contributions[t] ?? 0,
      };
    }),
    reward,
    implicitReward: beta * logRatio,
  };
}
