import { foreign, isObject } from '../math/foreign';
import { parameterCount, sizeOf, transposeInto } from './parameters';
import type { NamedTensor } from './safetensors';
import { refuseSizes, ROTARY_BASE, transformerLayout, type ModelSizes } from './transformer';

/**
 * Llama's family in Hugging Face's layout: `config.json`, and tensors named as `transformers` names them. Its matrices lie
 * [out, in], ours [in, out].
 */
export interface LlamaModel {
  readonly sizes: ModelSizes;
  /** In our layout's order. // [N] */
  readonly weights: Float32Array;
  /** The token that every text begins with. */
  readonly beginning: number;
  /** Tokens that end a text. */
  readonly ends: readonly number[];
}

/** What our kernels have fixed. */
export const EPSILON = 1e-5;
const MOST = 65_536;
const MOST_ROTARY_BASE = 1e9;

const LAYER_NAMES: Readonly<Record<string, string>> = {
  attentionNorm: 'input_layernorm',
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  output: 'self_attn.o_proj',
  mlpNorm: 'post_attention_layernorm',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
};

/** `layers.3.query` → `model.layers.3.self_attn.q_proj.weight`. */
function theirName(name: string): string {
  if (name === 'embedding') return 'model.embed_tokens.weight';
  if (name === 'finalNorm') return 'model.norm.weight';
  const [, layer, part] = name.split('.');
  return `model.layers.${layer}.${LAYER_NAMES[part!]!}.weight`;
}

/** Reads a model from an untrusted source; throws an Error that says in a sentence what is broken or not supported. */
export function parseLlama(config: unknown, tensors: readonly NamedTensor[]): LlamaModel {
  const { sizes, keyValueHeads, beginning, ends } = parseConfig(config);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const layout = transformerLayout(sizes);
  const headWidth = sizes.width / sizes.heads;
  // All tensors before any memory: the sizes are only what the file says of itself.
  const parts = layout.map(({ name, shape }) => {
    const isGrouped = /[.](key|value)$/.test(name);
    const expected =
      shape.length === 1 || name === 'embedding'
        ? shape
        : [isGrouped ? headWidth * keyValueHeads : shape[1]!, shape[0]!];
    return { name, shape, values: valuesOf(byName, theirName(name), expected), isGrouped };
  });
  refuseOthers(byName, new Set(layout.map(({ name }) => theirName(name))));
  const perGroup = sizes.heads / keyValueHeads;
  /** A head of a group of queries gets a copy of the group's keys or values. */
  const groupOf = (column: number) => Math.floor(column / headWidth / perGroup) * headWidth + (column % headWidth);
  const weights = new Float32Array(parameterCount(layout));
  let at = 0;
  for (const { name, shape, values, isGrouped } of parts) {
    const target = weights.subarray(at, (at += sizeOf(shape)));
    if (shape.length === 1 || name === 'embedding') target.set(values);
    else transposeInto(target, values, shape[0]!, isGrouped ? groupOf : undefined);
  }
  return { sizes, weights, beginning, ends };
}

/** A model as `transformers` loads it: the object of `config.json`, and the tensors. */
export function encodeLlama(
  { sizes, weights, beginning, ends }: LlamaModel,
  positions: number,
): { config: Record<string, unknown>; tensors: NamedTensor[] } {
  let at = 0;
  const tensors = transformerLayout(sizes).map(({ name, shape }): NamedTensor => {
    const values = weights.subarray(at, (at += sizeOf(shape)));
    if (shape.length === 1 || name === 'embedding') return { name: theirName(name), shape, values };
    const [rows, columns] = shape as [number, number];
    const turned = new Float32Array(values.length);
    transposeInto(turned, values, columns);
    return { name: theirName(name), shape: [columns, rows], values: turned };
  });
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: sizes.width,
    intermediate_size: sizes.hidden,
    num_hidden_layers: sizes.layers,
    num_attention_heads: sizes.heads,
    num_key_value_heads: sizes.heads,
    vocab_size: sizes.vocabulary,
    max_position_embeddings: positions,
    rms_norm_eps: EPSILON,
    rope_theta: sizes.rotaryBase ?? ROTARY_BASE,
    hidden_act: 'silu',
    tie_word_embeddings: true,
    pad_token_id: 0,
    bos_token_id: beginning,
    eos_token_id: ends.length === 1 ? ends[0] : ends,
    torch_dtype: 'float32',
  };
  return { config, tensors };
}

/** Llama's own where the config does not say. Token 0 stands for padding here. */
function parseSpecial({ bos_token_id: bos = 1, eos_token_id: eos = 2 }: Record<string, unknown>, vocabulary: number) {
  const ends: readonly unknown[] = Array.isArray(eos) ? eos : [eos];
  const isToken = (id: unknown): id is number =>
    Number.isInteger(id) && (id as number) > 0 && (id as number) < vocabulary;
  if (!isToken(bos) || ends.length === 0 || !ends.every(isToken)) {
    const given = foreign(`${JSON.stringify(bos)} and ${JSON.stringify(eos)}`);
    throw new Error(
      `config.json: bos_token_id and eos_token_id are ${given}; expected tokens from 1 to ${vocabulary - 1}, as 0 pads`,
    );
  }
  return { beginning: bos, ends };
}

/** The base of the rotary positions (Su et al. 2021); `transformers` has had two ways to say it. */
function parseRotation({ rope_parameters, rope_scaling, rope_theta }: Record<string, unknown>): {
  rotaryBase?: number;
} {
  const given = {
    rope_theta,
    ...(isObject(rope_scaling) ? rope_scaling : {}),
    ...(isObject(rope_parameters) ? rope_parameters : {}),
  };
  const base = given.rope_theta ?? ROTARY_BASE;
  const type = 'rope_type' in given ? given.rope_type : 'default';
  if (type === 'default' && typeof base === 'number' && base > 1 && base <= MOST_ROTARY_BASE) {
    return base === ROTARY_BASE ? {} : { rotaryBase: base };
  }
  const text = foreign(`${JSON.stringify(base)}, ${JSON.stringify(type)}`);
  throw new Error(
    `config.json: rotary positions are ${text}; supported is a base from 1 to ${MOST_ROTARY_BASE}, "default"`,
  );
}

function valuesOf(byName: ReadonlyMap<string, NamedTensor>, name: string, shape: readonly number[]): Float32Array {
  const tensor = byName.get(name);
  if (!tensor) throw new Error(`the model lacks the tensor ${name}`);
  if (tensor.shape.join('×') !== shape.join('×')) {
    throw new Error(`tensor ${name} has shape ${tensor.shape.join('×')}; its config.json asks for ${shape.join('×')}`);
  }
  if (!(tensor.values instanceof Float32Array)) throw new Error(`tensor ${name} is not of type F32, F16 or BF16`);
  if (!tensor.values.every(Number.isFinite)) throw new Error(`tensor ${name} holds numbers that are not finite`);
  return tensor.values;
}

/** A tensor that we do not know does something that we would leave out. */
function refuseOthers(byName: ReadonlyMap<string, NamedTensor>, known: ReadonlySet<string>): void {
  for (const [name, { values }] of byName) {
    if (known.has(name) || name.endsWith('rotary_emb.inv_freq')) continue;
    if (name !== 'lm_head.weight') {
      throw new Error(`tensor ${foreign(name)} belongs to a kind of model that is not supported`);
    }
    // A tied output layer may be written once more.
    const embedding = byName.get('model.embed_tokens.weight')!.values;
    if (!embedding.every((value, i) => value === values[i])) {
      throw new Error('the model has an output layer of its own (untied embeddings), which is not supported');
    }
  }
}

function parseConfig(config: unknown): Omit<LlamaModel, 'weights'> & { keyValueHeads: number } {
  if (!isObject(config)) throw new Error('config.json is not an object');
  const whole = (name: string, fallback?: number): number => {
    const value = config[name] ?? fallback;
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > MOST) {
      const given = foreign(JSON.stringify(value) ?? 'missing');
      throw new Error(`config.json: ${name} is ${given}; expected a whole number from 1 to ${MOST}`);
    }
    return value as number;
  };
  const only = (name: string, supported: readonly (string | number | boolean | null)[]): void => {
    const value = (config[name] ?? null) as (typeof supported)[number];
    if (!supported.includes(value)) {
      const text = supported.filter((one) => one !== null).join(' or ') || 'none';
      throw new Error(
        `config.json: ${name} is ${foreign(JSON.stringify(value))}, which is not supported, only ${text}`,
      );
    }
  };
  only('model_type', ['llama']);
  only('hidden_act', ['silu', null]);
  only('rms_norm_eps', [EPSILON]);
  only('attention_bias', [false, null]);
  only('mlp_bias', [false, null]);
  const heads = whole('num_attention_heads');
  const keyValueHeads = whole('num_key_value_heads', heads);
  const sizes = {
    vocabulary: whole('vocab_size'),
    width: whole('hidden_size'),
    layers: whole('num_hidden_layers'),
    heads,
    hidden: whole('intermediate_size'),
    ...parseRotation(config),
  };
  if (heads % keyValueHeads !== 0) {
    throw new Error(`config.json: ${heads} heads do not divide into ${keyValueHeads} groups of keys and values`);
  }
  refuseSizes(sizes);
  only('head_dim', [sizes.width / heads, null]);
  return { sizes, keyValueHeads, ...parseSpecial(config, sizes.vocabulary) };
}
