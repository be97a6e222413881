import { encodeTextModel, parseTextModel, type TextModel } from '../policy/textModel';
import { transformerPolicy } from '../policy/transformerPolicy';
import type { OracleConfig } from '../experiment/config/oracles';
import type { RewardForm } from '../tasks/reviews/bounds';
import type { TextCoder } from '../tasks/text/coder';
import type { Oracle } from '../tasks/text/oracles/oracle';
import { scoreBy } from '../tasks/text/score';
import { modelCoder } from './modelCoder';
import type { Task } from './task';

/** A text policy with its tokenizer read. */
export interface ReadTextModel extends TextModel {
  readonly coder: TextCoder;
}

/** Reads a text policy; throws an Error that says what is wrong with it. */
export function readTextModel(bytes: Uint8Array): ReadTextModel {
  const model = parseTextModel(bytes);
  return { ...model, coder: modelCoder(model) };
}

export interface TextOptions extends RewardForm {
  readonly oracles: readonly OracleConfig[];
  /** What the oracles were to learn; measured only. */
  readonly truth?: readonly OracleConfig[] | undefined;
  /** The oracles that have learnt, by their checkpoint's name. */
  readonly learnt?: ReadonlyMap<string, Oracle>;
  /** Where training starts instead of at the reference. // [N] */
  readonly startWeights?: Float32Array;
}

/** Plain text by a transformer with a vocabulary of pieces of words; the model is the reference. */
export function textTask(model: ReadTextModel, options: TextOptions): Task {
  const { coder, prompts, promptLength, completionLength, beginning, ends } = model;
  const { pieces } = coder;
  const idsOf = (text: string): number[] => {
    const ids = [beginning, ...coder.encode(text)];
    if (ids.length <= promptLength) return ids;
    throw new Error(`the prompt "${text}" has ${ids.length} tokens; the model reads ${promptLength}`);
  };
  const [training, test] = [prompts.training.map(idsOf), prompts.test.map(idsOf)];
  const { oracles, truth, learnt } = options;
  const score = scoreBy(pieces, ends, oracles, options, learnt);
  const trueScore = truth && scoreBy(pieces, ends, truth, options, learnt);
  const textOf = (ids: readonly number[]) => ids.map((id) => pieces[id]!).join('');
  return {
    policy: transformerPolicy({ ...model.sizes, promptLength, completionLength }),
    promptLength,
    promptCount: training.length,
    promptIds: (index) => training[index]!,
    referenceWeights: () => model.weights,
    ends: (token) => ends.includes(token),
    reward: (_seed, prompt, completion) => score(prompt, completion).reward,
    contributions: (_seed, prompt, completion) => score(prompt, completion).contributions,
    trueReward: trueScore ? (prompt, completion) => trueScore(prompt, completion).reward : null,
    startWeights: options.startWeights ?? null,
    encodeWeights: (weights, origin) => encodeTextModel({ ...model, weights, origin }),
    panel: null,
    // Some tokenizers put a space before a text.
    promptText: (prompt) => textOf(prompt).trimStart(),
    completionText: (_prompt, completion) => textOf(completion).trimEnd(),
    tokenText: (token) => (ends.includes(token) ? '■' : pieces[token]!),
    evaluation: { kind: 'sampled', testPrompts: test },
  };
}
