import { checkpointNames } from '../../experiment/config/checkpointName';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { encodeRewardModel, rewardsAlong, type RewardModel } from '../../policy/rewardModel';
import { drawComparisons } from '../../reference/comparisons';
import { modelSizes } from '../../reference/modelSizes';
import { trainReward, type Comparison } from '../../reference/trainReward';
import { readTextModel, type ReadTextModel } from '../../training/textTask';
import type { Task } from '../../training/task';
import { quoted, readArguments, readBackend, readWhole, readWidth } from '../arguments';
import { EXIT, UsageError } from '../errors';
import { checkpointPath, checkWritable, loadCheckpoint, writeTogether } from '../files';
import { startBackend, untilLost } from '../nodeRuntime';
import { driven } from './driven';
import { loadConfig } from '../run/configSource';
import { refuseSame } from '../run/outputs';
import { readLabelsFile } from '../run/labels';
import { prepared } from '../run/prepared';

/** A tenth of the comparisons is kept to judge the model by. */
const HELD_OUT_EVERY = 10;
const LEAST_COMPARISONS = 20;
const MOST_WIDTH = 128;
const ENDING = /[.]safetensors$/;

/** A comparison as the model reads it; the oracle's margin where there is an oracle. */
interface Judged extends Comparison {
  readonly margin: number | null;
}

/** `lab reward`: trains a small reward model on votes, an oracle's or a person's. */
export async function rewardCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('reward', args, {
    set: { type: 'string', multiple: true, default: [] },
    pairs: { type: 'string', default: '4000' },
    labels: { type: 'string' },
    epochs: { type: 'string', default: '4' },
    width: { type: 'string', default: '32' },
    layers: { type: 'string', default: '2' },
    seed: { type: 'string', default: '0' },
    backend: { type: 'string', default: 'wasm' },
    out: { type: 'string' },
  });
  const [source] = positionals;
  if (source === undefined || positionals.length > 1) {
    throw new UsageError(`reward takes one preset, config or link; given was "${positionals.join(' ')}"`);
  }
  const { config } = await loadConfig(source, values.set);
  if (config.task.kind !== 'text')
    throw new UsageError(`task.kind: "${config.task.kind}" has no reward models; give "text"`);
  const { out } = values;
  if (out === undefined || !ENDING.test(out)) throw new UsageError('--out: give the name of a .safetensors file');
  checkWritable(out);
  const cardPath = out.replace(ENDING, '.card.md');
  refuseSame(
    [
      ['--out', out],
      ['--out’s card', cardPath],
    ],
    [
      ['the file that the experiment comes from', source],
      ...checkpointNames(config).map((name) => ['a checkpoint of the experiment', checkpointPath(name)] as const),
      ['the file of --labels', values.labels],
    ],
  );
  const pairs = readWhole('--pairs', values.pairs, LEAST_COMPARISONS, 1_000_000);
  const seed = readWhole('--seed', values.seed, 0, 2 ** 32 - 1);
  const epochs = readWhole('--epochs', values.epochs, 1, 1000);
  const width = readWidth(values.width, MOST_WIDTH);
  const layers = readWhole('--layers', values.layers, 1, 4);
  const only = readBackend(values.backend);
  const task = await prepared(config);
  const model = readTextModel(await loadCheckpoint(config.task.checkpoint));
  const people = values.labels === undefined ? null : labelled(values.labels, model);
  const backend = await startBackend(only);
  try {
    const work = async (): Promise<string> => {
      const judged = people ?? (await drawn(task, config, pairs, seed));
      const command = `npm run lab -- reward ${quoted(args)}`;
      const { facts, reward } = await learnt(judged, model, { seed, epochs, width, layers }, command);
      writeTogether([
        { path: out, content: encodeRewardModel(reward) },
        { path: cardPath, content: card(facts, command, people === null) },
      ]);
      return `${facts.map(([name, text]) => `${name}: ${text}`).join('\n')}\nThe model and its card are ${out}; an oracle of it is {"of":"learnt","model":"${out}"}.\n`;
    };
    process.stdout.write(await untilLost(backend, work()));
  } finally {
    backend.release();
  }
  return EXIT.success;
}

/** A person's, as texts; those that the person could not tell apart say nothing. */
function labelled(path: string, { coder, beginning, ends, promptLength, completionLength }: ReadTextModel): Judged[] {
  const told = readLabelsFile(path).filter(({ tie }) => !tie);
  if (told.length < LEAST_COMPARISONS) {
    throw new UsageError(`${path} has ${told.length} labels that tell; give at least ${LEAST_COMPARISONS}`);
  }
  // Completions stand right after their prompt, as in TRL. Where none has a space, whoever wrote the file left it out.
  const between = told.some(({ chosen, rejected }) => /^\s/.test(chosen) || /^\s/.test(rejected)) ? '' : ' ';
  const idsOf = (prompt: string, completion: string) => {
    const whole = coder.encode(prompt + between + completion);
    // A completion that fills its length was cut off before it could end.
    const most = Math.min(coder.encode(prompt).length, promptLength - 1) + completionLength;
    return [beginning, ...[...whole, ends[0]!].slice(0, most)];
  };
  return told.map(({ prompt, chosen, rejected }) => ({
    chosen: idsOf(prompt, chosen),
    rejected: idsOf(prompt, rejected),
    margin: null,
  }));
}

/** An oracle's, of what the reference writes. A prompt has the beginning token. */
async function drawn(task: Task, { labeller }: ExperimentConfig, count: number, seed: number): Promise<Judged[]> {
  const judged: Judged[] = [];
  await driven('texts', drawComparisons(task, labeller, count, seed), (batch) => {
    for (const { prompt, chosen, rejected, margin } of batch) {
      judged.push({ chosen: [...prompt, ...chosen], rejected: [...prompt, ...rejected], margin });
    }
    return { step: judged.length, of: count, extra: 'written' };
  });
  return judged;
}

type Facts = readonly (readonly [string, string])[];

async function learnt(
  judged: readonly Judged[],
  { sizes, tokenizer, beginning, ends, promptLength, completionLength }: ReadTextModel,
  { seed, epochs, width, layers }: { seed: number; epochs: number; width: number; layers: number },
  command: string,
): Promise<{ facts: Facts; reward: RewardModel }> {
  const heldOut = judged.filter((_, i) => i % HELD_OUT_EVERY === 0);
  const own = judged.filter((_, i) => i % HELD_OUT_EVERY !== 0);
  const small = modelSizes(sizes.vocabulary, width, layers);
  const length = promptLength + completionLength;
  const training = trainReward(own, { sizes: small, beginning, length, seed, epochs });
  const learning = await driven('reward', training, ({ step, of, loss }) => ({
    step,
    of,
    extra: `loss ${loss.toFixed(3)}`,
  }));
  const origin = { command, seed: `${seed}`, comparisons: `${own.length}` };
  const reward: RewardModel = { sizes: small, ...learning, beginning, ends, tokenizer, length, origin };
  return { facts: factsOf(reward, own, heldOut), reward };
}

/** How well it judges what it has not learnt from. */
function factsOf(reward: RewardModel, own: readonly Judged[], heldOut: readonly Judged[]): Facts {
  const last = (ids: readonly number[]) => rewardsAlong(reward, ids).at(-1);
  const margins = heldOut.map(({ chosen, rejected }) => last(chosen) - last(rejected));
  const share = (holds: readonly boolean[]) =>
    `${((100 * holds.filter(Boolean).length) / holds.length).toFixed(1)}% of ${holds.length}`;
  const known = heldOut.flatMap(({ margin }, i) =>
    margin === null || margin === 0 ? [] : [{ margin, own: margins[i]! }],
  );
  return [
    ['Comparisons learnt from', `${own.length}`],
    ['Agrees with labels that it has not seen', share(margins.map((margin) => margin > 0))],
    ...(known.length === 0
      ? []
      : ([
          ['The oracle agrees with them', share(known.map(({ margin }) => margin > 0))],
          ['Orders their texts as the oracle does', share(known.map(({ margin, own }) => margin > 0 === own > 0))],
        ] as const)),
  ];
}

const card = (facts: Facts, command: string, byOracle: boolean): string => `# A reward model

Made by \`${command}\`${byOracle ? '. The same command writes the same files' : ' from a person’s labels'}.

| | |
| --- | --- |
${facts.map(([name, text]) => `| ${name} | ${text} |`).join('\n')}
`;
