/** A chunk of pairs, `schedule.pairs` for every run of a fleet: what it is drawn from, and its labels. */
import * as tf from '@tensorflow/tfjs-core';
import type { ExperimentConfig } from '../experiment/config/schema';
import { STREAM, uniformInteger } from '../math/random';
import { POLICY, REFERENCE, type PromptBatch, type SamplingRequest } from '../policy/policy';
import { planSampling, type SamplingPlan } from '../experiment/samplers/plan';
import { keptPairs } from './partition';
import type { PreferencePair } from './pair';
import { labelPair, readCompletion } from './preferences';
import type { Task } from './task';
import type { Run } from './run';
import type { SampledCompletions } from './sampleCompletions';

/** Draws are addressed by a step's number; prompts and label noise are shared by all arms of a seed. */
export interface Chunk {
  readonly draw: number;
  readonly promptIndices: Int32Array; // [R, P]
  readonly sampling: readonly SamplingPlan[]; // [R]
}

export interface ChunkSource {
  readonly task: Task;
  readonly config: ExperimentConfig;
  readonly runs: readonly Run[];
  /** Completions drawn for a pair. */
  readonly candidates: number;
}

export function planChunk({ task, config: { schedule }, runs }: ChunkSource, draw: number): Chunk {
  const { pairs } = schedule;
  const promptIndices = new Int32Array(runs.length * pairs);
  runs.forEach(({ seed }, r) => {
    for (let pair = 0; pair < pairs; pair++) {
      const address = { seed, stream: STREAM.prompt, step: draw, row: pair, token: 0 };
      promptIndices[r * pairs + pair] = uniformInteger(address, task.promptCount);
    }
  });
  return { draw, promptIndices, sampling: runs.map((run) => planSampling(run.sampler, run.seed, draw, pairs)) };
}

/**
 * @param sets the weight sets of the runs and of their references
 * @param partitions log(Z⁺Z⁻) of each pair's prompt, where T-PILAF asks for it; the caller's  // [R, P]
 * @returns a request whose settings the caller disposes
 */
export function chunkRequest(
  source: ChunkSource,
  chunk: Chunk,
  sets: Pick<SamplingRequest, 'policySets' | 'referenceSets'>,
  partitions: tf.Tensor2D | null,
): SamplingRequest {
  const coefficients = joined(chunk.sampling.map((plan) => plan.coefficients));
  return {
    prompts: promptRows(source, chunk),
    ...sets,
    settings: settingsOf(source, chunk, coefficients, partitions),
    models: Uint8Array.from(coefficients, modelsOf),
    seeds: source.runs.map((run) => run.seed),
    stream: STREAM.token,
    step: chunk.draw,
    measure: false,
  };
}

/** Which models logits h_θ + a·(h_θ − h_ref) are made of. */
const modelsOf = (a: number): number => (a === 0 ? POLICY : a === -1 ? REFERENCE : POLICY | REFERENCE);

/** a and 1/temperature of every row; where T-PILAF's draw says so, a pair falls back to π_θ. // [2, R, P·C] */
function settingsOf(
  { runs, config: { schedule }, candidates }: ChunkSource,
  { sampling }: Chunk,
  coefficients: Float32Array,
  partitions: tf.Tensor2D | null,
): tf.Tensor3D {
  const { pairs } = schedule;
  const rows = pairs * candidates;
  return tf.tidy(() => {
    const planned = tf.tensor3d(coefficients, [runs.length, pairs, candidates]);
    const scales = tf.tensor2d(joined(sampling.map((plan) => plan.scales)), [runs.length, rows]);
    const gates = () => tf.tensor2d(joined(sampling.map((plan) => plan.gates)), [runs.length, pairs]);
    const kept = partitions ? tf.mul(planned, tf.expandDims(keptPairs(gates(), partitions), 2)) : planned;
    return tf.stack([tf.reshape(kept, [runs.length, rows]), scales]) as tf.Tensor3D;
  });
}

/** Each pair's prompt, repeated for its rows. */
function promptRows({ task, config, runs, candidates }: ChunkSource, { promptIndices }: Chunk): PromptBatch {
  const length = task.promptLength;
  const ids = new Int32Array(promptIndices.length * candidates * length);
  let at = 0;
  for (const index of promptIndices) {
    const prompt = task.promptIds(index);
    for (let row = 0; row < candidates; row++) for (let t = 0; t < length; t++) ids[at++] = prompt[t]!;
  }
  return { sets: runs.length, rows: config.schedule.pairs * candidates, length, ids };
}

/** Has the oracle read every completion of a run, the `r`-th, and labels its pairs. // [P] */
export function labelRun(source: ChunkSource, chunk: Chunk, r: number, sampled: SampledCompletions): PreferencePair[] {
  const { task, config, runs, candidates } = source;
  const { pairs } = config.schedule;
  const run = runs[r]!;
  return Array.from({ length: pairs }, (_, p) => {
    const prompt = task.promptIds(chunk.promptIndices[r * pairs + p]!);
    const read = Array.from({ length: candidates }, (__, c) =>
      readCompletion(task, run.seed, prompt, sampled, (r * pairs + p) * candidates + c),
    );
    return labelPair(task, config.labeller, run, chunk.draw, p, prompt, read);
  });
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
