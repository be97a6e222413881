import * as tf from '@tensorflow/tfjs-core';
import type { ExperimentConfig } from '../experiment/schema';
import { STREAM, uniformInteger } from '../math/random';
import { adamW, clipByRunNorm, type AdamWState } from '../ops/adamW/adamW';
import { parameterCount } from '../policy/parameters';
import type { PromptBatch } from '../policy/policy';
import { planSampling, type SamplingPlan } from '../samplers/plan';
import { dpoGradient, type PreferenceBatch } from './dpo';
import { keptPairs, logPartitionProducts, partitionWeights, perPair } from './partition';
import { Diagnostics, labelPair, readCompletion, type Completion, type PreferencePair } from './preferences';
import type { Problem } from './problem';
import type { Run } from './run';
import { sampleCompletions, seedTensor, type SampledCompletions } from './sampleCompletions';

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

/**
 * Runs of equal shape, training as one tensor program with a leading axis R. What differs between them (β, learning
 * rate, sampler, seed, tables) is data on that axis, so a run's numbers do not depend on its neighbours.
 */
export class Fleet {
  readonly memories: readonly RunMemory[];
  private readonly runs: readonly Run[];
  private readonly candidates: number;
  private readonly reference: tf.Tensor2D; // [R, N]
  private readonly betas: tf.Tensor2D; // [R, 1]
  private readonly learningRates: tf.Tensor2D; // [R, 1]
  private readonly seeds: tf.Tensor1D; // [R]
  private state: AdamWState;

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
    const start = new Float32Array(runs.length * count);
    runs.forEach((run, r) => start.set(problem.referenceWeights(run.seed), r * count));
    this.reference = tf.tensor2d(start, [runs.length, count]);
    this.state = {
      weights: tf.clone(this.reference),
      mean: tf.zeros([runs.length, count]),
      square: tf.zeros([runs.length, count]),
    };
    this.betas = tf.tensor2d(runs.map((run) => [run.beta]));
    this.learningRates = tf.tensor2d(runs.map((run) => [run.learningRate]));
    this.seeds = seedTensor(runs.map((run) => run.seed));
  }

  /** Whether any run still trains. */
  get alive(): boolean {
    return this.memories.some(({ divergedAt }) => divergedAt === null);
  }

  /** The runs' current flat weights; owned by the fleet. // [R, N] */
  get weights(): tf.Tensor2D {
    return this.state.weights;
  }

  /** Policies above references, as decoding wants them, of the given runs; the caller disposes it. // [2R, N] */
  stackedWeights(runs: readonly number[] = this.runs.map((_, r) => r)): tf.Tensor2D {
    const all = runs.length === this.runs.length;
    const pick = (x: tf.Tensor2D) => (all ? [x] : runs.map((r) => tf.slice(x, [r, 0], [1, -1])));
    return tf.tidy(() => tf.concat([...pick(this.state.weights), ...pick(this.reference)], 0));
  }

  /** One round of online DPO: sample pairs, label them, take one optimiser step. `step` counts from 0. */
  async trainStep(step: number): Promise<void> {
    const plan = this.plan(step);
    const stacked = this.stackedWeights();
    const partitions = this.partitions(stacked, plan);
    const sampled = await this.sample(step, plan, stacked, partitions);
    stacked.dispose();
    const pairs = this.label(step, plan, sampled);
    this.update(step, this.preferenceBatch(pairs, partitions));
    partitions?.dispose();
  }

  dispose(): void {
    const { weights, mean, square } = this.state;
    tf.dispose([weights, mean, square, this.reference, this.betas, this.learningRates, this.seeds]);
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
  private partitions(stacked: tf.Tensor2D, plan: StepPlan): tf.Tensor2D | null {
    if (!this.runs.some((run) => run.sampler.partition)) return null;
    const [prompts, responses] = this.problem.policy.layout[0]!.shape as [number, number];
    return tf.tidy(() => {
      const tables = tf.reshape(stacked, [2 * this.runs.length, prompts, responses]) as tf.Tensor3D;
      const indices = tf.tensor2d(plan.promptIndices, [this.runs.length, this.pairs], 'int32');
      return perPair(logPartitionProducts(tables, this.betas), indices);
    });
  }

  private get pairs(): number {
    return this.config.schedule.pairs;
  }

  private async sample(
    step: number,
    plan: StepPlan,
    stacked: tf.Tensor2D,
    partitions: tf.Tensor2D | null,
  ): Promise<SampledCompletions> {
    const rows = this.pairs * this.candidates;
    const coefficients = this.coefficients(plan, partitions);
    const scales = tf.tensor2d(joined(plan.sampling.map((p) => p.scales)), [this.runs.length, rows]);
    const sampled = await sampleCompletions(this.problem.policy, {
      weights: stacked,
      prompts: this.prompts(plan, this.candidates),
      coefficients,
      scales,
      seeds: this.seeds,
      stream: STREAM.token,
      step,
      measure: false,
    });
    tf.dispose([coefficients, scales]);
    return sampled;
  }

  /** a of every row; where T-PILAF's draw says so, a pair falls back to π_θ. // [R, P·C] */
  private coefficients(plan: StepPlan, partitions: tf.Tensor2D | null): tf.Tensor2D {
    const rows = this.pairs * this.candidates;
    const planned = joined(plan.sampling.map((p) => p.coefficients));
    if (!partitions) return tf.tensor2d(planned, [this.runs.length, rows]);
    return tf.tidy(() => {
      const gates = tf.tensor2d(joined(plan.sampling.map((p) => p.gates)), [this.runs.length, this.pairs]);
      const keep = tf.expandDims(keptPairs(gates, partitions), 2); // [R, P, 1]
      const all = tf.tensor3d(planned, [this.runs.length, this.pairs, this.candidates]);
      return tf.reshape(tf.mul(all, keep), [this.runs.length, rows]);
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

  private preferenceBatch(pairs: readonly PreferencePair[][], partitions: tf.Tensor2D | null): PreferenceBatch {
    const { completionLength } = this.problem.policy;
    const promptLength = this.problem.promptLength;
    const rows = 2 * this.pairs;
    const total = this.runs.length * rows;
    const prompts = new Int32Array(total * promptLength);
    const ids = new Int32Array(total * completionLength);
    const mask = new Float32Array(total * completionLength);
    const referenceLogProbs = new Float32Array(total);
    let row = 0;
    const write = (prompt: readonly number[], completion: Completion) => {
      for (let t = 0; t < promptLength; t++) prompts[row * promptLength + t] = prompt[t]!;
      for (let t = 0; t < completion.ids.length; t++) {
        ids[row * completionLength + t] = completion.ids[t]!;
        mask[row * completionLength + t] = 1;
      }
      referenceLogProbs[row++] = completion.referenceLogProb;
    };
    for (const ofRun of pairs) {
      for (const { prompt, chosen, rejected } of ofRun) {
        write(prompt, chosen);
        write(prompt, rejected);
      }
    }
    return {
      completions: {
        prompts: { sets: this.runs.length, rows, length: promptLength, ids: prompts },
        length: completionLength,
        ids,
        mask,
      },
      referenceLogProbs,
      weights: this.pairWeights(partitions),
    };
  }

  /** 1 per pair, or T-PILAF's weights for the runs that ask for them. // [R, P] */
  private pairWeights(partitions: tf.Tensor2D | null): tf.Tensor2D {
    const weighted = this.runs.map((run) => run.sampler.weighted);
    return partitions && weighted.includes(true)
      ? partitionWeights(partitions, weighted)
      : (tf.ones([this.runs.length, this.pairs]) as tf.Tensor2D);
  }

  private update(step: number, batch: PreferenceBatch): void {
    const { schedule, optimiser } = this.config;
    const factor = schedule.learningRate === 'linear' ? 1 - step / schedule.steps : 1;
    const { loss, gradient } = dpoGradient(this.problem.policy, this.state.weights, batch, this.betas);
    const next = tf.tidy(() => {
      const clipped = optimiser.clip === null ? gradient : clipByRunNorm(gradient, optimiser.clip);
      return adamW(this.state, clipped, tf.mul(this.learningRates, factor), step + 1, optimiser);
    });
    tf.dispose([loss, gradient, batch.weights, this.state.weights, this.state.mean, this.state.square]);
    this.state = next;
  }
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
