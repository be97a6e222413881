import { dpoLoss, preferenceProbability } from '../math/bradleyTerry';
import { STREAM, uniform } from '../math/random';
import { selectPair } from '../samplers/select';
import type { Problem } from './problem';
import type { Run } from './run';
import type { SampledCompletions } from './sampleCompletions';

/** A sampled completion as labelling sees it; what the page shows beyond this is looked up when it is shown. */
export interface Completion {
  /** Ids up to and including the end token. */
  readonly ids: readonly number[];
  /** The row's place in one token's slice of the sampled arrays, run · rows + row. */
  readonly position: number;
  /** log π_ref(y|x), nats. */
  readonly referenceLogProb: number;
  /** log π_θ(y|x) − log π_ref(y|x), nats. */
  readonly logRatio: number;
  /** The oracle's score r*. */
  readonly reward: number;
}

export interface PreferencePair {
  readonly prompt: readonly number[];
  readonly chosen: Completion;
  readonly rejected: Completion;
}

/**
 * Selects two of a pair's candidates and labels them by Bradley–Terry: P(a ≻ b) = σ(r*(a) − r*(b)).
 * The label's draw is addressed by (seed, step, pair) and shared by all arms.
 */
export function labelPair(
  run: Run,
  step: number,
  pair: number,
  prompt: readonly number[],
  candidates: readonly Completion[],
): PreferencePair {
  const [first, second] = selectPair(run.sampler.selection, candidates);
  const a = candidates[first]!;
  const b = candidates[second]!;
  const u = uniform({ seed: run.seed, stream: STREAM.label, step, row: pair, token: 0 });
  return u < preferenceProbability(a.reward, b.reward)
    ? { prompt, chosen: a, rejected: b }
    : { prompt, chosen: b, rejected: a };
}

/** Sums of a run's training diagnostics since the last evaluation. */
export class Diagnostics {
  private pairs = 0;
  private loss = 0;
  private chosenReward = 0;
  private rejectedReward = 0;
  private correct = 0;
  private oracleGap = 0;

  add({ chosen, rejected }: PreferencePair, beta: number): void {
    const margin = beta * (chosen.logRatio - rejected.logRatio);
    this.pairs += 1;
    this.loss += dpoLoss(margin);
    this.chosenReward += beta * chosen.logRatio;
    this.rejectedReward += beta * rejected.logRatio;
    // A tie, as at the very start, is a coin toss.
    this.correct += margin > 0 ? 1 : margin === 0 ? 0.5 : 0;
    this.oracleGap += Math.abs(chosen.reward - rejected.reward);
  }

  /** Means per pair; null before the first pair. */
  means(): Record<'loss' | 'chosenReward' | 'rejectedReward' | 'margin' | 'accuracy' | 'oracleGap', number | null> {
    const mean = (sum: number) => (this.pairs === 0 ? null : sum / this.pairs);
    return {
      loss: mean(this.loss),
      chosenReward: mean(this.chosenReward),
      rejectedReward: mean(this.rejectedReward),
      margin: mean(this.chosenReward - this.rejectedReward),
      accuracy: mean(this.correct),
      oracleGap: mean(this.oracleGap),
    };
  }

  forget(): void {
    this.pairs = this.loss = this.chosenReward = this.rejectedReward = this.correct = this.oracleGap = 0;
  }
}

/** Cuts a row's tokens at the end token and has the oracle read them. */
export function readCompletion(
  problem: Problem,
  seed: number,
  prompt: readonly number[],
  sampled: SampledCompletions,
  position: number,
): Completion {
  const length = problem.policy.completionLength;
  const stride = sampled.tokens.length / length;
  const ids: number[] = [];
  let logRatio = 0;
  let referenceLogProb = 0;
  for (let t = 0; t < length; t++) {
    const at = t * stride + position;
    const token = sampled.tokens[at]!;
    ids.push(token);
    referenceLogProb += sampled.referenceLogProbs[at]!;
    logRatio += sampled.policyLogProbs[at]! - sampled.referenceLogProbs[at]!;
    if (problem.ends(token)) break;
  }
  return { ids, position, referenceLogProb, logRatio, reward: problem.reward(seed, prompt, ids) };
}
