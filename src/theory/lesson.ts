import { preferenceProbability } from '../math/bradleyTerry';
import { startAdamW, stepAdamW } from '../math/adamW';
import { pairLoss } from '../math/preferenceLosses';
import { categorical, STREAM, uniform } from '../math/random';
import { isPairTable, type Coefficient, type ResolvedSampler } from '../experiment/samplers/table';
import { selectPair } from '../experiment/samplers/select';
import { armPairs, inGrains } from './armPairs';
import { expectedDpoGradient } from './gradients';
import { implicitRewards } from './implicitReward';
import { interpolatedProbabilities, tPilafMixture } from './pairDistribution';
import type { Prompt } from './prompt';

/**
 * Training on one prompt, step by step and in float64, for whoever wants to watch it. A policy is its logits, [K].
 */
export interface Lesson {
  readonly prompt: Prompt;
  readonly sampler: ResolvedSampler;
  readonly seed: number;
}

/** One AdamW step changes an implicit reward by about so much. */
const PATH_STEP = 0.05;

/** A drawn pair changes its two implicit rewards by at most so much. */
const PAIR_STEP = 0.5;

/** The policy after so many AdamW steps down the expected DPO gradient, from the reference. Each step's μ is the policy's. */
export function trained({ prompt, sampler }: Lesson, steps: number): Float64Array {
  const { referenceLogits, rewards, beta } = prompt;
  let state = startAdamW(referenceLogits);
  for (let step = 0; step < steps; step++) {
    const mu = armPairs(sampler, prompt, state.weights);
    const gradient = expectedDpoGradient(state.weights, referenceLogits, rewards, beta, mu);
    state = stepAdamW(state, gradient, PATH_STEP / beta);
  }
  return state.weights;
}

/** One of the two completions of a pair, and what it was drawn from. */
export interface DrawnResponse {
  readonly response: number;
  readonly coefficient: Coefficient;
}

export interface DrawnPair {
  readonly first: DrawnResponse;
  readonly second: DrawnResponse;
  /** All N that were drawn, where the sampler takes the best and the worst; else null. */
  readonly candidates: readonly number[] | null;
  /** P(the first is preferred) = σ(r*(first) − r*(second)). */
  readonly probability: number;
  readonly chosen: number;
  readonly rejected: number;
  /** ∇ of −log σ(r_θ(chosen) − r_θ(rejected)) in the logits. // [K] */
  readonly gradient: Float64Array;
}

/** The `index`-th pair of a lesson, drawn under a policy and labelled. */
export function drawPair(lesson: Lesson, logits: ArrayLike<number>, index: number): DrawnPair {
  const { prompt, sampler, seed } = lesson;
  const { referenceLogits, rewards, beta } = prompt;
  const draw = (stream: number, row = 0) => uniform({ seed, stream, step: index, row, token: 0 });
  const mixture = sampler.partition
    ? tPilafMixture(logits, referenceLogits, beta, Number(sampler.mixture[0]!.first))
    : sampler.mixture;
  const component =
    mixture[
      categorical(
        mixture.map(({ weight }) => weight),
        draw(STREAM.component),
      )
    ]!;
  const fromTable = (): DrawnResponse[] => {
    const entry = categorical(armPairs(sampler, prompt, logits), draw(STREAM.component));
    return [Math.floor(entry / logits.length), entry % logits.length].map((response) => ({
      response,
      coefficient: 'uniform',
    }));
  };
  const drawnAlone = () =>
    Array.from({ length: sampler.candidates }, (_, row): DrawnResponse => {
      const coefficient = row % 2 === 0 ? component.first : component.second;
      const p = interpolatedProbabilities(coefficient, logits, referenceLogits, sampler.temperature);
      return { response: categorical(p, draw(STREAM.token, row)), coefficient };
    });
  const isTable = isPairTable(sampler.selection);
  const drawn = isTable ? fromTable() : drawnAlone();
  const implicit = implicitRewards(logits, referenceLogits, beta);
  const [a, b] = selectPair(
    sampler.selection,
    drawn.map(({ response: k }) => ({ ids: [k], logRatio: inGrains(implicit[k]!) })),
    ({ ids: [k] }) => rewards[k!]!,
  );
  const [first, second] = [drawn[a]!, drawn[b]!];
  const probability = preferenceProbability(rewards[first.response]!, rewards[second.response]!);
  const [chosen, rejected] =
    draw(STREAM.label) < probability ? [first.response, second.response] : [second.response, first.response];
  return {
    first,
    second,
    candidates: sampler.selection === 'pair' || isTable ? null : drawn.map(({ response }) => response),
    probability,
    chosen,
    rejected,
    gradient: pairGradient(prompt, logits, chosen, rejected),
  };
}

/** ∇ of a labelled pair's DPO loss in the logits: the policy's own terms cancel, so that two entries move. // [K] */
export function pairGradient(
  { referenceLogits, beta }: Prompt,
  logits: ArrayLike<number>,
  chosen: number,
  rejected: number,
): Float64Array {
  const implicit = implicitRewards(logits, referenceLogits, beta);
  const loss = { kind: 'dpo', beta, smoothing: 0 } as const;
  const { chosenSlope, rejectedSlope } = pairLoss(loss, implicit[chosen]! / beta, implicit[rejected]! / beta, 0);
  const gradient = new Float64Array(logits.length);
  gradient[chosen]! += chosenSlope;
  gradient[rejected]! += rejectedSlope;
  return gradient;
}

/** One plain step down a pair's gradient; a race has AdamW average it with others. */
export const updated = ({ prompt: { beta } }: Lesson, logits: ArrayLike<number>, { gradient }: DrawnPair) =>
  Float64Array.from(logits, (h, k) => h - (PAIR_STEP / beta ** 2) * gradient[k]!);

/** The policy that has learnt from the first `count` pairs, one after the other, from `start`. */
export function afterPairs(lesson: Lesson, start: Float64Array, count: number): Float64Array {
  let logits = start;
  for (let index = 0; index < count; index++) logits = updated(lesson, logits, drawPair(lesson, logits, index));
  return logits;
}
