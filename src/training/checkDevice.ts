import * as tf from '@tensorflow/tfjs-core';
import type { ExperimentConfig } from '../experiment/schema';
import { paddedRows, ROW_TILE } from '../ops/rowSets';
import type { CompletionBatch, Policy } from '../policy/policy';
import type { Problem } from './problem';
import { groupIntoFleets, runsOf } from './run';

const TOLERANCE = 1e-3;

/** Log-probs and gradient of some completions under the reference. */
interface Pass {
  readonly logProbs: Float32Array; // [R·B, C]
  readonly gradient: Float32Array; // [R, N]
}

/** Copies: a backend may use their memory again. */
const passOf = ([logProbs, gradient]: readonly Float32Array[]): Pass => ({
  logProbs: logProbs!.slice(),
  gradient: gradient!.slice(),
});

/**
 * Holds the current backend against the plain CPU at the sizes of an experiment: a training step's log-probs and
 * gradient, with all runs and rows, of four completions that repeat. A device may be right in small and wrong where a
 * launch has many workgroups. The CPU needs the four only once, and no other work comes between its operations.
 * Throws an Error that says by how much they differ.
 */
export async function checkDevice(config: ExperimentConfig, problem: Problem): Promise<void> {
  const runs = Math.max(...groupIntoFleets(runsOf(config)).map((fleet) => fleet.length));
  const rows = paddedRows(2 * config.schedule.pairs);
  const reference = problem.referenceWeights(config.firstSeed);
  const name = tf.getBackend();
  const launched = launch(problem, reference, runs, rows);
  const found = passOf(await Promise.all(launched.map((tensor) => tensor.data<'float32'>())));
  tf.dispose(launched);
  const expected = onCpu(name, () => {
    const few = launch(problem, reference, 1, ROW_TILE);
    const pass = passOf(few.map((tensor) => tensor.dataSync<'float32'>()));
    tf.dispose(few);
    return pass;
  });
  const { completionLength } = problem.policy;
  compare(found.logProbs, (i) => expected.logProbs[i % (ROW_TILE * completionLength)]!);
  // Every completion comes this often.
  const times = rows / ROW_TILE;
  compare(found.gradient, (i) => times * expected.gradient[i % expected.gradient.length]!);
}

/** Runs something that does not wait on the plain CPU: for whoever comes next all is as before. */
function onCpu<T>(before: string, compute: () => T): T {
  // A backend that has been started is set at once; the self-test has started it.
  void tf.setBackend('cpu');
  try {
    return compute();
  } finally {
    void tf.setBackend(before);
  }
}

/** Launches a pass over the four completions, repeated; the caller disposes what it returns. */
function launch({ policy, ...problem }: Problem, reference: Float32Array, sets: number, rows: number): tf.Tensor[] {
  return tf.tidy(() => {
    const weights = tf.tile(tf.tensor2d(reference, [1, reference.length]), [sets, 1]);
    const pass = policy.forward(weights, repeated(policy, problem, sets, rows));
    const logProbs = pass.logProbs.clone();
    const gradient = pass.gradient(tf.ones([sets * rows]) as tf.Tensor1D);
    pass.dispose();
    return [logProbs, gradient];
  });
}

/** Four completions of the greatest length, over and over. */
function repeated(
  { vocabulary, completionLength }: Policy,
  { promptLength, promptCount, promptIds }: Pick<Problem, 'promptLength' | 'promptCount' | 'promptIds'>,
  sets: number,
  rows: number,
): CompletionBatch {
  const total = sets * rows;
  const prompts = new Int32Array(total * promptLength);
  const ids = new Int32Array(total * completionLength);
  for (let row = 0; row < total; row++) {
    const which = row % ROW_TILE;
    prompts.set(promptIds(which % promptCount), row * promptLength);
    for (let t = 0; t < completionLength; t++) {
      ids[row * completionLength + t] = (7 * which + 5 * t + 3) % vocabulary;
    }
  }
  return {
    prompts: { sets, rows, length: promptLength, ids: prompts },
    length: completionLength,
    ids,
    mask: new Float32Array(ids.length).fill(1),
  };
}

function compare(found: Float32Array, expected: (index: number) => number): void {
  let scale = 0;
  let worst = 0;
  for (let i = 0; i < found.length; i++) {
    const value = expected(i);
    scale = Math.max(scale, Math.abs(value));
    const difference = Math.abs(value - found[i]!);
    // Math.max would keep a NaN, too, but not say where none is larger.
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
  }
  if (worst <= TOLERANCE * scale) return;
  throw new Error(
    `The GPU computes wrong numbers at this experiment’s size (off by ${worst} where ${scale} is the largest). ` +
      'Choose WebAssembly with a browser that has no WebGPU, or a smaller experiment.',
  );
}
