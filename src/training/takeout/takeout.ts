import { armName } from '../../experiment/config/names';
import { hashIn, rewardModels } from '../../experiment/config/checkpointName';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { folderFiles, jsonFile, type WrittenFolder } from '../../policy/modelFolder';
import { encodeTextModel, folderOf } from '../../policy/textModel';
import { reviews } from '../../tasks/reviews';
import { checkpointAt, type CheckpointLoader } from '../checkpointAt';
import { reviewsFolder } from '../reviewsFolder';
import { parseReviewsCheckpoint } from '../reviewsTask';
import { readTextModel, textTask } from '../textTask';
import { acceleratorFiles } from './accelerators';
import { HUB } from './hub';
import { readme } from './readme';
import { refuseUnsupported } from './supported';

/** The files of a folder by their paths. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** Texts in one pass of sampling, and pairs in one of training. */
const DEVICE_BATCH = 64;

/** What a policy is asked, in words or in ids of its tokenizer. */
interface TakenPrompts {
  readonly training: readonly (string | readonly number[])[];
  readonly test: readonly (string | readonly number[])[];
}

interface Taken {
  /** What the oracle's config reads, for a model that PILAF Lab does not ship. */
  readonly oracleModel?: Uint8Array;
  /** A folder's files below `model/`; null where the model is a name on the hub. */
  readonly folder: WrittenFolder | null;
  readonly prompts: TakenPrompts;
  readonly mostTokens: number;
}

/**
 * An experiment as a folder for `scale/`, which runs it on transformers and TRL: the config, the model with its tokenizer
 * and prompts, the oracle, and what to type. Rejects with a CheckpointError, or an Error that says why it cannot go.
 *
 * @param model a name on the hub, for an experiment whose model stays here
 */
export async function takeout(config: ExperimentConfig, load: CheckpointLoader, model?: string): Promise<Files> {
  const named = { ...config, arms: config.arms.map((arm) => ({ ...arm, name: armName(arm) })) };
  refuseUnsupported(named);
  const taken = model === undefined ? await ownModel(named, load) : hubModel();
  return {
    'README.md': readme(named, model),
    'experiment.json': jsonFile(named),
    'experiment.yaml': settings(taken, model),
    'prompts.json': jsonFile(taken.prompts),
    ...(model === undefined ? { 'oracle.json': jsonFile(oracleConfig(named)) } : {}),
    ...(taken.oracleModel ? { [ORACLE_MODEL]: taken.oracleModel } : {}),
    ...acceleratorFiles(named),
    ...Object.fromEntries(
      Object.entries(taken.folder ? folderFiles(taken.folder) : {}).map(([name, file]) => [`model/${name}`, file]),
    ),
  };
}

async function ownModel({ task }: ExperimentConfig, load: CheckpointLoader): Promise<Taken> {
  switch (task.kind) {
    case 'bandit':
      throw new Error('task.kind: a bandit has no language model to take along; name one of the hub');
    case 'reviews': {
      const checkpoint = await checkpointAt('task.checkpoint', task.checkpoint, load, parseReviewsCheckpoint);
      const { prompts, testPrompts, completionLength } = reviews;
      return {
        folder: reviewsFolder(checkpoint),
        prompts: { training: prompts, test: testPrompts },
        mostTokens: completionLength,
      };
    }
    case 'text': {
      const model = await checkpointAt('task.checkpoint', task.checkpoint, load, readTextModel);
      const asked = textTask(model, { ...task, oracles: [], truth: undefined });
      if (asked.evaluation.kind !== 'sampled') throw new Error('a task of text is evaluated by sampling');
      return {
        folder: folderOf(model),
        prompts: {
          training: Array.from({ length: asked.promptCount }, (_, i) => asked.promptIds(i)),
          test: asked.evaluation.testPrompts,
        },
        mostTokens: model.completionLength,
        ...(isOwn(task.checkpoint) ? { oracleModel: encodeTextModel(model) } : {}),
      };
    }
    default:
      throw new Error(`unknown task ${JSON.stringify(task satisfies never)}`);
  }
}

const hubModel = (): Taken => ({
  folder: null,
  prompts: {
    training: ['How do I make tea?', 'What is a good name for a cat?', 'Explain rain to a child.'],
    test: ['How do I make coffee?', 'Explain snow to a child.'],
  },
  mostTokens: 128,
});

const ORACLE_MODEL = 'oracle.safetensors';

/** The config that `lab score` reads in the folder. The oracle of reviews is the same whatever writes them. */
function oracleConfig(config: ExperimentConfig): ExperimentConfig {
  const { task } = config;
  const own = rewardModels(task).find(({ model }) => isOwn(model));
  if (own) throw new Error(`${own.path}: the reward model "${own.model}" does not go along; only shipped ones do`);
  if (task.kind === 'bandit' || !isOwn(task.checkpoint)) return config;
  return { ...config, task: { ...task, checkpoint: task.kind === 'text' ? `./${ORACLE_MODEL}` : 'reviews' } };
}

/** Whether a checkpoint is somebody's own: a path, or one that a page has imported. */
const isOwn = (name: string): boolean => /[./\\]/.test(name) || hashIn(name) !== null;

const settings = ({ mostTokens }: Taken, model: string | undefined): string => `\
# A name on Hugging Face's hub, or a folder beside this file.
model: ${model === undefined ? './model' : JSON.stringify(model)}
# A list of training and one of test prompts, as texts, or as token ids of the model's tokenizer.
prompts: ./prompts.json
# Samplers, losses, seeds and steps: PILAF Lab's config.
experiment: ./experiment.json
# Who scores texts: PILAF Lab's oracle for a config ("lab"), or a reward model with one output ("model").
oracle:
  ${model === undefined ? 'lab: ./oracle.json' : `model: ${HUB.oracle}`}
# The longest completion, in tokens of the model.
mostTokens: ${mostTokens}
# Texts in one pass of sampling and pairs in one of training, on each device. Less takes less memory.
deviceBatch: ${DEVICE_BATCH}
# fp32, or bf16 where the device has it.
precision: ${model === undefined ? 'fp32' : 'bf16'}
# Trains an adapter of this rank; the reference is then the model without it. 0 trains all weights.
lora: 0
`;
