/** One form of the policy with a fleet of its own: whole steps, steps cut into phases, and evaluations, timed. */
import * as tf from '@tensorflow/tfjs-core';
import { clipFactors, updateAdamW } from '../../src/ops/adamW/adamW';
import type { DeviceCompletions, Policy } from '../../src/policy/policy';
import { evaluateFleet } from '../../src/training/evaluate';
import { planCollection } from '../../src/training/collect';
import { Fleet } from '../../src/training/fleet';
import { label as labelAll, pairWeights, trainStep } from '../../src/training/round';
import { labelledCompletions, preferenceGradient, type PreferenceBatch } from '../../src/training/preferenceGradient';
import { objectiveOf } from '../../src/training/run';
import { sampleCompletions } from '../../src/training/sampleCompletions';
import type { PHASES } from './results';
import { workloadOf, type Form, type SizeName, type Workload } from './workload';

type Phase = Exclude<(typeof PHASES)[number], 'step' | 'evaluate'>;

/** Waits until the device has made a tensor, by reading one number of it. */
export async function settle(tensor: tf.Tensor): Promise<void> {
  const one = tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), tensor.size - 1, 1));
  await one.data();
  one.dispose();
}

/** Milliseconds. */
async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** A policy that has sampled already: `sampleCompletions` then only reads. */
const alreadySampled = (policy: Policy, sampled: DeviceCompletions): Policy => ({
  ...policy,
  sample: () => sampled,
  complete: () => undefined,
});

export class Contestant {
  readonly workload: Workload;
  readonly fleet: Fleet;
  private step = 0;

  constructor(
    readonly form: Form,
    size: SizeName,
    runs: number,
  ) {
    this.workload = workloadOf(form, size, runs);
    this.fleet = new Fleet(this.workload.task, this.workload.config, this.workload.runs);
  }

  /** The number of the step to do now. */
  nextStep(): number {
    return this.step++;
  }

  /** Milliseconds of a training step, as the mean of several with nothing waited for but their own read-backs. */
  async timeSteps(count: number): Promise<number> {
    await settle(this.fleet.weights);
    const time = await timed(async () => {
      for (let i = 0; i < count; i++) await trainStep(this.fleet, this.nextStep());
      await settle(this.fleet.weights);
    });
    this.check();
    return time / count;
  }

  async timeEvaluation(): Promise<number> {
    await settle(this.fleet.weights);
    return timed(async () => void (await evaluateFleet(this.fleet, this.step)));
  }

  /** One training step as `training/round.ts` does it, the device waited for after each phase. */
  async timePhases(): Promise<Record<Phase, number>> {
    const { fleet, step } = this;
    const { task, config } = this.workload;
    const { weights } = fleet;
    const { policy } = task;
    await settle(weights);

    const { collection, request } = planCollection(fleet, step);
    let sampled!: DeviceCompletions;
    const sample = await timed(async () => {
      sampled = policy.sample(weights, request);
      await settle(sampled.tokens);
    });
    const reference = await timed(async () => {
      policy.complete(weights, request, sampled);
      await settle(sampled.logProbs);
    });
    let batch!: PreferenceBatch;
    const label = await timed(async () => {
      // In one block, as it was sampled.
      const read = await sampleCompletions(alreadySampled(policy, sampled), weights, request, Infinity);
      labelAll(fleet, step, collection, read);
      const pairs = fleet.memories.map(({ pool }) => pool);
      batch = { ...labelledCompletions(fleet, pairs), pairWeights: pairWeights(fleet, collection.kinds) };
      await settle(batch.pairWeights);
    });
    let gradient!: tf.Tensor2D;
    const forwardBackward = await timed(async () => {
      const found = preferenceGradient(policy, weights, batch, this.workload.runs.map(objectiveOf));
      gradient = found.gradient;
      found.losses.dispose();
      await settle(gradient);
    });
    const optimiser = await timed(async () => {
      const factors = clipFactors(gradient, config.optimiser.clip!);
      updateAdamW({
        weights,
        mean: fleet.mean,
        square: fleet.square,
        gradient,
        factors,
        learningRates: this.workload.runs.map((run) => run.learningRate),
        step: this.nextStep() + 1,
        settings: config.optimiser,
      });
      factors.dispose();
      await settle(weights);
    });
    collection.kinds.dispose();
    tf.dispose([batch.pairWeights, gradient]);
    return { sample, reference, label, forwardBackward, optimiser };
  }

  dispose(): void {
    this.fleet.dispose();
  }

  /** Runs that diverge are fast for nothing. */
  private check(): void {
    if (this.fleet.memories.some(({ divergedAt }) => divergedAt !== null)) throw new Error(`${this.form} diverged`);
  }
}
