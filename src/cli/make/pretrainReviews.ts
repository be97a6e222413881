import { join } from 'node:path';
import { encodeCheckpoint, type Checkpoint } from '../../policy/checkpoint';
import type { TransformerSizes } from '../../policy/transformer';
import { reviews, sampleReview } from '../../tasks/reviews';
import { pretrain, type PretrainSettings } from '../../reference/pretrain';
import { modelSizes } from '../../reference/modelSizes';
import { reportCard, type ReportCard } from '../../reference/reportCard';
import { readArguments, readBackend, readWhole, readWidth } from '../arguments';
import { cardText, tokenizerText } from './checkpointCard';
import { EXIT, UsageError } from '../errors';
import { CHECKPOINTS, makeFolder, writeAtomically } from '../files';
import { startBackend, untilLost } from '../nodeRuntime';
import { driven } from './driven';

const WIDTH = 64;
const MOST_WIDTH = 256;

const sizesOf = (width: number): TransformerSizes => ({
  ...modelSizes(reviews.vocabulary.length, width, 2),
  promptLength: reviews.promptLength,
  completionLength: reviews.completionLength,
});

const HELD_OUT = 2000;
const SAMPLES = 512;
const NAME = 'reviews';

/** `lab pretrain reviews`: trains the reference policy from the grammar and writes it with its tokenizer and card. */
export async function pretrainReviews(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('pretrain', args, {
    seed: { type: 'string', default: '0' },
    steps: { type: 'string', default: '4000' },
    width: { type: 'string', default: `${WIDTH}` },
    // Not the fastest that works: the checkpoint that ships can be made again anywhere.
    backend: { type: 'string', default: 'wasm' },
    out: { type: 'string', default: CHECKPOINTS },
  });
  if (positionals.length !== 1 || positionals[0] !== NAME) {
    const given = positionals.join(' ');
    // PyTorch is much faster at it.
    const hint = given === 'stories' ? '; stories are made by scripts/stories/distil.py' : '';
    throw new UsageError(`pretrain knows reviews, and text with a file; given was "${given}"${hint}`);
  }
  const settings = settingsFor(
    readWhole('--seed', values.seed, 0, 2 ** 32 - 1),
    readWhole('--steps', values.steps, 1, 1_000_000),
  );
  const width = readWidth(values.width, MOST_WIDTH);
  const only = readBackend(values.backend);
  makeFolder(values.out);
  const backend = await startBackend(only);
  try {
    const command = `npm run lab -- pretrain ${NAME} --seed ${settings.seed} --steps ${settings.steps}${width === WIDTH ? '' : ` --width ${width}`} --backend ${backend.info.name}`;
    const checkpoint = await untilLost(backend, trained(sizesOf(width), settings, command));
    const heldOut = Array.from({ length: HELD_OUT }, (_, i) =>
      sampleReview(settings.seed, settings.steps * settings.batch + i),
    );
    const card = await untilLost(backend, reportCard(checkpoint, heldOut, SAMPLES, settings.seed));
    write(values.out, checkpoint, cardText({ command, settings, backend: backend.info.name, heldOut: HELD_OUT, card }));
    process.stdout.write(`${verdict(card)}\nThe checkpoint, its tokenizer and its card are in ${values.out}.\n`);
  } finally {
    backend.release();
  }
  return EXIT.success;
}

function settingsFor(seed: number, steps: number): PretrainSettings {
  // A training shorter than the warm-up would never come down from it.
  const warmUp = Math.min(100, Math.floor(steps / 2));
  return { seed, steps, batch: 64, learningRate: 3e-3, warmUp, clip: 1, weightDecay: 0.01 };
}

async function trained(sizes: TransformerSizes, settings: PretrainSettings, command: string): Promise<Checkpoint> {
  const training = pretrain(sizes, settings, (index) => sampleReview(settings.seed, index));
  const weights = await driven(`pretrain ${NAME}`, training, ({ step, loss }) => ({
    step,
    of: settings.steps,
    extra: `loss ${loss.toFixed(3)}`,
  }));
  const { seed, steps, batch } = settings;
  const origin = {
    command,
    data: 'grammar of restaurant reviews',
    seed: `${seed}`,
    steps: `${steps}`,
    batch: `${batch}`,
  };
  return { sizes, vocabulary: reviews.vocabulary, weights, origin };
}

function write(folder: string, checkpoint: Checkpoint, card: string): void {
  writeAtomically(join(folder, `${NAME}.safetensors`), encodeCheckpoint(checkpoint));
  writeAtomically(join(folder, `${NAME}.tokenizer.json`), tokenizerText(reviews));
  writeAtomically(join(folder, `${NAME}.card.md`), card);
}

const verdict = ({ loss, floor, grammatical, reward }: ReportCard): string =>
  `Loss ${loss.toFixed(4)} nats per word (the grammar's own entropy: ${floor.toFixed(4)}), ` +
  `${(100 * grammatical).toFixed(1)}% of samples grammatical, ` +
  `reward ${reward.mean.toFixed(2)} ± ${reward.deviation.toFixed(2)} (standard deviation).`;
