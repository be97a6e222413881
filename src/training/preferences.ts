import type { LabellerConfig } from '../experiment/config/schema';
import { labelProbability } from '../math/bradleyTerry';
import { STREAM, uniform, uniformInteger } from '../math/random';
import { selectPair } from '../experiment/samplers/select';
import type { Answer } from './annotator';
import type { Completion, Draw, PreferencePair } from './pair';
import type { Task } from './task';
import type { Run } from './run';
import type { SampledCompletions } from './sampleCompletions';

/**
 * Two of a pair's candidates, in the order in which they are shown. The oracle reads these two, and the others only
 * where the rule goes by its score.
 */
export function shownCompletions(
  task: Task,
  { sampler, seed }: Run,
  prompt: readonly number[],
  candidates: readonly Draw[],
): readonly [first: Completion, second: Completion] {
  /** A learnt oracle takes a while to read one. */
  const read = new Map<Draw, Completion>();
  const completionOf = (draw: Draw): Completion => {
    const known = read.get(draw) ?? judged(task, seed, prompt, draw);
    read.set(draw, known);
    return known;
  };
  const [first, second] = selectPair(sampler.selection, candidates, (draw) => completionOf(draw).reward);
  return [completionOf(candidates[first]!), completionOf(candidates[second]!)];
}

/** A pair as a person has labelled it; a tie keeps the order in which it was shown. */
export function answeredPair(
  prompt: readonly number[],
  [first, second]: readonly [Completion, Completion],
  answer: Answer,
): PreferencePair {
  const [chosen, rejected] = answer === 'second' ? [second, first] : [first, second];
  return { prompt, chosen, rejected, probability: 1, ...(answer === 'tie' ? { tie: true } : {}) };
}

/**
 * Labels a pair by the oracle or the panel. The draws of the annotator and of the label are addressed by
 * (seed, step, pair) and shared by all arms.
 */
export function labelPair(
  task: Task,
  labeller: LabellerConfig,
  run: Run,
  step: number,
  pair: number,
  prompt: readonly number[],
  [a, b]: readonly [Completion, Completion],
): PreferencePair {
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

/** Cuts a row's tokens at the end token. */
export function readDraw(task: Task, sampled: SampledCompletions, position: number): Draw {
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
  return { ids, position, referenceLogProb, logRatio };
}

/** The same, read by the oracle. */
export const readCompletion = (
  task: Task,
  seed: number,
  prompt: readonly number[],
  sampled: SampledCompletions,
  position: number,
): Completion => judged(task, seed, prompt, readDraw(task, sampled, position));

const judged = (task: Task, seed: number, prompt: readonly number[], draw: Draw): Completion => ({
  ...draw,
  reward: task.reward(seed, prompt, draw.ids),
});
