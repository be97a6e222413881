import { preferenceProbability } from '../math/bradleyTerry';
import type { Completion, PreferencePair } from './preferences';
import type { Problem } from './problem';
import type { SampledCompletion, SampledPair } from './reports';
import type { Run } from './run';

/** A pair in words, as the page shows it. */
export function sampledPair(problem: Problem, run: Run, { prompt, chosen, rejected }: PreferencePair): SampledPair {
  return {
    arm: run.arm,
    prompt: problem.promptText(prompt),
    chosen: sampledCompletion(problem, run.beta, chosen),
    rejected: sampledCompletion(problem, run.beta, rejected),
    preferenceProbability: preferenceProbability(chosen.reward, rejected.reward),
  };
}

function sampledCompletion(problem: Problem, beta: number, completion: Completion): SampledCompletion {
  return {
    tokens: completion.ids.map((id, t) => ({
      text: problem.tokenText(id),
      implicitReward: beta * (completion.policyLogProbs[t]! - completion.referenceLogProbs[t]!),
      contribution: completion.contributions[t] ?? 0,
    })),
    reward: completion.reward,
    implicitReward: beta * completion.logRatio,
  };
}
