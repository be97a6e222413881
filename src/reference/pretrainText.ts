import { textProblem, type TextPretraining } from '../experiment/config/textPretraining';
import type { TextModel } from '../policy/textModel';
import { BEGINNING, END, PADDING } from '../tasks/task';
import { readCoder } from '../tasks/text/coder';
import { trainTokenizer } from '../tasks/text/corpus/bytePairs';
import { plainText, readCorpus } from '../tasks/text/corpus/corpus';
import type { Task } from '../training/task';
import { sampleTexts } from '../training/readPolicy';
import { textTask } from '../training/textTask';
import { modelSizes } from './modelSizes';
import { pretrain, type PretrainSettings } from './pretrain';
import { heldOutLoss } from './reportCard';

const LENGTHS = { promptLength: 16, completionLength: 48 };
const BATCH = 32;
/** Steps from one look to the next. */
const LOOK_EVERY = 50;
const TEXTS = 3;

export interface TextLook {
  /** Nats per token on passages that training does not read. */
  readonly heldOut: number;
  readonly texts: readonly string[];
}

export interface TextPretrainReport {
  readonly step: number;
  /** Nats per completion token, the end included, on this step's examples. */
  readonly loss: number;
  /** Now and then, and after the last step. */
  readonly look?: TextLook;
  /** The model as of this step; until the next one is asked for. */
  readonly model: () => Promise<TextModel>;
}

const settingsOf = ({ seed, steps }: TextPretraining): PretrainSettings => ({
  seed,
  steps,
  batch: BATCH,
  learningRate: 3e-3,
  // A training shorter than the warm-up would never come down from it.
  warmUp: Math.min(100, Math.ceil(steps / 2)),
  clip: 1,
  weightDecay: 0.01,
});

/**
 * Learns to write like a text: a byte-pair vocabulary of it, then a transformer by next-token prediction on passages of
 * it. Throws an Error for a text that is too short or too long.
 */
export async function* pretrainText(asked: TextPretraining): AsyncGenerator<TextPretrainReport, void> {
  const problem = textProblem(asked.text);
  if (problem) throw new Error(problem);
  const text = plainText(asked.text);
  const tokenizer = trainTokenizer(text, asked.tokens);
  const coder = readCoder(tokenizer, [PADDING, BEGINNING, END]);
  const { seed } = asked;
  const corpus = readCorpus(text, coder, { ...LENGTHS, seed, beginning: BEGINNING, end: END });
  const sizes = modelSizes(coder.pieces.length, asked.width, asked.layers);
  const withoutWeights = { sizes, tokenizer, ...LENGTHS, beginning: BEGINNING, ends: [END], prompts: corpus.prompts };
  const modelOf = (weights: Float32Array, steps: number): TextModel => ({
    ...withoutWeights,
    weights,
    origin: { data: `a text of ${text.length} letters`, seed: `${seed}`, steps: `${steps}`, batch: `${BATCH}` },
  });
  const taskOf = (model: TextModel): Task =>
    textTask({ ...model, coder }, { oracles: [], oracle: 'sum', rewardScale: 1 });
  const look = async (model: TextModel): Promise<TextLook> => {
    const task = taskOf(model);
    const heldOut = await heldOutLoss(
      task.policy,
      { sizes: { ...sizes, ...LENGTHS }, weights: model.weights },
      corpus.heldOut,
    );
    const texts = await sampleTexts(task, model.weights, seed, TEXTS);
    return { heldOut, texts: texts.map((one) => one.prompt + one.text) };
  };
  for await (const { step, loss, weights } of pretrain({ ...sizes, ...LENGTHS }, settingsOf(asked), corpus.example)) {
    const model = async () => modelOf(await weights(), step);
    const looks = step % LOOK_EVERY === 0 || step === asked.steps;
    yield { step, loss, model, ...(looks && { look: await look(await model()) }) };
  }
}
