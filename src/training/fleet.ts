import * as tf from '@tensorflow/tfjs-core';
import type { ExperimentConfig } from '../experiment/schema';
import { STREAM, uniformInteger } from '../math/random';
import { clipFactors, updateAdamW } from '../ops/adamW/update';
import { paddedRows } from '../ops/rowSets';
import { parameterCount } from '../policy/parameters';
import { POLICY, REFERENCE, type CompletionBatch, type PromptBatch, type SamplingRequest } from '../policy/policy';
import { planSampling, type SamplingPlan } from '../samplers/plan';
import { dpoGradient, type PreferenceBatch } from './dpo';
import { keptPairs, logPartitionProducts, partitionWeights, perPair } from './partition';
import { Diagnostics, labelPair, readCompletion, type Completion, type PreferencePair } from './preferences';
import type { Problem } from './problem';
import type { Run } from './run';
import { sampleCompletions, type SampledCompletions } from './sampleCompletions';

/** Totals of one run since the start. */
export interface RunTotals {
  labels: number;
  annotationCost: number;
  samplingCost: number | null;
}

/** What a run remembers beside its weights. */
export interface RunMemory {
  readonly run: Run;
  readonly totals: RunTotals;
  readonly diagnostics: Diagnostics;
  /** Pairs of the latest step, and the arrays that they were read from; null before the first. */
  latest: { readonly pairs: readonly PreferencePair[]; readonly sampled: SampledCompletions } | null;
  /** How many steps were done when a number was not finite; null while all is well. */
  divergedAt: number | null;
}

/** Plans and prompts of one step, for every run of the fleet. */
interface StepPlan {
  readonly promptIndices: Int32Array; // [R, P]
  readonly sampling: readonly SamplingPlan[];
}

/** A step whose completions are being sampled: one of the two must be called. */
export interface StartedStep {
  /** Labels the pairs and starts the update. */
  readonly finish: () => Promise<void>;
  readonly discard: () => Promise<void>;
}

/**
 * Runs of equal shape, training as one tensor program with a leading axis R. What differs between them (β, learning
 * rate, sampler, seed, tables) is data on that axis, so a run's numbers do not depend on its neighbours.
 */
export class Fleet {
  readonly memories: readonly RunMemory[];
  private readonly runs: readonly Run[];
  private readonly candidates: number;
  /** The runs' policies, then their references, each of these once however many runs share it. // [R + U, N] */
  readonly weights: tf.Tensor2D;
  /** The weight set of each run's reference. // [R] */
  private readonly referenceSets: readonly number[];
  private readonly mean: tf.Tensor2D; // [R, N]
  private readonly square: tf.Tensor2D; // [R, N]
  private readonly betas: tf.Tensor1D; // [R]

  constructor(
    private readonly problem: Problem,
    private readonly config: ExperimentConfig,
    runs: readonly Run[],
  ) {
    this.runs = runs;
    this.candidates = runs[0]!.sampler.candidates;
    this.memories = runs.map((run) => ({
      run,
      totals: { labels: 0, annotationCost: 0, samplingCost: run.sampler.exact ? null : 0 },
      diagnostics: new Diagnostics(),
      latest: null,
      divergedAt: null,
    }));
    const count = parameterCount(problem.policy.layout);
    const ofSeed = new Map(runs.map(({ seed }) => [seed, problem.referenceWeights(seed)]));
    const references = [...new Set(ofSeed.values())];
    this.referenceSets = runs.map(({ seed }) => runs.length + references.indexOf(ofSeed.get(seed)!));
    const start = new Float32Array((runs.length + references.length) * count);
    runs.forEach(({ seed }, r) => start.set(ofSeed.get(seed)!, r * count));
    references.forEach((weights, u) => start.set(weights, (runs.length + u) * count));
    this.weights = tf.tensor2d(start, [runs.length + references.length, count]);
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

  /** The weight sets of runs and of their references, as sampling takes them. */
  setsOf(runs: readonly number[]): { policySets: readonly number[]; referenceSets: readonly number[] } {
    return { policySets: runs, referenceSets: runs.map((r) => this.referenceSets[r]!) };
  }

  /** One round of online DPO: sample pairs, label them, take one optimiser step. `step` counts from 0. */
  async trainStep(step: number): Promise<void> {
    await this.startStep(step).finish();
  }

  /**
   * The first half of a step, sampling, is on its way to the device when this returns; the second waits for the
   * completions, labels them and starts the update. Between the halves the device may serve other fleets.
   */
  startStep(step: number): StartedStep {
    const plan = this.plan(step);
    const partitions = this.partitions(plan);
    const request = this.samplingRequest(step, plan, partitions);
    const sampling = quietly(sampleCompletions(this.problem.policy, this.weights, request));
    request.settings.dispose();
    return {
      finish: async () => {
        const sampled = await sampling;
        // An evaluation may have found since that no run is left.
        if (this.alive) this.update(step, this.preferenceBatch(this.label(step, plan, sampled), partitions));
        partitions?.dispose();
      },
      discard: async () => {
        await sampling.catch(() => undefined);
        partitions?.dispose();
      },
    };
  }

  /** Launches what a step launches without reading anything, for kernels to be compiled ahead; changes nothing then. */
  rehearse(): void {
    tf.tidy(() => {
      const plan = this.plan(0);
      const partitions = this.partitions(plan);
      const request = this.samplingRequest(0, plan, partitions);
      this.problem.policy.complete(this.weights, request, this.problem.policy.sample(this.weights, request));
      this.update(0, this.preferenceBatch([], partitions));
    });
  }

  dispose(): void {
    tf.dispose([this.weights, this.mean, this.square, this.betas]);
  }

  private plan(step: number): StepPlan {
    const { pairs } = this.config.schedule;
    const promptIndices = new Int32Array(this.runs.length * pairs);
    this.runs.forEach((run, r) => {
      for (let pair = 0; pair < pairs; pair++) {
        const address = { seed: run.seed, stream: STREAM.prompt, step, row: pair, token: 0 };
        promptIndices[r * pairs + pair] = uniformInteger(address, this.problem.promptCount);
      }
    });
    return { promptIndices, sampling: this.runs.map((run) => planSampling(run.sampler, run.seed, step, pairs)) };
  }

  /** log(Z⁺Z⁻) of each pair's prompt, where a sampler of this fleet asks for it. // [R, P] */
  private partitions(plan: StepPlan): tf.Tensor2D | null {
    if (!this.runs.some((run) => run.sampler.partition)) return null;
    const [prompts, responses] = this.problem.policy.layout[0]!.shape as [number, number];
    return tf.tidy(() => {
      const sets = [...this.runs.keys(), ...this.referenceSets];
      const tables = tf.reshape(tf.gather(this.weights, sets), [sets.length, prompts, responses]) as tf.Tensor3D;
      const indices = tf.tensor2d(plan.promptIndices, [this.runs.length, this.pairs], 'int32');
      return perPair(logPartitionProducts(tables, tf.expandDims(this.betas, 1)), indices);
    });
  }

  private get pairs(): number {
    return this.config.schedule.pairs;
  }

  private samplingRequest(step: number, plan: StepPlan, partitions: tf.Tensor2D | null): SamplingRequest {
    const coefficients = joined(plan.sampling.map((p) => p.coefficients));
    return {
      prompts: this.prompts(plan, this.candidates),
      ...this.setsOf([...this.runs.keys()]),
      settings: this.settings(plan, coefficients, partitions),
      models: Uint8Array.from(coefficients, modelsOf),
      seeds: this.runs.map((run) => run.seed),
      stream: STREAM.token,
      step,
      measure: false,
    };
  }

  /** a and 1/temperature of every row; where T-PILAF's draw says so, a pair falls back to π_θ. // [2, R, P·C] */
  private settings(plan: StepPlan, coefficients: Float32Array, partitions: tf.Tensor2D | null): tf.Tensor3D {
    const rows = this.pairs * this.candidates;
    return tf.tidy(() => {
      const planned = tf.tensor3d(coefficients, [this.runs.length, this.pairs, this.candidates]);
      const scales = tf.tensor2d(joined(plan.sampling.map((p) => p.scales)), [this.runs.length, rows]);
      const gates = () => tf.tensor2d(joined(plan.sampling.map((p) => p.gates)), [this.runs.length, this.pairs]);
      const kept = partitions ? tf.mul(planned, tf.expandDims(keptPairs(gates(), partitions), 2)) : planned;
      return tf.stack([tf.reshape(kept, [this.runs.length, rows]), scales]) as tf.Tensor3D;
    });
  }

  /** Each pair's prompt, repeated for its rows. */
  private prompts({ promptIndices }: StepPlan, rowsPerPair: number): PromptBatch {
    const length = this.problem.promptLength;
    const ids = new Int32Array(promptIndices.length * rowsPerPair * length);
    let at = 0;
    for (const index of promptIndices) {
      const prompt = this.problem.promptIds(index);
      for (let row = 0; row < rowsPerPair; row++) {
        for (let t = 0; t < length; t++) ids[at++] = prompt[t]!;
      }
    }
    return { sets: this.runs.length, rows: this.pairs * rowsPerPair, length, ids };
  }

  /** Reads and labels all pairs, keeps the runs' books. // [R][P] */
  private label(step: number, plan: StepPlan, sampled: SampledCompletions): PreferencePair[][] {
    return this.memories.map((memory, r) => {
      const { run, totals } = memory;
      const pairs: PreferencePair[] = [];
      for (let p = 0; p < this.pairs; p++) {
        const prompt = this.problem.promptIds(plan.promptIndices[r * this.pairs + p]!);
        const candidates: Completion[] = [];
        for (let c = 0; c < this.candidates; c++) {
          const position = (r * this.pairs + p) * this.candidates + c;
          candidates.push(readCompletion(this.problem, run.seed, prompt, sampled, position));
        }
        const pair = labelPair(run, step, p, prompt, candidates);
        memory.diagnostics.add(pair, run.beta);
        pairs.push(pair);
      }
      totals.labels += this.pairs;
      totals.annotationCost += this.pairs * run.annotationPerPair;
      const passes = plan.sampling[r]!.passes;
      if (totals.samplingCost !== null && passes !== null) totals.samplingCost += passes;
      memory.latest = { pairs, sampled };
      if (!pairs.every(isFinitePair)) memory.divergedAt ??= step + 1;
      return pairs;
    });
  }

  /** Every run's pairs, its rows filled up to a multiple of four. */
  private preferenceBatch(pairs: readonly PreferencePair[][], partitions: tf.Tensor2D | null): PreferenceBatch {
    const completions = this.emptyBatch();
    const { prompts, ids, mask, length } = completions;
    const referenceLogProbs = new Float32Array(prompts.sets * prompts.rows);
    const write = (row: number, prompt: readonly number[], completion: Completion) => {
      for (let t = 0; t < prompts.length; t++) prompts.ids[row * prompts.length + t] = prompt[t]!;
      for (let t = 0; t < completion.ids.length; t++) {
        ids[row * length + t] = completion.ids[t]!;
        mask[row * length + t] = 1;
      }
      referenceLogProbs[row] = completion.referenceLogProb;
    };
    pairs.forEach((ofRun, r) =>
      ofRun.forEach(({ prompt, chosen, rejected }, p) => {
        write(r * prompts.rows + 2 * p, prompt, chosen);
        write(r * prompts.rows + 2 * p + 1, prompt, rejected);
      }),
    );
    return { completions, referenceLogProbs, pairWeights: this.pairWeights(partitions) };
  }

  private emptyBatch(): CompletionBatch {
    const { completionLength } = this.problem.policy;
    const length = this.problem.promptLength;
    const rows = paddedRows(2 * this.pairs);
    const total = this.runs.length * rows;
    return {
      prompts: { sets: this.runs.length, rows, length, ids: new Int32Array(total * length) },
      length: completionLength,
      ids: new Int32Array(total * completionLength),
      mask: new Float32Array(total * completionLength),
    };
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

  private update(step: number, batch: PreferenceBatch): void {
    const { schedule, optimiser } = this.config;
    const { weights, mean, square } = this;
    const factor = schedule.learningRate === 'linear' ? 1 - step / schedule.steps : 1;
    tf.tidy(() => {
      const { gradient } = dpoGradient(this.problem.policy, weights, batch, this.betas);
      updateAdamW({
        weights,
        mean,
        square,
        gradient,
        factors: optimiser.clip === null ? null : clipFactors(gradient, optimiser.clip),
        learningRates: this.runs.map((run) => run.learningRate * factor),
        step: step + 1,
        settings: optimiser,
      });
    });
    batch.pairWeights.dispose();
  }
}

/** Which models logits h_θ + a·(h_θ − h_ref) are made of. */
const modelsOf = (a: number): number => (a === 0 ? POLICY : a === -1 ? REFERENCE : POLICY | REFERENCE);

/** A promise that nobody may get to await, because another one fails first: its own failure then goes unsaid. */
export function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function isFinitePair({ chosen, rejected }: PreferencePair): boolean {
  return Number.isFinite(chosen.logRatio) && Number.isFinite(rejected.logRatio);
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
