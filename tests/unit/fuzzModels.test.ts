import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLlama2c } from '../../src/policy/llama2c';
import { encodeRewardModel } from '../../src/policy/rewardModel';
import { learntOracle } from '../../src/training/learntOracle';
import { openModel } from '../../src/training/openModel';
import { parseReviewsCheckpoint } from '../../src/training/reviewsTask';
import { readTextModel } from '../../src/training/textTask';
import { expectReadOrThrown, frugal, RUNS, spoiledBytes } from '../support/fuzzing';
import { leaf, spoiled } from '../support/spoiled';

/** A checkpoint, a model or a tokenizer of which something is wrong is refused in a sentence, or read. */

/** Reads files of which one is spoiled, each as often as RUNS says. */
function check(spoils: fc.Arbitrary<Uint8Array>, read: (bytes: Uint8Array) => unknown): void {
  const one = frugal((bytes: Uint8Array) => expectReadOrThrown(() => read(bytes)));
  fc.assert(fc.property(spoils, one), RUNS);
}

/** Of a safetensors file, the part that describes the rest. */
const headerOf = (bytes: Uint8Array): number => Buffer.from(bytes).readUInt32LE(0) + 8;

it('a checkpoint of reviews of which bytes are wrong', () => {
  const good = readFileSync('public/checkpoints/reviews.safetensors');
  check(spoiledBytes(good, headerOf(good)), parseReviewsCheckpoint);
});

describe('a text model', () => {
  const golden = (name: string) => readFileSync(`tests/golden/llama/${name}`);
  const folder = {
    'config.json': golden('config.json'),
    'tokenizer.json': golden('tokenizer.json'),
    'model.safetensors': golden('model.safetensors'),
  };
  const opened = (files: Readonly<Record<string, Uint8Array>>) => openModel(new Map(Object.entries(files))).bytes;
  const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value) ?? '');

  it.each(['config.json', 'tokenizer.json'] as const)('of which %s is wrong', (name) => {
    const whole: unknown = JSON.parse(folder[name].toString());
    check(fc.oneof(leaf, spoiled(whole)).map(bytesOf), (bytes) => opened({ ...folder, [name]: bytes }));
  });

  it('of which weights are wrong', () => {
    const { 'model.safetensors': weights, ...others } = folder;
    check(spoiledBytes(weights, headerOf(weights)), (bytes) => opened({ ...others, 'model.safetensors': bytes }));
  });

  describe('of llama2.c', () => {
    const HEADER = 28;
    const whole = golden('llama2c.bin');
    const [width, , , heads, , vocabulary, context] = Array.from({ length: 7 }, (_, i) =>
      whole.readInt32LE(4 * i),
    ) as number[];
    // Behind the weights lie the angles of positions, then the tokenizer.
    const end = HEADER + 4 * (parseLlama2c(whole).model.weights.length + (context! * width!) / heads!);
    const model = whole.subarray(0, end);
    const tokenizer = whole.subarray(end);

    it('of which weights are wrong, with its tokenizer behind', () => {
      check(fc.oneof(spoiledBytes(whole, HEADER), spoiledBytes(whole)), (bytes) => opened({ 'a.bin': bytes }));
    });

    it('of which tokenizer.bin is wrong', () => {
      const read = (bytes: Uint8Array) => opened({ 'a.bin': model, 'tokenizer.bin': bytes });
      read(tokenizer);
      check(spoiledBytes(tokenizer), read);
    });

    it('of which the last token of tokenizer.bin is very long', () => {
      const token = (letters: string) =>
        Buffer.concat([Buffer.from([0, 0, 0, 0]), lengthOf(letters), Buffer.from(letters)]);
      const lengthOf = (letters: string) => Buffer.from(Int32Array.of(letters.length).buffer);
      const short = Array.from({ length: vocabulary! - 1 }, () => token('a'));
      const bytes = Buffer.concat([Buffer.alloc(4), ...short, token('a'.repeat(100_000))]);
      const opening = frugal((given: Uint8Array) => opened({ 'a.bin': model, 'tokenizer.bin': given }));
      expect(() => opening(bytes)).toThrow(/has a token of 100000 bytes; at most 256 are supported/);
    });
  });

  it('of which a reward model is wrong', () => {
    const model = readTextModel(opened(folder));
    const good = encodeRewardModel({ ...model, head: new Float32Array(model.sizes.width), length: 64 });
    check(spoiledBytes(good, headerOf(good)), learntOracle);
  });
});
