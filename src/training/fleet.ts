import * as tf from '@tensorflow/tfjs-core';
import type { ExperimentConfig } from '../experiment/config/schema';
import { clipFactors, updateAdamW } from '../ops/adamW/update';
import { paddedRows } from '../ops/rowSets';
import { parameterCount } from '../policy/parameters';
import type { SamplingRequest } from '../policy/policy';
import { chunkRequest, labelRun, planChunk, type Chunk, type ChunkSource } from './chunk';
import { labelledBatch } from './labelledBatch';
import type { PreferencePair } from './pair';
import { logPartitionProducts, partitionWeights, perPair } from './partition';
import { preferenceGradient, type PreferenceBatch } from './preferenceGradient';
import { Diagnostics } from './preferences';
import type { Task } from './task';
import { minibatch, placeOf, type RoundPlace } from './rounds';
import { objectiveOf, type Run } from './run';
import { sampleCompletions, type SampledCompletions } from './sampleCompletions';
import type { FleetSnapshot, RunTotals } from './snapshot';

/** What a run remembers beside its weights. */
export interface RunMemory {
  readonly run: Run;
  readonly totals: RunTotals;
  readonly diagnostics: Diagnostics;
  /** Pairs that the present round trains on. */
  pool: readonly PreferencePair[];
  /** The pairs collected last, and the arrays that they were read from; null before the first. */
  latest: { readonly pairs: readonly PreferencePair[]; readonly sampled: SampledCompletions } | null;
  /** How many steps were done when a number was not finite; null while all is well. */
  divergedAt: number | null;
}

/** What has been done when a step's first half returns: one of the two must be called. */
export interface StartedStep {
  /** Collects what is still to be collected, labels it and starts the update. */
  readonly finish: () => Promise<void>;
  readonly discard: () => Promise<void>;
}

/** A chunk that is being sampled; likewise. */
interface StartedChunk {
  /** log(Z⁺Z⁻) of each pair's prompt, where a sampler of the fleet asks for it; the caller's. */
  readonly finish: () => Promise<tf.Tensor2D | null>;
  readonly discard: () => Promise<void>;
}

/** Where a run begins, if not at its reference. */
export interface RunStart {
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
  private readonly runs: readonly Run[];
  private readonly source: ChunkSource;
  /** The weight set of each run's reference. // [R] */
  private readonly referenceSets: readonly number[];
  private mean: tf.Tensor2D; // [R, N]
  private square: tf.Tensor2D; // [R, N]
  private readonly betas: tf.Tensor1D; // [R]

  /**
   * @param starts by run
   * @param firstDraw addresses the first step's random numbers: fleets that train one after the other share none
   */
  constructor(
    private readonly task: Task,
    private readonly config: ExperimentConfig,
    runs: readonly Run[],
    starts?: readonly RunStart[],
    private readonly firstDraw = 0,
  ) {
    this.runs = runs;
    this.source = { task, config, runs, candidates: runs[0]!.sampler.candidates };
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
    const references = [...new Set(ofSeed.values())];
    this.referenceSets = runs.map(({ seed }) => runs.length + references.indexOf(ofSeed.get(seed)!));
    this.starts = runs.map(({ seed }, r) => starts?.[r]?.weights ?? task.startWeights ?? ofSeed.get(seed)!);
    const moving = config.rounds?.movingReference ? runs.map(({ seed }) => ofSeed.get(seed)!) : [];
    this.weights = stacked([...this.starts, ...references, ...moving], count);
    this.mean = tf.zeros([runs.length, count]);
    this.square = tf.zeros([runs.length, count]);
    this.betas = tf.tensor1d(runs.map((run) => run.beta));
  }

  /** Whether any run still trains. */
  get alive(): boolean {
    return this.memories.some(({ divergedAt }) => divergedAt === null);
  }

  /** A copy of each run's flat weights; one read-back. // [R][N] */
  async readWeights(): Promise<Float32Array[]> {
    const all = (await this.weights.data()) as Float32Array;
    const count = this.weights.shape[1];
    return this.runs.map((_, r) => all.slice(r * count, (r + 1) * count));
  }

  /** Between two steps. */
  async snapshot(): Promise<FleetSnapshot> {
    const tensors = [this.weights, this.mean, this.square].map((tensor) => tensor.data<'float32'>());
    // The books first: the next step may begin while the device is read.
    const memories = this.memories.map(({ totals, pool, divergedAt, diagnostics }) => ({
      totals: { ...totals },
      pool: this.config.rounds ? pool : [],
      divergedAt,
      sums: { ...diagnostics.sums },
    }));
    const [weights, mean, square] = await Promise.all(tensors);
    return { weights: weights!.slice(), mean: mean!.slice(), square: square!.slice(), memories };
  }

  /** @throws Error where the snapshot is of another fleet */
  restore({ weights, mean, square, memories }: FleetSnapshot): void {
    const fits = weights.length === this.weights.size && mean.length === this.mean.size;
    if (!fits || square.length !== this.square.size || memories.length !== this.runs.length) {
      throw new Error('the saved state does not fit this experiment');
    }
    const restored = (values: Float32Array, { shape }: tf.Tensor2D) => tf.tensor2d(values, shape);
    const before = [this.weights, this.mean, this.square];
    this.weights = restored(weights, this.weights);
    this.mean = restored(mean, this.mean);
    this.square = restored(square, this.square);
    tf.dispose(before);
    memories.forEach(({ totals, pool, divergedAt, sums }, r) => {
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

  /** One step of the loop: where a round begins it collects pairs, then takes an optimiser step. Counts from 0. */
  async trainStep(step: number): Promise<void> {
    await this.startStep(step).finish();
  }

  /**
   * The first half of a step: where a round begins, its first completions are on their way to the device when this
   * returns. The second half waits for them, labels them and starts the update. Between the halves the device may
   * serve other fleets.
   */
  startStep(step: number): StartedStep {
    const place = placeOf(this.config, step);
    let collecting: StartedChunk | null = null;
    if (place.step === 0) {
      this.beginRound(place);
      collecting = this.startChunk(step);
    }
    return {
      finish: async () => {
        let partitions: tf.Tensor2D | null = null;
        for (let chunk = 1; collecting; chunk++) {
          partitions?.dispose();
          partitions = await collecting.finish();
          collecting = chunk < place.chunks && this.alive ? this.startChunk(step + chunk) : null;
        }
        // An evaluation may have found since that no run is left.
        if (this.alive) this.update(step, place, partitions);
        partitions?.dispose();
      },
      discard: async () => collecting?.discard(),
    };
  }

  /** Samples and labels further pairs, of the first runs of all steps to come; they are not trained on. // [R][P] */
  async collectApart(draw: number): Promise<PreferencePair[][]> {
    const chunk = planChunk(this.source, draw);
    const request = chunkRequest(this.source, chunk, this.setsOf([...this.runs.keys()]), null);
    const sampling = sampleCompletions(this.task.policy, this.weights, request);
    request.settings.dispose();
    const sampled = await sampling;
    return this.runs.map((_, r) => labelRun(this.source, chunk, r, sampled));
  }

  /** Launches what a step launches without reading anything, for kernels to be compiled ahead; changes nothing then. */
  rehearse(): void {
    tf.tidy(() => {
      const { partitions, request } = this.chunk(0);
      this.task.policy.complete(this.weights, request, this.task.policy.sample(this.weights, request));
      const nothing = this.runs.map(() => []);
      const batch = { ...labelledBatch(this.task, nothing, this.pairs), pairWeights: this.pairWeights(partitions) };
      this.descend(batch, 0, 1);
    });
  }

  dispose(): void {
    tf.dispose([this.weights, this.mean, this.square, this.betas]);
  }

  private get pairs(): number {
    return this.config.schedule.pairs;
  }

  private beginRound({ round }: RoundPlace): void {
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

  /** A chunk's plan and what samples it; the caller disposes both tensors. */
  private chunk(draw: number): { chunk: Chunk; partitions: tf.Tensor2D | null; request: SamplingRequest } {
    const chunk = planChunk(this.source, draw);
    const partitions = this.partitions(chunk);
    const all = [...this.runs.keys()];
    const { policySets, referenceSets } = this.setsOf(all);
    const moved = this.weights.shape[0] - this.runs.length;
    const sets = this.config.rounds?.movingReference
      ? { policySets, referenceSets: all.map((r) => moved + r) }
      : { policySets, referenceSets };
    return { chunk, partitions, request: chunkRequest(this.source, chunk, sets, partitions) };
  }

  private startChunk(step: number): StartedChunk {
    const { chunk, partitions, request } = this.chunk(this.firstDraw + step);
    const sampling = quietly(sampleCompletions(this.task.policy, this.weights, request));
    request.settings.dispose();
    return {
      finish: async () => {
        this.keep(step, chunk, await sampling);
        return partitions;
      },
      discard: async () => {
        await sampling.catch(() => undefined);
        partitions?.dispose();
      },
    };
  }

  /** log(Z⁺Z⁻) of each pair's prompt, where a sampler of this fleet asks for it. // [R, P] */
  private partitions({ promptIndices }: Chunk): tf.Tensor2D | null {
    if (!this.runs.some((run) => run.sampler.partition)) return null;
    const [prompts, responses] = this.task.policy.layout[0]!.shape as [number, number];
    return tf.tidy(() => {
      const sets = [...this.runs.keys(), ...this.referenceSets];
      const tables = tf.reshape(tf.gather(this.weights, sets), [sets.length, prompts, responses]) as tf.Tensor3D;
      const indices = tf.tensor2d(promptIndices, [this.runs.length, this.pairs], 'int32');
      return perPair(logPartitionProducts(tables, tf.expandDims(this.betas, 1)), indices);
    });
  }

  /** Labels a chunk's pairs and keeps the runs' books. */
  private keep(step: number, chunk: Chunk, sampled: SampledCompletions): void {
    this.memories.forEach((memory, r) => {
      const { run, totals } = memory;
      const pairs = labelRun(this.source, chunk, r, sampled);
      memory.diagnostics.add(pairs, objectiveOf(run));
      totals.labels += pairs.length;
      totals.annotationCost += pairs.length * run.annotationPerPair;
      const { passes } = chunk.sampling[r]!;
      if (totals.samplingCost !== null && passes !== null) totals.samplingCost += passes;
      memory.pool = this.config.rounds ? [...memory.pool, ...pairs] : pairs;
      memory.latest = { pairs, sampled };
      if (!pairs.every(isFinitePair)) memory.divergedAt ??= step + 1;
    });
  }

  /** 1/P per pair, times T-PILAF's weights for the runs that ask for them; 0 behind the last pair. // [R, B/2] */
  private pairWeights(partitions: tf.Tensor2D | null): tf.Tensor2D {
    return tf.tidy(() => {
      const weighted = this.runs.map((run) => run.sampler.weighted);
      const weights =
        partitions && weighted.includes(true)
          ? partitionWeights(partitions, weighted)
          : (tf.ones([this.runs.length, this.pairs]) as tf.Tensor2D);
      const filling = paddedRows(2 * this.pairs) / 2 - this.pairs;
      return tf.pad(tf.div(weights, this.pairs) as tf.Tensor2D, [
        [0, 0],
        [0, filling],
      ]);
    });
  }

  private update(step: number, place: RoundPlace, partitions: tf.Tensor2D | null): void {
    const { schedule, rounds } = this.config;
    const factor = schedule.learningRate === 'linear' ? 1 - step / schedule.steps : 1;
    const draw = this.firstDraw + place.first;
    const pairs = this.memories.map(({ run, pool }) => minibatch(pool, place, run.seed, draw));
    tf.tidy(() => {
      const batch = { ...labelledBatch(this.task, pairs, this.pairs), pairWeights: this.pairWeights(partitions) };
      this.descend(batch, factor, rounds?.resetOptimiser ? place.step + 1 : step + 1);
    });
  }

  /** @param updates of AdamW's averages so far, this one included */
  private descend(batch: PreferenceBatch, factor: number, updates: number): void {
    const { optimiser } = this.config;
    const { weights, mean, square } = this;
    const objectives = this.runs.map(objectiveOf);
    const { gradient } = preferenceGradient(this.task.policy, weights, batch, objectives);
    updateAdamW({
      weights,
      mean,
      square,
      gradient,
      factors: optimiser.clip === null ? null : clipFactors(gradient, optimiser.clip),
      learningRates: this.runs.map((run) => run.learningRate * factor),
      step: updates,
      settings: optimiser,
    });
  }
}

/** A promise that nobody may get to await, because another one fails first: its own failure then goes unsaid. */
export function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function isFinitePair({ chosen, rejected }: PreferencePair): boolean {
  return Number.isFinite(chosen.logRatio) && Number.isFinite(rejected.logRatio);
}

function stacked(sets: readonly Float32Array[], count: number): tf.Tensor2D {
  const all = new Float32Array(sets.length * count);
  sets.forEach((weights, i) => all.set(weights, i * count));
  return tf.tensor2d(all, [sets.length, count]);
}
