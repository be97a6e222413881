import * as tf from '@tensorflow/tfjs-core';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { SamplingPlan } from '../experiment/samplers/plan';
import { parameterCount } from '../policy/parameters';
import type { SamplingRequest } from '../policy/policy';
import { Diagnostics } from './diagnostics';
import type { PreferencePair } from './pair';
import type { Task } from './task';
import type { Run } from './run';
import type { SampledCompletions } from './sampleCompletions';
import type { PolicySnapshot, RunTotals } from './snapshot';

/** A run's part of a collection. */
export interface CollectedPairs {
  readonly pairs: readonly PreferencePair[];
  readonly sampled: SampledCompletions;
  readonly plan: SamplingPlan;
}

/** What a run remembers beside its weights. */
export interface RunMemory {
  readonly run: Run;
  readonly totals: RunTotals;
  readonly diagnostics: Diagnostics;
  /** Pairs that the present round trains on. */
  pool: readonly PreferencePair[];
  /** What was collected last; null before the first. */
  latest: CollectedPairs | null;
  /** How many steps were done when a number was not finite; null while all is well. */
  divergedAt: number | null;
}

/** Where a run begins, if not at its reference. */
export interface InitialPolicy {
  /** Flat; runs that share a start share the array. // [N] */
  readonly weights: Float32Array;
  readonly totals: Readonly<RunTotals>;
}

/**
 * Runs of equal shape, training as one tensor program with a leading axis R. What differs between them (β, learning
 * rate, loss, sampler, seed, tables) is data on that axis, so a run's numbers do not depend on its neighbours.
 */
export class Fleet {
  readonly memories: readonly RunMemory[];
  /** The array that each run began with: equal arrays are equal policies. */
  readonly starts: readonly Float32Array[];
  /**
   * The runs' policies, then their references, each of these once however many runs share it, then, where the
   * reference moves, each run's present one. // [R + U, N] or [R + U + R, N]
   */
  weights: tf.Tensor2D;
  /** The references, each once. // [U][N] */
  private readonly references: readonly Float32Array[];
  /** The weight set of each run's reference. // [R] */
  private readonly referenceSets: readonly number[];
  /** AdamW's averages of the gradient and of its square. */
  mean: tf.Tensor2D; // [R, N]
  square: tf.Tensor2D; // [R, N]
  readonly betas: tf.Tensor1D; // [R]

  /**
   * @param starts by run
   * @param firstDraw addresses the first step's random numbers: fleets that train one after the other share none
   */
  constructor(
    readonly task: Task,
    readonly config: ExperimentConfig,
    readonly runs: readonly Run[],
    starts?: readonly InitialPolicy[],
    readonly firstDraw = 0,
  ) {
    this.memories = runs.map((run, r) => ({
      run,
      totals: {
        ...(starts?.[r]?.totals ?? { labels: 0, annotationCost: 0, samplingCost: 0 }),
        // What has no price has none after a start that had one.
        ...(run.sampler.exact ? { samplingCost: null } : {}),
      },
      diagnostics: new Diagnostics(),
      pool: [],
      latest: null,
      divergedAt: null,
    }));
    const count = parameterCount(task.policy.layout);
    const ofSeed = new Map(runs.map(({ seed }) => [seed, task.referenceWeights(seed)]));
    this.references = [...new Set(ofSeed.values())];
    this.referenceSets = runs.map(({ seed }) => runs.length + this.references.indexOf(ofSeed.get(seed)!));
    this.starts = runs.map(({ seed }, r) => starts?.[r]?.weights ?? task.startWeights ?? ofSeed.get(seed)!);
    const moving = config.rounds?.movingReference ? runs.map(({ seed }) => ofSeed.get(seed)!) : [];
    this.weights = stacked([...this.starts, ...this.references, ...moving], count);
    this.mean = tf.zeros([runs.length, count]);
    this.square = tf.zeros([runs.length, count]);
    this.betas = tf.tensor1d(runs.map((run) => run.beta));
  }

  /** Whether any run still trains. */
  get alive(): boolean {
    return this.memories.some(({ divergedAt }) => divergedAt === null);
  }

  /** Pairs in a collection, and in a minibatch. */
  get pairs(): number {
    return this.config.schedule.pairs;
  }

  /** Completions drawn for a pair. */
  get candidates(): number {
    return this.runs[0]!.sampler.candidates;
  }

  /** A copy of each run's flat weights; one read-back. // [R][N] */
  async readWeights(): Promise<Float32Array[]> {
    const all = (await this.weights.data()) as Float32Array;
    const count = this.weights.shape[1];
    return this.runs.map((_, r) => all.slice(r * count, (r + 1) * count));
  }

  /** Between two steps; in the order of the fleet. */
  async snapshot(): Promise<PolicySnapshot[]> {
    const memories = this.memories.map(({ totals, pool, divergedAt, diagnostics }) => ({
      totals: { ...totals },
      pool: this.config.rounds ? pool : [],
      divergedAt,
      sums: { ...diagnostics.sums },
    }));
    const moved = this.config.rounds?.movingReference ? this.weights.shape[0] - this.runs.length : null;
    const tensors = [this.weights, this.mean, this.square].map((tensor) => tensor.data<'float32'>());
    const [weights, mean, square] = await Promise.all(tensors);
    const count = this.mean.shape[1];
    const set = (values: Float32Array | undefined, index: number) => values!.slice(index * count, (index + 1) * count);
    return memories.map((memory, r) => ({
      ...memory,
      weights: set(weights, r),
      mean: set(mean, r),
      square: set(square, r),
      reference: moved === null ? null : set(weights, moved + r),
    }));
  }

  /** @throws Error where the snapshots are of other runs */
  restore(saved: readonly PolicySnapshot[]): void {
    const count = this.mean.shape[1];
    const moves = this.config.rounds?.movingReference === true;
    const fits = ({ weights, mean, square, reference }: PolicySnapshot): boolean =>
      [weights, mean, square, ...(reference ? [reference] : [])].every(({ length }) => length === count) &&
      (reference !== null) === moves;
    if (saved.length !== this.runs.length || !saved.every(fits)) {
      throw new Error('the stored state does not fit this experiment');
    }
    tf.dispose([this.weights, this.mean, this.square]);
    const moving = saved.flatMap(({ reference }) => reference ?? []);
    this.weights = stacked([...saved.map(({ weights }) => weights), ...this.references, ...moving], count);
    this.mean = stacked(
      saved.map(({ mean }) => mean),
      count,
    );
    this.square = stacked(
      saved.map(({ square }) => square),
      count,
    );
    saved.forEach(({ totals, pool, divergedAt, sums }, r) => {
      const memory = this.memories[r]!;
      Object.assign(memory.totals, totals);
      Object.assign(memory, { pool, divergedAt });
      memory.diagnostics.sums = { ...sums };
    });
  }

  /** The weight sets of runs and of the references that KL is measured from, as sampling takes them. */
  setsOf(runs: readonly number[]): Pick<SamplingRequest, 'policySets' | 'referenceSets'> {
    return { policySets: runs, referenceSets: runs.map((r) => this.referenceSets[r]!) };
  }

  /** The weight sets of all runs, with the references that training uses: where the reference moves, the present ones. */
  samplingSets(): Pick<SamplingRequest, 'policySets' | 'referenceSets'> {
    const all = [...this.runs.keys()];
    if (!this.config.rounds?.movingReference) return this.setsOf(all);
    const moved = this.weights.shape[0] - all.length;
    return { policySets: all, referenceSets: all.map((r) => moved + r) };
  }

  /** Begins a round, counted from 0: empties the pools, resets AdamW and moves the reference, as the config says. */
  beginRound(round: number): void {
    const { rounds } = this.config;
    if (!rounds || round === 0) return;
    if (!rounds.accumulate) for (const memory of this.memories) memory.pool = [];
    if (rounds.resetOptimiser) {
      tf.dispose([this.mean, this.square]);
      this.mean = tf.zeros(this.mean.shape);
      this.square = tf.zeros(this.square.shape);
    }
    if (rounds.movingReference) {
      const [sets, count] = this.weights.shape;
      const kept = sets - this.runs.length;
      const moved = tf.tidy(() => {
        const policies = tf.slice(this.weights, [0, 0], [this.runs.length, count]);
        return tf.concat([tf.slice(this.weights, [0, 0], [kept, count]), policies]) as tf.Tensor2D;
      });
      this.weights.dispose();
      this.weights = moved;
    }
  }

  dispose(): void {
    tf.dispose([this.weights, this.mean, this.square, this.betas]);
  }
}

/** Marks a promise as heard: another one may fail first, and nobody then waits for this one. */
export function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function stacked(sets: readonly Float32Array[], count: number): tf.Tensor2D {
  const all = new Float32Array(sets.length * count);
  sets.forEach((weights, i) => all.set(weights, i * count));
  return tf.tensor2d(all, [sets.length, count]);
}
