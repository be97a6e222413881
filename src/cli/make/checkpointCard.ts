import type { BackendName } from '../../experiment/documents/results';
import { BEGINNING, END, PADDING, type TextTask } from '../../tasks/task';
import type { PretrainSettings } from '../../reference/pretrain';
import type { ReportCard } from '../../reference/reportCard';

export interface CardFacts {
  /** What makes the same files again. */
  readonly command: string;
  readonly settings: PretrainSettings;
  readonly backend: BackendName;
  /** How many held-out texts the loss is over. */
  readonly heldOut: number;
  readonly card: ReportCard;
}

const SHOWN_SAMPLES = 12;

/** A checkpoint's card in Markdown. No date: the same command writes the same bytes. */
export function cardText({ command, settings, backend, heldOut, card }: CardFacts): string {
  const { seed, steps, batch, learningRate, warmUp, clip, weightDecay } = settings;
  const texts = (steps * batch).toLocaleString('en');
  const step = card.samples.length / SHOWN_SAMPLES;
  const shown = Array.from({ length: SHOWN_SAMPLES }, (_, i) => card.samples[Math.floor(i * step)]!);
  return `# Restaurant reviews: the reference policy

Made by \`${command}\`. The same command writes the same files.

| | |
| --- | --- |
| Model | transformer of the Llama family, ${card.parameters.toLocaleString('en')} parameters, tied embeddings |
| Data | ${texts} reviews drawn from the project's own grammar, seed ${seed}; no text by people |
| Training | ${steps} steps of ${batch} texts, AdamW, learning rate ${learningRate} (warm-up ${warmUp} steps, then linear to zero), gradient clip ${clip}, weight decay ${weightDecay} |
| Backend | ${backend} |
| Loss | ${card.loss.toFixed(4)} nats per word, over ${heldOut.toLocaleString('en')} reviews not drawn in training |
| The grammar's own entropy | ${card.floor.toFixed(4)} nats per word: the loss of a perfect model |
| Grammatical | ${(100 * card.grammatical).toFixed(1)}% of ${card.samples.length} sampled completions |
| Reward under the oracle | ${card.reward.mean.toFixed(3)} ± ${card.reward.deviation.toFixed(3)} (standard deviation over the samples) |

## Samples

The first words are the prompt; the number is the oracle's reward.

${shown.map(({ prompt, completion, reward }) => `- _${prompt}_ ${completion} (${reward.toFixed(2)})`).join('\n')}
`;
}

/** The tokenizer as JSON: whole words, ids in the order of the vocabulary. */
export function tokenizerText({ vocabulary, promptLength, completionLength }: TextTask): string {
  const special = (id: number) => ({ id, text: vocabulary[id] });
  const tokenizer = {
    format: 'pilaf-lab/tokenizer',
    version: 1,
    kind: 'words',
    specialTokens: { padding: special(PADDING), beginning: special(BEGINNING), end: special(END) },
    padding: { prompts: 'left', completions: 'right' },
    promptLength,
    completionLength,
    vocabulary,
  };
  return `${JSON.stringify(tokenizer, null, 2)}\n`;
}
