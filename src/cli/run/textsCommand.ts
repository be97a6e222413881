import { sampleTexts } from '../../training/readPolicy';
import { readArguments, readBackend, readWhole } from '../arguments';
import { EXIT, UsageError } from '../errors';
import { startBackend, untilLost } from '../nodeRuntime';
import { loadConfig } from './configSource';
import { prepared } from './prepared';

const MOST_TEXTS = 1000;

/** `lab texts`: what a config's policy writes before it is trained, unselected, with the oracle's rewards. */
export async function textsCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('texts', args, {
    set: { type: 'string', multiple: true, default: [] },
    count: { type: 'string', default: '50' },
    seed: { type: 'string', default: '0' },
    backend: { type: 'string', default: 'wasm' },
    json: { type: 'boolean', default: false },
  });
  const [source] = positionals;
  if (source === undefined || positionals.length > 1) {
    throw new UsageError(`texts takes one preset, config or link; given was "${positionals.join(' ')}"`);
  }
  const count = readWhole('--count', values.count, 1, MOST_TEXTS);
  const seed = readWhole('--seed', values.seed, 0, 2 ** 32 - 1);
  const only = readBackend(values.backend);
  const { config } = await loadConfig(source, values.set);
  const task = await prepared(config);
  const backend = await startBackend(only);
  try {
    const weights = task.startWeights ?? task.referenceWeights(seed);
    const texts = await untilLost(backend, sampleTexts(task, weights, seed, count));
    process.stdout.write(
      values.json
        ? `${JSON.stringify(texts, null, 2)}\n`
        : texts.map(({ prompt, text, reward }) => `- **${prompt}**${text} (${reward.toFixed(2)})\n`).join(''),
    );
  } finally {
    backend.release();
  }
  return EXIT.success;
}
