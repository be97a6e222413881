import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeLlama, parseLlama } from '../../src/policy/llama';
import { parseLlama2c } from '../../src/policy/llama2c';
import { parameterCount } from '../../src/policy/parameters';
import type { NamedTensor } from '../../src/policy/safetensors';
import { transformerLayout } from '../../src/policy/transformer';

/** What is not supported is refused by the sentence that names it. */

const SIZES = { vocabulary: 6, width: 16, layers: 1, heads: 2, hidden: 12 };
const weights = Float32Array.from({ length: parameterCount(transformerLayout(SIZES)) }, (_, i) => Math.sin(0.7 * i));
const { config, tensors } = encodeLlama({ sizes: SIZES, weights, beginning: 1, ends: [2] }, 32);

const EMBEDDING = tensors.find(({ name }) => name === 'model.embed_tokens.weight')!;
const outputLayer = (values: Float32Array): NamedTensor => ({ ...EMBEDDING, name: 'lm_head.weight', values });
const bias: NamedTensor = {
  name: 'model.layers.0.self_attn.q_proj.bias',
  shape: [16],
  values: new Float32Array(16),
};

const UNTIED = 'the model has an output layer of its own (untied embeddings), which is not supported';

describe('a model in Hugging Face’s layout', () => {
  it('comes back as it went out, also where the tied output layer is written once more', () => {
    const tied = outputLayer(EMBEDDING.values as Float32Array);
    expect(parseLlama({ ...config, tie_word_embeddings: false }, [...tensors, tied])).toEqual({
      sizes: SIZES,
      weights,
      beginning: 1,
      ends: [2],
    });
  });

  it.each<[string, Record<string, unknown>, readonly NamedTensor[], string]>([
    ['an output layer of its own', {}, [outputLayer(new Float32Array(96))], UNTIED],
    [
      'another ε',
      { rms_norm_eps: 1e-6 },
      [],
      'config.json: rms_norm_eps is 0.000001, which is not supported, only 0.00001',
    ],
    [
      'biases of the attention',
      { attention_bias: true },
      [],
      'config.json: attention_bias is true, which is not supported, only false',
    ],
    ['biases of the MLP', { mlp_bias: true }, [], 'config.json: mlp_bias is true, which is not supported, only false'],
    [
      'a bias that config.json does not tell of',
      {},
      [bias],
      `tensor ${bias.name} belongs to a kind of model that is not supported`,
    ],
    [
      'heads of another width than the model’s',
      { head_dim: 16 },
      [],
      'config.json: head_dim is 16, which is not supported, only 8',
    ],
    [
      'heads whose width is no multiple of 8',
      { num_attention_heads: 4, num_key_value_heads: 4 },
      [],
      "the checkpoint's width 16 does not divide into 4 heads whose width is a multiple of 8",
    ],
    [
      'another activation',
      { hidden_act: 'gelu' },
      [],
      'config.json: hidden_act is "gelu", which is not supported, only silu',
    ],
    [
      'a vocabulary that is too large',
      { vocab_size: 65_537 },
      [],
      'config.json: vocab_size is 65537; expected a whole number from 1 to 65536',
    ],
    [
      'groups that do not fit the heads',
      { num_key_value_heads: 3 },
      [],
      'config.json: 2 heads do not divide into 3 groups of keys and values',
    ],
  ])('is refused for %s', (_, change, more, sentence) => {
    expect(() => parseLlama({ ...config, ...change }, [...tensors, ...more])).toThrow(new Error(sentence));
  });
});

describe('a model in the layout of llama2.c', () => {
  /** The golden file with one number of its header changed: heads of keys and values are the fifth, the vocabulary the sixth. */
  function changed(place: number, change: (value: number) => number): Uint8Array {
    const bytes = Uint8Array.from(readFileSync('tests/golden/llama/llama2c.bin'));
    const view = new DataView(bytes.buffer);
    view.setInt32(4 * place, change(view.getInt32(4 * place, true)), true);
    return bytes;
  }

  it.each([
    ['an output layer of its own', changed(5, (vocabulary) => -vocabulary), UNTIED],
    [
      'heads that share keys and values',
      changed(4, () => 1),
      'a model whose heads share keys and values is read only from config.json',
    ],
  ])('is refused for %s', (_, bytes, sentence) => {
    expect(() => parseLlama2c(bytes)).toThrow(new Error(sentence));
  });
});
