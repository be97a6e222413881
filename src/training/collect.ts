import * as tf from '@tensorflow/tfjs-core';
import { STREAM, uniformInteger } from '../math/random';
import { promptBatch } from '../policy/batches';
import { POLICY, REFERENCE, type SamplingRequest } from '../policy/policy';
import { planSampling, type SamplingPlan } from '../experiment/samplers/plan';
import { samplerAt } from '../experiment/samplers/table';
import type { Answer, Question } from './annotator';
import type { Fleet } from './fleet';
import type { Completion, PreferencePair } from './pair';
import { PairKinds } from './pairKinds';
import { hasPairTables, tokensFromTables } from './pairTables';
import { answeredPair, labelPair, readDraw, shownCompletions } from './preferences';
import { sampleCompletions, type SampledCompletions } from './sampleCompletions';

/** `schedule.pairs` prompts for every run, and how the candidates of each are drawn. */
export interface Collection {
  /** Addresses the random numbers; prompts and label noise are shared by all arms of a seed. */
  readonly draw: number;
  readonly promptIndices: Int32Array; // [R, P]
  readonly plans: readonly SamplingPlan[]; // [R]
  /** The caller disposes it. */
  readonly kinds: PairKinds;
}

/** A collection that is being sampled. */
export interface BegunCollection {
  readonly collection: Collection;
  readonly sampled: Promise<SampledCompletions>;
}

/**
 * Draws prompts, and from each run's mixture the coefficients of every pair (`experiment/samplers/table.ts`), and
 * samples the candidates. The device is sampling them when this returns.
 */
export function collect(fleet: Fleet, draw: number): BegunCollection {
  const { collection, request } = planCollection(fleet, draw);
  const { policy } = fleet.task;
  if (!hasPairTables(fleet)) return { collection, sampled: sampleCompletions(policy, fleet.weights, request) };
  const sampled = fleet
    .readWeights()
    .then((policies) => tokensFromTables(fleet, collection, policies))
    .then((given) => sampleCompletions(policy, fleet.weights, { ...request, given }));
  return { collection, sampled };
}

/** What `collect` samples; the caller disposes the request's settings and the kinds. */
export function planCollection(fleet: Fleet, draw: number): { collection: Collection; request: SamplingRequest } {
  const { task, runs, pairs, candidates } = fleet;
  const promptIndices = new Int32Array(runs.length * pairs);
  runs.forEach(({ seed }, r) => {
    const same = runs.findIndex((run) => run.seed === seed);
    if (same < r) {
      promptIndices.copyWithin(r * pairs, same * pairs, (same + 1) * pairs);
      return;
    }
    for (let pair = 0; pair < pairs; pair++) {
      const address = { seed, stream: STREAM.prompt, step: draw, row: pair, token: 0 };
      promptIndices[r * pairs + pair] = uniformInteger(address, task.promptCount);
    }
  });
  const share = (draw - fleet.firstDraw) / fleet.config.schedule.steps;
  const plans = runs.map((run) => planSampling(samplerAt(run.sampler, share), run.seed, draw, pairs));
  const collection = { draw, promptIndices, plans, kinds: new PairKinds(fleet, promptIndices) };
  const coefficients = joined(plans.map((plan) => plan.coefficients));
  const promptOf = (row: number) => task.promptIds(promptIndices[Math.floor(row / candidates)]!);
  const request = {
    prompts: promptBatch(runs.length, pairs * candidates, task.promptLength, promptOf),
    ...fleet.samplingSets(),
    settings: settingsOf(fleet, collection, coefficients),
    models: modelsOf(coefficients),
    seeds: runs.map((run) => run.seed),
    stream: STREAM.token,
    step: draw,
    measure: false,
  };
  return { collection, request };
}

/** Which models logits h_θ + a·(h_θ − h_ref) are made of, by a. */
function modelsOf(coefficients: Float32Array): Uint8Array {
  const models = new Uint8Array(coefficients.length);
  for (let row = 0; row < models.length; row++) {
    const a = coefficients[row];
    models[row] = a === 0 ? POLICY : a === -1 ? REFERENCE : POLICY | REFERENCE;
  }
  return models;
}

/** a and 1/temperature of every row. // [2, R, P·candidates] */
function settingsOf(fleet: Fleet, { plans, kinds }: Collection, coefficients: Float32Array): tf.Tensor3D {
  const { runs, pairs, candidates } = fleet;
  const shape: [number, number] = [runs.length, pairs * candidates];
  return tf.tidy(() => {
    const planned = tf.tensor3d(coefficients, [runs.length, pairs, candidates]);
    const settled = kinds.coefficients(planned, joined(plans.map((plan) => plan.gates)));
    const scales = tf.tensor2d(joined(plans.map((plan) => plan.scales)), shape);
    return tf.stack([tf.reshape(settled, shape), scales]) as tf.Tensor3D;
  });
}

/**
 * The pairs of the fleet's `r`-th run: its candidates are read, two of them selected and labelled. // [P]
 *
 * @param answers a person's, where one labels  // [P]
 */
export function labelledPairs(
  fleet: Fleet,
  of: Collection,
  sampled: SampledCompletions,
  r: number,
  answers: readonly Answer[] | null,
): PreferencePair[] {
  const { labeller } = fleet.config;
  const run = fleet.runs[r]!;
  return selectedPairs(fleet, of, sampled, r).map(({ prompt, shown }, p) =>
    answers
      ? answeredPair(prompt, shown, answers[p]!)
      : labelPair(fleet.task, labeller, run, of.draw, p, prompt, shown),
  );
}

/** What a person is asked of the fleet's `r`-th run. // [P] */
export function questionsOf(fleet: Fleet, of: Collection, sampled: SampledCompletions, r: number): Question[] {
  const { task, runs } = fleet;
  const { arm, seed } = runs[r]!;
  return selectedPairs(fleet, of, sampled, r).map(({ prompt, shown: [first, second] }, pair) => ({
    arm,
    seed,
    step: of.draw,
    pair,
    prompt: task.promptText(prompt),
    first: task.completionText(prompt, first.ids),
    second: task.completionText(prompt, second.ids),
    rewards: [first.reward, second.reward],
  }));
}

interface SelectedPair {
  readonly prompt: readonly number[];
  readonly shown: readonly [Completion, Completion];
}

function selectedPairs(fleet: Fleet, of: Collection, sampled: SampledCompletions, r: number): SelectedPair[] {
  const { task, runs, pairs, candidates } = fleet;
  const run = runs[r]!;
  const selected: SelectedPair[] = [];
  for (let p = 0; p < pairs; p++) {
    const prompt = task.promptIds(of.promptIndices[r * pairs + p]!);
    const start = (r * pairs + p) * candidates;
    const drawn = Array.from({ length: candidates }, (_, c) => readDraw(task, sampled, start + c));
    selected.push({ prompt, shown: shownCompletions(task, run, prompt, drawn) });
  }
  return selected;
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(arrays.reduce((n, a) => n + a.length, 0));
  let at = 0;
  for (const array of arrays) {
    out.set(array, at);
    at += array.length;
  }
  return out;
}
