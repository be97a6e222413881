import * as tf from '@tensorflow/tfjs-core';
import { inTidy } from '../ops/inTidy';
import { assembleTokens, scatterLogProbs } from '../ops/completionLogProb/completionLogProb';
import { emptyTensor } from '../ops/device/launch';
import { drawTokens } from '../ops/drawTokens/drawTokens';
import { paddedRows } from '../ops/rowSets';
import { emptyCaches, logitsOf, passOver, runLayers, type Pass } from './forwardPass';
import { planModelRows, rowOf, type ModelRows } from './modelRows';
import { POLICY, REFERENCE, type DeviceCompletions, type SamplingRequest } from './policy';
import { inputLength, type TransformerOffsets, type TransformerSizes } from './transformer';

const BOTH = POLICY | REFERENCE;

/** The rows to decode, or those whose log-probs are still missing after it. */
function modelRows(
  { prompts, policySets, referenceSets, models, measure }: SamplingRequest,
  decoded: boolean,
): ModelRows {
  const rows = prompts.sets * prompts.rows;
  const wanted = [...policySets, ...referenceSets].flatMap((set, i) => {
    const model = i < prompts.sets ? (0 as const) : (1 as const);
    const bit = model === 0 ? POLICY : REFERENCE;
    const first = (i % prompts.sets) * prompts.rows;
    const ofRun = Array.from({ length: prompts.rows }, (_, b) => first + b);
    return ofRun
      .filter((row) => (((measure ? BOTH : models[row]!) & bit) !== 0) === decoded)
      .map((row) => ({ model, row, set }));
  });
  // A row is decoded under one model at least, so that at most one is missing.
  const sets = new Set([...policySets, ...referenceSets]).size;
  return planModelRows(wanted, rows, paddedRows((decoded ? 2 : 1) * rows) + 4 * sets);
}

/** What a pass over model rows needs on the device. */
function passOf(
  sizes: TransformerSizes,
  offsets: TransformerOffsets,
  weights: tf.Tensor2D,
  prompts: SamplingRequest['prompts'],
  { capacity, tiles, slots }: ModelRows,
): { pass: Pass; promptIds: Int32Array } {
  const { length, ids } = prompts;
  const rows = prompts.sets * prompts.rows;
  const promptIds = new Int32Array(capacity * length);
  slots.forEach((slot, m) => {
    const row = rowOf(slot, rows);
    promptIds.set(ids.subarray(row * length, (row + 1) * length), m * length);
  });
  const rowSets = { capacity, tiles: tf.tensor1d(tiles, 'int32') };
  return { pass: passOver({ sizes, offsets, weights }, rowSets, promptIds, length), promptIds };
}

/**
 * Decodes a completion for every row with a cache of keys and values, 5·layers + 3 launches a token whatever the number
 * of runs: the models that a row asks for are rows of one batch.
 */
export function decode(
  sizes: TransformerSizes,
  offsets: TransformerOffsets,
  weights: tf.Tensor2D,
  request: SamplingRequest,
): DeviceCompletions {
  const { prompts, settings, seeds, stream, step, firstRow = 0, measure } = request;
  const { completionLength: length } = sizes;
  const rows = prompts.sets * prompts.rows;
  const plan = modelRows(request, true);
  return inTidy(() => {
    const tokens = emptyTensor([length, rows], 'int32');
    const logProbs = emptyTensor([length, 2, rows]);
    const measures = measure ? emptyTensor([length, 2, rows]) : null;
    const { pass, promptIds } = passOf(sizes, offsets, weights, prompts, plan);
    const caches = emptyCaches(pass, inputLength(sizes));
    const places = tf.tensor2d(plan.places, [2, rows], 'int32');
    const address = tf.tensor1d(
      Int32Array.from([...seeds, step, firstRow], (value) => value | 0),
      'int32',
    );
    const next = tf.zeros([plan.capacity], 'int32') as tf.Tensor1D;
    const firstTokens = tf.tensor2d(promptIds, [plan.capacity, prompts.length], 'int32');
    const logitsAfter = (inputs: tf.Tensor2D, first: number): tf.Tensor2D =>
      tf.tidy(() => logitsOf(pass, runLayers(pass, inputs, first, caches), inputs.shape[1] - 1, 1).logits);
    let logits = logitsAfter(firstTokens, 0);
    for (let token = 0; token < length; token++) {
      const draw = { logits, modelRows: places, settings, seeds: address, tokens, stream, token };
      drawTokens(draw, { next, logProbs, measures });
      logits.dispose();
      if (token + 1 < length) logits = logitsAfter(tf.reshape(next, [plan.capacity, 1]), prompts.length + token);
    }
    return { tokens, logProbs, measures };
  });
}

/** The log-probs that decoding did not need, in one pass over the finished completions. */
export function complete(
  sizes: TransformerSizes,
  offsets: TransformerOffsets,
  weights: tf.Tensor2D,
  request: SamplingRequest,
  sampled: DeviceCompletions,
): void {
  const { prompts } = request;
  const plan = modelRows(request, false);
  if (plan.tiles.every((set) => set < 0)) return;
  tf.tidy(() => {
    const [tokens, logProbs] = [sampled.tokens as tf.Tensor2D, sampled.logProbs as tf.Tensor3D];
    const { pass } = passOf(sizes, offsets, weights, prompts, plan);
    const slots = tf.tensor1d(plan.slots, 'int32');
    const promptTensor = tf.tensor2d(prompts.ids, [prompts.sets * prompts.rows, prompts.length], 'int32');
    const inputs = assembleTokens({ prompts: promptTensor, tokens, slots });
    const states = tf.tidy(() => runLayers(pass, inputs, 0, emptyCaches(pass, inputLength(sizes))));
    const { logits } = logitsOf(pass, states, prompts.length - 1, sizes.completionLength);
    scatterLogProbs({ logits, tokens, slots, logProbs });
  });
}
