import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { promptBatch } from '../../src/policy/batches';
import type { LlamaModel } from '../../src/policy/llama';
import { parseLlama2c } from '../../src/policy/llama2c';
import { folderFiles, type WrittenFolder } from '../../src/policy/modelFolder';
import { encodeTextModel, folderOf, textModelOf, type TextModel } from '../../src/policy/textModel';
import { transformerPolicy } from '../../src/policy/transformerPolicy';
import { openModel } from '../../src/training/openModel';
import { runExperiment } from '../../src/training/runExperiment';
import { readCoder } from '../../src/tasks/text/coder';
import { readTextModel, textTask } from '../../src/training/textTask';
import config from '../golden/llama/config.json?raw';
import golden from '../golden/llama/logits.json';
import tokenizer from '../golden/llama/tokenizer.json?raw';
import exported from '../golden/llama/trained.json';
import llama2cUrl from '../golden/llama/llama2c.bin?url';
import weightsUrl from '../golden/llama/model.safetensors?url';
import trainedUrl from '../golden/llama/trained.safetensors?url';
import { forEachBackend } from '../support/backends';
import { take } from '../support/numbers';
import { configOf } from '../support/tasks';

/** A model that `transformers` has written (tests/golden/make_llama.py): its groups of queries share keys and values. */

const ASKED = {
  prompts: { training: ['Once upon a time', 'The dog'], test: ['Tom and'] },
  promptLength: 24,
  completionLength: 8,
};

const bytesAt = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());

async function model(): Promise<TextModel> {
  const weights = await bytesAt(weightsUrl);
  return textModelOf({ config, tokenizer, weights }, ASKED);
}

/** The files of a folder that `lab unpack` writes. */
const filesOf = (folder: WrittenFolder): Map<string, Uint8Array<ArrayBuffer>> =>
  new Map(
    Object.entries(folderFiles(folder)).map(([name, content]) => [
      name,
      Uint8Array.from(typeof content === 'string' ? new TextEncoder().encode(content) : content),
    ]),
  );

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** After each of the texts. */
async function logitsOf({ sizes, weights }: LlamaModel, texts = golden.ids): Promise<number[][]> {
  const longest = Math.max(...texts.map((ids) => ids.length));
  const policy = transformerPolicy({ ...sizes, promptLength: longest, completionLength: 1 });
  const batch = promptBatch(1, texts.length, longest, (row) => texts[row]!);
  const found = await take(tf.tidy(() => policy.nextLogits(tf.tensor2d(weights.slice(), [1, weights.length]), batch)));
  return texts.map((_, row) => Array.from(found.slice(row * sizes.vocabulary, (row + 1) * sizes.vocabulary)));
}

const largestDifference = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe('a model of transformers', () => {
  forEachBackend(() => {
    it('has the logits that transformers finds', async () => {
      const found = await logitsOf(await model());
      found.forEach((logits, row) => expect(largestDifference(logits, golden.logits[row]!)).toBeLessThan(1e-4));
    });

    it('is read from the layout of llama2.c too, with the tokenizer behind it', async () => {
      const { model: theirs, tokenizer: behind } = parseLlama2c(await bytesAt(llama2cUrl));
      const ids = [1, ...readCoder(behind!, [0, 1, 2]).encode('dog the a')];
      const [logits] = await logitsOf(theirs, [ids]);
      expect(largestDifference(logits!, golden.llama2c)).toBeLessThan(1e-4);
    });

    it('trains, goes out as a folder and as one file, and comes back the same', async () => {
      const read = readTextModel(encodeTextModel(await model()));
      const experiment = configOf({
        task: { kind: 'text', oracles: [{ of: 'sentiment' }, { of: 'ending' }] },
        arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
        seeds: 1,
        beta: 0.1,
        learningRate: 0.01,
        schedule: { steps: 3, pairs: 2 },
        evaluation: { every: 3, samples: 4 },
      });
      const task = textTask(read, { oracles: [], oracle: 'bounded', rewardScale: 1 });
      const trained: Float32Array[] = [];
      const running = runExperiment(experiment, task, { signal: new AbortController().signal });
      for await (const report of running) {
        if (report.type === 'weights') trained.push(...report.weights.map((weights) => weights!));
      }
      expect(trained).toHaveLength(2);
      const own = readTextModel(task.encodeWeights(trained[0]!, { by: 'us' }));
      expect(own.weights).toEqual(trained[0]);
      expect(largestDifference([...own.weights], [...read.weights])).toBeGreaterThan(1e-3);
      const { model: back } = openModel(filesOf(folderOf(own)));
      expect(back.weights).toEqual(own.weights);
      expect(back.sizes).toEqual(own.sizes);
      const [before, after] = [await logitsOf(own), await logitsOf(back)];
      expect(largestDifference(after.flat(), before.flat())).toBeLessThan(1e-6);
    });

    // Its folder, three steps after make_llama.py's (tests/golden/make_exported.py): no head shares a key any more.
    it('goes out trained, and has the logits that transformers finds in its folder', async () => {
      const trained = readTextModel(await bytesAt(trainedUrl));
      const files = filesOf(folderOf(trained));
      const hashes = await Promise.all(
        Array.from(files, async ([name, bytes]) => [name, await sha256(bytes)] as const),
      );
      expect(Object.fromEntries(hashes)).toEqual(exported.sha256);
      expect(trained.sizes.rotaryBase).toBe(500);
      expect(golden.texts.map((text) => [1, ...trained.coder.encode(text)])).toEqual(exported.ids);
      const found = await logitsOf(trained, exported.ids);
      found.forEach((logits, row) => {
        expect(largestDifference(logits, exported.logits[row]!)).toBeLessThan(1e-4);
        expect(largestDifference(logits, golden.logits[row]!), 'it has learnt').toBeGreaterThan(0.01);
      });
    });
  });
});
