import { problemText } from '../../src/experiment/reading';
import { parseConfig } from '../../src/experiment/config/config';
import type { ExperimentConfig, ExperimentConfigInput } from '../../src/experiment/config/schema';
import { encodeCheckpoint } from '../../src/policy/checkpoint';
import type { TransformerSizes } from '../../src/policy/transformer';
import { transformerPolicy } from '../../src/policy/transformerPolicy';
import { initialWeights } from '../../src/reference/pretrain';
import type { Task } from '../../src/training/task';

/** A config with its defaults filled in; throws where it is not valid. */
export function configOf(input: ExperimentConfigInput): ExperimentConfig {
  const parsed = parseConfig(input);
  if (!parsed.ok) throw new Error(problemText(parsed.problems));
  return parsed.value;
}

export const TINY_SIZES: TransformerSizes = {
  vocabulary: 9,
  width: 16,
  layers: 1,
  heads: 2,
  hidden: 12,
  promptLength: 3,
  completionLength: 4,
};
const END = 2;

/** Left-padded prompts of two lengths. */
const PROMPTS = [
  [1, 5, 6],
  [0, 1, 7],
  [1, 3, 4],
];

/** A transformer small enough for every backend, with an oracle that likes high token ids. */
export function tinyTransformerTask(sizes = TINY_SIZES): Task {
  const weights = initialWeights(sizes, 5);
  return {
    policy: transformerPolicy(sizes),
    promptLength: sizes.promptLength,
    promptCount: PROMPTS.length,
    promptIds: (index) => PROMPTS[index]!,
    referenceWeights: () => weights,
    ends: (token) => token === END,
    reward: (_seed, _prompt, completion) => completion.reduce((sum, token) => sum + token / 9, 0),
    contributions: (_seed, _prompt, completion) => completion.map((token) => token / 9),
    startWeights: null,
    encodeWeights: (own, origin) => encodeCheckpoint({ sizes, vocabulary: [], weights: own, origin }),
    panel: null,
    trueReward: null,
    promptText: (prompt) => prompt.join(' '),
    completionText: (_prompt, ids) => ids.join(' '),
    tokenText: String,
    evaluation: { kind: 'sampled', testPrompts: PROMPTS },
  };
}
