import * as tf from '@tensorflow/tfjs-core';
import type { Evaluation } from '../experiment/metrics';
import type { ExperimentConfig } from '../experiment/schema';
import { STREAM } from '../math/random';
import type { PromptBatch } from '../policy/policy';
import type { Fleet, RunMemory } from './fleet';
import { readCompletion } from './preferences';
import type { ExactEvaluation, Problem, SampledEvaluation } from './problem';
import { sampleCompletions } from './sampleCompletions';

/** What a policy is worth at one moment; `gap` only where the optimum is known. */
interface Point {
  readonly reward: number;
  readonly kl: number;
  readonly entropy: number;
  readonly length: number;
  readonly gap: number | null;
}

/** Evaluates every run of a fleet; the order is the fleet's. Runs that have diverged yield null. */
export async function evaluateFleet(
  problem: Problem,
  config: ExperimentConfig,
  fleet: Fleet,
  step: number,
): Promise<(Evaluation | null)[]> {
  const points =
    problem.evaluation.kind === 'exact'
      ? await exactPoints(problem.evaluation, fleet)
      : await sampledPoints(problem, problem.evaluation, config, fleet, step);
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
    ...totals,
  };
}

async function exactPoints(evaluation: ExactEvaluation, fleet: Fleet): Promise<Point[]> {
  const weights = (await fleet.weights.data()) as Float32Array;
  const count = weights.length / fleet.memories.length;
  return fleet.memories.map(({ run }, r) => {
    const own = weights.subarray(r * count, (r + 1) * count);
    const point = evaluation.evaluate(run.seed, own, run.beta);
    const gap = evaluation.optimum(run.seed, run.beta).objective - point.objective;
    return { reward: point.reward, kl: point.kl, entropy: point.entropy, length: 1, gap };
  });
}

/**
 * Samples from π_θ itself on the fixed test prompts. KL and entropy are Rao–Blackwellised: at every visited position
 * the sum over the full vocabulary, not the sampled token's log-ratio.
 */
async function sampledPoints(
  problem: Problem,
  evaluation: SampledEvaluation,
  config: ExperimentConfig,
  fleet: Fleet,
  step: number,
): Promise<Point[]> {
  const runs = fleet.memories.length;
  const rows = config.evaluation.samples;
  const prompts = testPromptBatch(evaluation, problem.promptLength, runs, rows);
  const weights = fleet.stackedWeights();
  const coefficients = tf.zeros([runs, rows]) as tf.Tensor2D;
  const scales = tf.ones([runs, rows]) as tf.Tensor2D;
  const sampled = await sampleCompletions(problem.policy, {
    weights,
    prompts,
    coefficients,
    scales,
    seeds: fleet.seeds,
    stream: STREAM.evaluation,
    step,
    measure: true,
  });
  tf.dispose([weights, coefficients, scales]);
  return fleet.memories.map(({ run }, r) => {
    const sum = { reward: 0, kl: 0, entropy: 0, length: 0 };
    for (let row = 0; row < rows; row++) {
      const prompt = evaluation.testPrompts[row % evaluation.testPrompts.length]!;
      const completion = readCompletion(problem, run.seed, prompt, sampled, r * rows + row);
      sum.reward += completion.reward;
      sum.length += completion.ids.length;
      for (let t = 0; t < completion.ids.length; t++) {
        sum.kl += sampled.kl![t * runs * rows + r * rows + row]!;
        sum.entropy += sampled.entropy![t * runs * rows + r * rows + row]!;
      }
    }
    const mean = (value: number) => value / rows;
    return {
      reward: mean(sum.reward),
      kl: mean(sum.kl),
      entropy: mean(sum.entropy),
      length: mean(sum.length),
      gap: null,
    };
  });
}

/** The first `rows` test prompts, from the start again where there are fewer; the same for every run. */
function testPromptBatch({ testPrompts }: SampledEvaluation, length: number, sets: number, rows: number): PromptBatch {
  const ids = new Int32Array(sets * rows * length);
  for (let position = 0; position < sets * rows; position++) {
    ids.set(testPrompts[(position % rows) % testPrompts.length]!, position * length);
  }
  return { sets, rows, length, ids };
}
