import * as tf from '@tensorflow/tfjs-core';
import type { ExperimentConfig } from '../experiment/config/schema';
import { STREAM } from '../math/random';
import { knownProductIsRight } from './knownProduct';
import { paddedRows, ROW_TILE } from '../ops/rowSets';
import { completionBatch, promptBatch } from '../policy/batches';
import type { Task } from './task';
import { fleetsOf } from './fleetsOf';
import { blockRows } from './memory';
import { runsOf, type Run } from './run';
import { WrongNumbers } from './wrongNumbers';
import { plainRequest, sampleCompletions } from './sampleCompletions';

/** What a runner asks of a device that may go wrong. Both throw WrongNumbers. */
export interface DeviceCheck {
  /** At an experiment's size; takes a moment. */
  whole(config: ExperimentConfig, task: Task): Promise<void>;
  /** For now and then: a launch and a read-back. */
  quick(): Promise<void>;
}

/** A GPU's. */
export const GPU_CHECK: DeviceCheck = {
  whole: checkDevice,
  async quick() {
    if (!(await knownProductIsRight())) {
      throw new WrongNumbers('The GPU, which was right before, computes wrong numbers now.');
    }
  },
};

const TOLERANCE = 1e-3;

/** Rows that the CPU computes too: it is slow. */
const FEW = ROW_TILE;

/** Texts that come in turn: what a check before has left in memory, which is used again, must not pass for the next. */
const VARIANTS = 3;
let checks = 0;

/**
 * Holds the current backend against the plain CPU at the sizes of an experiment, with the reference as every run's
 * policy. A device may be right in small and wrong where a launch has many workgroups. Throws an Error that says by how
 * much they differ.
 */
export async function checkDevice(config: ExperimentConfig, task: Task): Promise<void> {
  const fleets = fleetsOf(config, task, runsOf(config));
  const asked = { seed: config.firstSeed, variant: checks++ % VARIANTS };
  const { pairs } = config.schedule;
  await checkTraining(task, asked, Math.max(...fleets.map((fleet) => fleet.length)), paddedRows(2 * pairs));
  // The rows of the largest launch that the experiment makes, no more: memory may just hold that.
  const rowsOf = ([run]: readonly Run[]) =>
    Math.max(config.evaluation.samples, Math.min(blockRows(task.policy), pairs * run!.sampler.candidates));
  const [largest] = fleets.toSorted((a, b) => b.length * rowsOf(b) - a.length * rowsOf(a));
  await checkSampling(task, asked, largest!.length, rowsOf(largest!));
}

interface Asked {
  /** Of the reference. */
  readonly seed: number;
  readonly variant: number;
}

/** A training step's log-probs and gradient, of four completions that repeat. */
async function checkTraining(task: Task, { seed, variant }: Asked, runs: number, rows: number): Promise<void> {
  const reference = task.referenceWeights(seed);
  const launched = launchTraining(task, reference, variant, runs, rows);
  const [logProbs, gradient] = await Promise.all(
    launched.map(async (tensor) => (await tensor.data<'float32'>()).slice()),
  );
  tf.dispose(launched);
  // The four only once; no other work comes between the CPU's operations.
  const [fewLogProbs, fewGradient] = onCpu(task, `training ${seed} ${variant}`, () => {
    const few = launchTraining(task, reference, variant, 1, FEW);
    const values = few.map((tensor) => tensor.dataSync<'float32'>());
    tf.dispose(few);
    return values;
  });
  const { completionLength } = task.policy;
  compare(logProbs!, (i) => fewLogProbs![i % (FEW * completionLength)]!);
  // Every completion comes this often.
  const times = rows / FEW;
  compare(gradient!, (i) => times * fewGradient![i % fewGradient!.length]!);
}

/** Launches a pass over the four completions, repeated; the caller disposes what it returns. */
function launchTraining(task: Task, reference: Float32Array, variant: number, sets: number, rows: number): tf.Tensor[] {
  const { policy } = task;
  const { vocabulary, completionLength } = policy;
  return tf.tidy(() => {
    const few = Array.from({ length: FEW }, (_, which) => ({
      prompt: promptOf(task, which),
      completion: Array.from({ length: completionLength }, (__, t) => (7 * which + 5 * t + 3 + variant) % vocabulary),
    }));
    const texts = Array.from({ length: rows }, (_, row) => few[row % FEW]!);
    const batch = completionBatch(lengthsOf(task), new Array<typeof texts>(sets).fill(texts));
    const pass = policy.forward(copies(reference, sets), batch);
    const logProbs = pass.logProbs.clone();
    const gradient = pass.gradient(tf.ones([sets * rows]) as tf.Tensor1D);
    pass.dispose();
    return [logProbs, gradient];
  });
}

/**
 * Completions of all runs. KL is 0 at their first token, where policy and reference have both read the prompt, and the
 * CPU finds the last four's log-probs again.
 */
async function checkSampling(task: Task, { seed, variant }: Asked, runs: number, rows: number): Promise<void> {
  const reference = task.referenceWeights(seed);
  const { policy } = task;
  const { vocabulary, completionLength } = policy;
  const total = runs * rows;
  const sets = Array.from({ length: runs }, (_, r) => r);
  const weights = copies(reference, runs);
  const request = plainRequest({
    prompts: promptBatch(runs, rows, task.promptLength, (row) => promptOf(task, row)),
    policySets: sets,
    referenceSets: sets,
    seeds: sets,
    stream: STREAM.evaluation,
    step: variant,
    measure: true,
  });
  const sampling = sampleCompletions(policy, weights, request);
  weights.dispose();
  const { tokens, policyLogProbs, kl } = await sampling;
  compare(kl!.subarray(0, total), () => 0, 1);
  const first = Math.max(0, total - FEW);
  const rowOf = (i: number): number => (first + i) % total;
  const at = (i: number): number => (i % completionLength) * total + rowOf(Math.floor(i / completionLength));
  const ids = Int32Array.from({ length: FEW * completionLength }, (_, i) => tokens[at(i)]!);
  if (!ids.every((id) => id >= 0 && id < vocabulary)) throw wrongNumbers('it drew tokens that there are not');
  const [expected] = onCpu(task, `sampling ${seed} ${first} ${ids.join()}`, () => {
    const texts = Array.from({ length: FEW }, (_, row) => ({
      prompt: promptOf(task, rowOf(row)),
      completion: ids.subarray(row * completionLength, (row + 1) * completionLength),
    }));
    const batch = completionBatch(lengthsOf(task), [texts]);
    return [tf.tidy(() => policy.forward(copies(reference, 1), batch).logProbs.dataSync<'float32'>())];
  });
  // What lies behind a completion's end has no meaning.
  const isOver = (i: number): boolean => ids.subarray(i - (i % completionLength), i).some((token) => task.ends(token));
  compare(
    Float32Array.from(ids, (_, i) => (isOver(i) ? 0 : policyLogProbs[at(i)]!)),
    (i) => (isOver(i) ? 0 : expected![i]!),
  );
}

/** The same weights for so many runs. // [R, N] */
const copies = (weights: Float32Array, runs: number): tf.Tensor2D =>
  tf.tidy(() => tf.tile(tf.tensor2d(weights, [1, weights.length]), [runs, 1]));

/** A row's training prompt. */
const promptOf = (task: Task, row: number): readonly number[] => task.promptIds(row % task.promptCount);

const lengthsOf = ({ promptLength, policy: { completionLength } }: Task) => ({ promptLength, completionLength });

/** What the plain CPU has answered for a task: it is slow, and a device is checked again and again. */
const answers = new WeakMap<Task, Map<string, readonly Float32Array[]>>();

/** Computes something that does not wait on the plain CPU, once for a question: for whoever comes next all is as before. */
function onCpu(task: Task, question: string, compute: () => readonly Float32Array[]): readonly Float32Array[] {
  const known = answers.get(task) ?? new Map<string, readonly Float32Array[]>();
  answers.set(task, known);
  const answer = known.get(question);
  if (answer) return answer;
  const before = tf.getBackend();
  // tfjs sets a backend at once whose factory is not asynchronous, as the CPU's is: nothing waits in between.
  void tf.setBackend('cpu');
  try {
    const found = compute();
    known.set(question, found);
    return found;
  } finally {
    void tf.setBackend(before);
  }
}

/** @param scale what differences are measured by; the largest expected number where it is more */
function compare(found: Float32Array, expected: (index: number) => number, scale = 0): void {
  let worst = 0;
  for (let i = 0; i < found.length; i++) {
    const value = expected(i);
    scale = Math.max(scale, Math.abs(value));
    const difference = Math.abs(value - found[i]!);
    // Math.max would keep a NaN, too, but not say where none is larger.
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
  }
  if (worst > TOLERANCE * scale) throw wrongNumbers(`off by ${worst} where ${scale} is the largest`);
}

const wrongNumbers = (how: string): Error =>
  new WrongNumbers(`The GPU computes wrong numbers at this experiment’s size (${how}).`);
