/** The benchmark's task, runs and policies, as sizes.json has them. */
import type { SamplerName } from '../../src/experiment/samplers/table';
import type { ExperimentConfig } from '../../src/experiment/config/schema';
import { STREAM, uniformInteger } from '../../src/math/random';
import { encodeCheckpoint } from '../../src/policy/checkpoint';
import { composedTransformerPolicy } from '../../src/policy/composed/composedPolicy';
import type { Policy } from '../../src/policy/policy';
import type { TransformerSizes } from '../../src/policy/transformer';
import { transformerPolicy } from '../../src/policy/transformerPolicy';
import { initialWeights } from '../../src/reference/pretrain';
import type { Task } from '../../src/training/task';
import { runsOf, type Run } from '../../src/training/run';
import { configOf } from '../support/tasks';
import spec from './sizes.json';

export const { workload } = spec;

/** The transformer by our kernels, and in tfjs' stock ops. */
export const FORMS = ['composed', 'fused'] as const;
export type Form = (typeof FORMS)[number];

/** Of the model. */
export const parametersOf = (size: SizeName): number => spec.sizes[size].parameters;

/** In tokens: a size's own, where it has one. */
export const completionLengthOf = (size: SizeName): number => ({ ...workload, ...spec.sizes[size] }).completionLength;

export type SizeName = keyof typeof spec.sizes;

const POLICIES: Record<Form, (sizes: TransformerSizes) => Policy> = {
  composed: composedTransformerPolicy,
  fused: transformerPolicy,
};

const [BEGIN, END, FIRST_WORD] = [1, 2, 3];
const PROMPTS = 64;

export interface Workload {
  readonly config: ExperimentConfig;
  readonly task: Task;
  readonly runs: readonly Run[];
  /** The same policy with completions of another length. */
  readonly policyOf: (completionLength: number) => Policy;
}

export function workloadOf(form: Form, size: SizeName, fleet: number): Workload {
  const { promptLength } = workload;
  const { parameters, ...shape } = spec.sizes[size];
  const sizes: TransformerSizes = { ...shape, promptLength, completionLength: completionLengthOf(size) };
  const weights = initialWeights(sizes, 0);
  if (weights.length !== parameters) throw new Error(`sizes.json: ${size} has ${weights.length} parameters`);
  const prompts = Array.from({ length: PROMPTS }, (_, row) => randomPrompt(sizes, 0, row));
  const mean = (ids: readonly number[]) => ids.reduce((sum, id) => sum + id, 0) / ids.length;
  const task: Task = {
    policy: POLICIES[form](sizes),
    promptLength,
    promptCount: PROMPTS,
    promptIds: (index) => prompts[index]!,
    referenceWeights: () => weights,
    ends: (token) => token === END,
    // A fake oracle, as pytorch.py's: cheap, and no two completions are alike to it.
    reward: (_seed, _prompt, completion) => mean(completion) / sizes.vocabulary,
    contributions: (_seed, _prompt, completion) => completion.map((id) => id / sizes.vocabulary / completion.length),
    startWeights: null,
    encodeWeights: (own, origin) => encodeCheckpoint({ sizes, vocabulary: [], weights: own, origin }),
    panel: null,
    trueReward: null,
    promptText: (prompt) => prompt.join(' '),
    completionText: (_prompt, ids) => ids.join(' '),
    tokenText: String,
    evaluation: {
      kind: 'sampled',
      testPrompts: Array.from({ length: workload.evaluationSamples }, (_, row) => randomPrompt(sizes, 1, row)),
    },
  };
  const config = experiment(fleet);
  return {
    config,
    task,
    runs: alternatingRuns(config, fleet),
    policyOf: (length) => POLICIES[form]({ ...sizes, completionLength: length }),
  };
}

/** Words after the beginning, padded on the left. */
function randomPrompt({ promptLength, vocabulary }: TransformerSizes, set: number, row: number): number[] {
  const draw = (token: number, count: number) =>
    uniformInteger({ seed: 0, stream: STREAM.corpus, step: set, row, token }, count);
  const start = draw(0, Math.floor(promptLength / 2) + 1);
  return Array.from({ length: promptLength }, (_, t) => {
    if (t <= start) return t < start ? 0 : BEGIN!;
    return FIRST_WORD! + draw(t + 1, vocabulary - FIRST_WORD!);
  });
}

function experiment(fleet: number): ExperimentConfig {
  const { samplers, beta, learningRate, pairs, clip, evaluationSamples: samples } = workload;
  const steps = 100_000; // More than anyone measures.
  return configOf({
    task: { kind: 'reviews' }, // Only its name: the task is made here.
    arms: samplers.map((sampler) => ({ sampler: sampler as SamplerName })),
    seeds: Math.ceil(fleet / samplers.length),
    beta,
    learningRate,
    schedule: { steps, pairs },
    optimiser: { clip },
    evaluation: { every: steps, samples },
  });
}

/** The arms in turn: half of an even fleet samples by PILAF, and a fleet of one does. */
function alternatingRuns(config: ExperimentConfig, fleet: number): Run[] {
  const runs = runsOf(config);
  const arms = config.arms.length;
  return Array.from({ length: fleet }, (_, index) => {
    const run = runs[(index % arms) * config.seeds + Math.floor(index / arms)]!;
    return { ...run, index };
  });
}
