/**
 * The training loop, one step of a fleet at a time (Feng et al. 2025, arXiv 2502.04270, algorithm 1):
 *
 *   collect preference pairs → label them → gradient of the loss → AdamW update
 *
 * Online training collects before every step. Iterative training is the same loop with longer rounds: a round collects
 * several times under one policy, then steps over its pool of pairs.
 */
import * as tf from '@tensorflow/tfjs-core';
import { clipFactors, updateAdamW } from '../ops/adamW/adamW';
import { paddedRows } from '../ops/rowSets';
import { collect, labelledPairs, planCollection, questionsOf, type BegunCollection, type Collection } from './collect';
import type { Answer, Question } from './annotator';
import { quietly, type Fleet } from './fleet';
import type { PreferencePair } from './pair';
import type { PairKinds } from './pairKinds';
import { labelledCompletions, preferenceGradient, type PreferenceBatch } from './preferenceGradient';
import { objectiveOf } from './run';
import type { SampledCompletions } from './sampleCompletions';
import { readTrained, type OnTrained, type TrainedBatch } from './trained';
import { minibatch, placeOf, type StepPlace } from './schedule';

/** A step whose first completions the device is sampling; one of the two must be called. */
export interface BegunStep {
  /** What a person who labels is to be asked; nothing where the step collects no pairs. */
  questions(): Promise<readonly Question[]>;
  /**
   * Waits for them, labels them and starts the update.
   *
   * @param answers to the questions, where a person labels
   * @param onTrained is told what every run was trained on
   */
  finish(answers?: readonly Answer[], onTrained?: OnTrained): Promise<void>;
  discard(): Promise<void>;
}

/** One step, counted from 0. */
export async function trainStep(fleet: Fleet, step: number): Promise<void> {
  await beginStep(fleet, step).finish();
}

/** Begins a step, so that the device samples for this fleet while the host labels what another one has sampled. */
export function beginStep(fleet: Fleet, step: number): BegunStep {
  const place = placeOf(fleet.config, step);
  const isRoundStart = place.step === 0;
  if (isRoundStart) fleet.beginRound(place.round);
  let begun = isRoundStart ? beginCollection(fleet, step) : null;
  return {
    async questions() {
      if (!begun) return [];
      const { collection, sampled } = begun;
      const read = await sampled;
      return fleet.runs.flatMap((_, r) => questionsOf(fleet, collection, read, r));
    },
    async finish(answers, onTrained) {
      let collection: Collection | null = null;
      try {
        for (let next = 1; begun; next++) {
          collection?.kinds.dispose();
          collection = begun.collection;
          label(fleet, step, collection, await begun.sampled, answers);
          begun = next < place.collections && fleet.alive ? beginCollection(fleet, step + next) : null;
        }
        // An evaluation may have found since that no run is left.
        if (!fleet.alive) return;
        const batch = update(fleet, step, place, collection?.kinds ?? null, onTrained !== undefined);
        if (batch) onTrained?.(await readTrained(fleet, step, batch));
      } finally {
        // What has failed while it was sampled is discarded by whoever began the step.
        if (!begun) collection?.kinds.dispose();
      }
    },
    async discard() {
      await begun?.sampled.catch(() => undefined);
      begun?.collection.kinds.dispose();
    },
  };
}

function beginCollection(fleet: Fleet, step: number): BegunCollection {
  const begun = collect(fleet, fleet.firstDraw + step);
  void quietly(begun.sampled);
  return begun;
}

/** Labels a collection's pairs, adds them to the runs' pools and counts what they cost. */
export function label(
  fleet: Fleet,
  step: number,
  collection: Collection,
  sampled: SampledCompletions,
  answers?: readonly Answer[],
): void {
  fleet.memories.forEach((memory, r) => {
    const { run, totals } = memory;
    const own = answers?.slice(r * fleet.pairs, (r + 1) * fleet.pairs) ?? null;
    const pairs = labelledPairs(fleet, collection, sampled, r, own);
    memory.diagnostics.add(own ? pairs.filter(({ tie }) => !tie) : pairs, objectiveOf(run));
    totals.labels += pairs.length;
    totals.annotationCost += pairs.length * run.annotationPerPair;
    const plan = collection.plans[r]!;
    const { passes } = plan;
    if (totals.samplingCost !== null && passes !== null) totals.samplingCost += passes;
    memory.pool = fleet.config.rounds ? [...memory.pool, ...pairs] : pairs;
    memory.latest = { pairs, sampled, plan };
    if (!pairs.every(isFinite)) memory.divergedAt ??= step + 1;
  });
}

const isFinite = ({ chosen, rejected }: PreferencePair): boolean =>
  Number.isFinite(chosen.logRatio) && Number.isFinite(rejected.logRatio);

/**
 * @param kinds of the pairs collected last; null unless this step begins a round
 * @param isTold whether somebody wants to know what was trained on, and then disposes of it
 */
function update(
  fleet: Fleet,
  step: number,
  place: StepPlace,
  kinds: PairKinds | null,
  isTold: boolean,
): TrainedBatch | null {
  const { schedule, rounds } = fleet.config;
  const decay = schedule.learningRate === 'linear' ? 1 - step / schedule.steps : 1;
  const draw = fleet.firstDraw + place.first;
  const pairs = fleet.memories.map(({ run, pool }) => minibatch(pool, place, run.seed, draw));
  const weights = tf.tidy(() => untied(pairWeights(fleet, kinds), pairs));
  tf.tidy(() => {
    const batch = { ...labelledCompletions(fleet, pairs), pairWeights: weights };
    descend(fleet, batch, decay, rounds?.resetOptimiser ? place.step + 1 : step + 1);
  });
  if (isTold) return { pairs, weights };
  weights.dispose();
  return null;
}

/** @param updates of AdamW's averages so far, this one included */
function descend(fleet: Fleet, batch: PreferenceBatch, decay: number, updates: number): void {
  const { task, config, runs, weights, mean, square } = fleet;
  const { gradient } = preferenceGradient(task.policy, weights, batch, runs.map(objectiveOf));
  updateAdamW({
    weights,
    mean,
    square,
    gradient,
    factors: config.optimiser.clip === null ? null : clipFactors(gradient, config.optimiser.clip),
    learningRates: runs.map((run) => run.learningRate * decay),
    step: updates,
    settings: config.optimiser,
  });
}

/** 1/P per pair, times T-PILAF's weights for the runs that ask for them; 0 behind the last pair. // [R, B/2] */
export function pairWeights({ runs, pairs }: Fleet, kinds: PairKinds | null): tf.Tensor2D {
  return tf.tidy(() => {
    const weights = kinds?.lossWeights() ?? tf.ones([runs.length, pairs]);
    const filling = paddedRows(2 * pairs) / 2 - pairs;
    return tf.pad(tf.div(weights, pairs) as tf.Tensor2D, [
      [0, 0],
      [0, filling],
    ]);
  });
}

/** The weights with 0 for pairs of which the labeller could not tell. // [R, B/2] */
function untied(weights: tf.Tensor2D, pairs: readonly (readonly PreferencePair[])[]): tf.Tensor2D {
  if (!pairs.some((own) => own.some(({ tie }) => tie))) return weights;
  const kept = pairs.map((own) => Array.from({ length: weights.shape[1] }, (_, p) => (own[p]?.tie ? 0 : 1)));
  return tf.mul(weights, tf.tensor2d(kept, weights.shape));
}

/** Launches what a step launches without reading anything, for kernels to be compiled ahead; changes nothing then. */
export function rehearseStep(fleet: Fleet): void {
  const { task, weights, runs } = fleet;
  tf.tidy(() => {
    const { collection, request } = planCollection(fleet, 0);
    task.policy.complete(weights, request, task.policy.sample(weights, request));
    const none = runs.map(() => []);
    const batch = { ...labelledCompletions(fleet, none), pairWeights: pairWeights(fleet, collection.kinds) };
    descend(fleet, batch, 0, 1);
  });
}
