import type { LabellerConfig } from '../experiment/config/schema';
import { labelProbability } from '../math/bradleyTerry';
import { pairLoss, referencePoint, type PreferenceLoss } from '../math/preferenceLosses';
import { STREAM, uniform, uniformInteger } from '../math/random';
import { selectPair } from '../experiment/samplers/select';
import type { Completion, PreferencePair } from './pair';
import type { Task } from './task';
import type { Run } from './run';
import type { SampledCompletions } from './sampleCompletions';
import type { DiagnosticSums } from './snapshot';

/**
 * Selects two of a pair's candidates and labels them. The draws of the annotator and of the label are addressed by
 * (seed, step, pair) and shared by all arms.
 */
export function labelPair(
  task: Task,
  labeller: LabellerConfig,
  run: Run,
  step: number,
  pair: number,
  prompt: readonly number[],
  candidates: readonly Completion[],
): PreferencePair {
  const [first, second] = selectPair(run.sampler.selection, candidates);
  const a = candidates[first]!;
  const b = candidates[second]!;
  const draw = (stream: number) => ({ seed: run.seed, stream, step, row: pair, token: 0 });
  let scoreOf = ({ reward }: Completion): number => reward;
  if (labeller.reader === 'panel') {
    const panel = task.panel!;
    const annotator = uniformInteger(draw(STREAM.annotator), panel.size);
    scoreOf = ({ ids }) => panel.score(annotator, prompt, ids);
  }
  const probability = labelProbability(labeller, scoreOf(a), scoreOf(b));
  return uniform(draw(STREAM.label)) < probability
    ? { prompt, chosen: a, rejected: b, probability }
    : { prompt, chosen: b, rejected: a, probability: 1 - probability };
}

const NOTHING: DiagnosticSums = { pairs: 0, loss: 0, chosenReward: 0, rejectedReward: 0, correct: 0, oracleGap: 0 };

/** Sums of a run's training diagnostics since the last evaluation, over fresh pairs before they are trained on. */
export class Diagnostics {
  sums: DiagnosticSums = { ...NOTHING };

  /** @param pairs of one step: KTO's loss depends on its neighbours */
  add(pairs: readonly PreferencePair[], objective: PreferenceLoss): void {
    const { beta } = objective;
    const point = referencePoint(pairs.flatMap(({ chosen, rejected }) => [chosen.logRatio, rejected.logRatio]));
    for (const { chosen, rejected } of pairs) {
      const margin = beta * (chosen.logRatio - rejected.logRatio);
      this.sums.pairs += 1;
      this.sums.loss += pairLoss(objective, chosen.logRatio, rejected.logRatio, point).loss;
      this.sums.chosenReward += beta * chosen.logRatio;
      this.sums.rejectedReward += beta * rejected.logRatio;
      this.sums.correct += correctness(margin);
      this.sums.oracleGap += Math.abs(chosen.reward - rejected.reward);
    }
  }

  /** Means per pair; null before the first pair. */
  means(): Record<'loss' | 'chosenReward' | 'rejectedReward' | 'margin' | 'accuracy' | 'oracleGap', number | null> {
    const { pairs, loss, chosenReward, rejectedReward, correct, oracleGap } = this.sums;
    const mean = (sum: number) => (pairs === 0 ? null : sum / pairs);
    return {
      loss: mean(loss),
      chosenReward: mean(chosenReward),
      rejectedReward: mean(rejectedReward),
      margin: mean(chosenReward - rejectedReward),
      accuracy: mean(correct),
      oracleGap: mean(oracleGap),
    };
  }

  forget(): void {
    this.sums = { ...NOTHING };
  }
}

/** Whether the implicit reward ranks a pair as its label does; a tie, as at the very start, is a coin toss. */
export const correctness = (margin: number): number => (margin > 0 ? 1 : margin === 0 ? 0.5 : 0);

/** Cuts a row's tokens at the end token and has the oracle read them. */
export function readCompletion(
  task: Task,
  seed: number,
  prompt: readonly number[],
  sampled: SampledCompletions,
  position: number,
): Completion {
  const length = task.policy.completionLength;
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
    if (task.ends(token)) break;
  }
  return { ids, position, referenceLogProb, logRatio, reward: task.reward(seed, prompt, ids) };
}
