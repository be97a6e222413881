import * as tf from '@tensorflow/tfjs-core';
import type { Evaluation } from '../experiment/documents/metrics';
import { isReliable } from '../experiment/documents/results';
import { STREAM } from '../math/random';
import { pooledDeviation } from '../math/statistics';
import { promptBatch } from '../policy/batches';
import type { SamplingRequest } from '../policy/policy';
import type { Fleet, RunMemory } from './fleet';
import { readCompletion } from './preferences';
import type { ExactEvaluation, Task, SampledEvaluation } from './task';
import { plainRequest, sampleCompletions, type SampledCompletions } from './sampleCompletions';

/** What a policy is worth at one moment; `gap` only where the optimum is known. */
interface Point {
  readonly reward: number;
  readonly kl: number;
  readonly entropy: number;
  readonly length: number;
  readonly rewardSpread: number | null;
  readonly trueReward: number | null;
  readonly gap: number | null;
}

type SampledPoint = Omit<Point, 'gap'>;

/** Evaluates every run of a fleet; the order is the fleet's. Runs that have diverged yield null. */
export async function evaluateFleet(fleet: Fleet, step: number): Promise<(Evaluation | null)[]> {
  const { evaluation } = fleet.task;
  const points =
    evaluation.kind === 'exact' ? await exactPoints(evaluation, fleet) : await sampledPoints(evaluation, fleet, step);
  return fleet.memories.map((memory, r) => {
    const point = points[r]!;
    if (!Number.isFinite(point.reward) || !Number.isFinite(point.kl)) memory.divergedAt ??= step;
    return memory.divergedAt === null ? evaluationOf(memory, point, step) : null;
  });
}

function evaluationOf({ run, totals, diagnostics }: RunMemory, point: Point, step: number): Evaluation {
  return {
    step,
    reward: point.reward,
    kl: point.kl,
    objective: point.reward - run.beta * point.kl,
    gap: point.gap,
    ...diagnostics.means(),
    entropy: point.entropy,
    length: point.length,
    rewardSpread: point.rewardSpread,
    trueReward: point.trueReward,
    ...totals,
  };
}

async function exactPoints(evaluation: ExactEvaluation, fleet: Fleet): Promise<Point[]> {
  const weights = await fleet.readWeights();
  return fleet.memories.map(({ run }, r) => {
    const point = evaluation.evaluate(run.seed, weights[r]!, run.beta);
    const gap = evaluation.optimum(run.seed, run.beta).objective - point.objective;
    const { reward, kl, entropy, rewardSpread } = point;
    return { reward, kl, entropy, length: 1, rewardSpread, trueReward: null, gap };
  });
}

/**
 * Samples from π_θ itself on the fixed test prompts. KL and entropy are Rao–Blackwellised: at every visited position
 * the sum over the full vocabulary, not the sampled token's log-ratio.
 */
async function sampledPoints(evaluation: SampledEvaluation, fleet: Fleet, step: number): Promise<Point[]> {
  const { task, config } = fleet;
  const seeds = fleet.memories.map(({ run }) => run.seed);
  // At the start the arms of a seed are one policy on the same draws: one evaluation serves them all.
  const { starts } = fleet;
  const places = seeds.map((seed, r) =>
    step === 0 ? seeds.findIndex((other, q) => other === seed && starts[q] === starts[r]) : r,
  );
  const evaluated = [...new Set(places)];
  const rows = config.evaluation.samples;
  const request = evaluationRequest(evaluation, fleet, evaluated, step);
  const sampled = await sampleCompletions(task.policy, fleet.weights, request);
  const points = evaluated.map((r, set) => meanPoint(task, evaluation, sampled, seeds[r]!, set, rows));
  // Runs that share an evaluation may still differ in β.
  return places.map((place, r) => {
    const point = points[evaluated.indexOf(place)]!;
    return { ...point, gap: estimatedGap(evaluation, fleet.memories[r]!.run.beta, point) };
  });
}

/** J* − J where J* is estimated well enough. */
function estimatedGap({ optimum }: SampledEvaluation, beta: number, { reward, kl }: SampledPoint): number | null {
  const best = typeof optimum === 'object' ? optimum.at(beta) : null;
  return best && isReliable(best) ? best.objective - (reward - beta * kl) : null;
}

/**
 * The runs' own samples, with KL and entropy: the first `samples` test prompts, from the start again where there are
 * fewer; the same for every run. The caller disposes the settings.
 */
function evaluationRequest(
  { testPrompts }: SampledEvaluation,
  fleet: Fleet,
  runs: readonly number[],
  step: number,
): SamplingRequest {
  const { samples } = fleet.config.evaluation;
  const promptOf = (row: number) => testPrompts[(row % samples) % testPrompts.length]!;
  return plainRequest({
    prompts: promptBatch(runs.length, samples, fleet.task.promptLength, promptOf),
    ...fleet.setsOf(runs),
    seeds: runs.map((r) => fleet.runs[r]!.seed),
    stream: STREAM.evaluation,
    step,
    measure: true,
  });
}

/** Launches what an evaluation launches without reading anything, for kernels to be compiled ahead. */
export function rehearseEvaluation(fleet: Fleet): void {
  const { evaluation, policy } = fleet.task;
  if (evaluation.kind === 'exact') return;
  tf.tidy(() => {
    policy.sample(fleet.weights, evaluationRequest(evaluation, fleet, [0], 0));
  });
}

/** Means over one set's rows. */
function meanPoint(
  task: Task,
  { testPrompts }: SampledEvaluation,
  sampled: SampledCompletions,
  seed: number,
  set: number,
  rows: number,
): SampledPoint {
  const stride = sampled.tokens.length / task.policy.completionLength;
  const sum = { reward: 0, trueReward: 0, kl: 0, entropy: 0, length: 0 };
  const rewards = testPrompts.map((): number[] => []);
  for (let row = 0; row < rows; row++) {
    const position = set * rows + row;
    const prompt = testPrompts[row % testPrompts.length]!;
    const completion = readCompletion(task, seed, prompt, sampled, position);
    sum.reward += completion.reward;
    sum.trueReward += task.trueReward?.(prompt, completion.ids) ?? 0;
    rewards[row % testPrompts.length]!.push(completion.reward);
    sum.length += completion.ids.length;
    for (let t = 0; t < completion.ids.length; t++) {
      sum.kl += sampled.kl![t * stride + position]!;
      sum.entropy += sampled.entropy![t * stride + position]!;
    }
  }
  return {
    reward: sum.reward / rows,
    kl: sum.kl / rows,
    entropy: sum.entropy / rows,
    length: sum.length / rows,
    rewardSpread: pooledDeviation(rewards),
    trueReward: task.trueReward ? sum.trueReward / rows : null,
  };
}
