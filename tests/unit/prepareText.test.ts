import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { encodeTextModel, parseTextModel } from '../../src/policy/textModel';
import { prepareTask } from '../../src/training/prepareTask';
import { configOf } from '../support/tasks';

const SHIPPED = new Uint8Array(readFileSync('public/checkpoints/stories.safetensors'));

/** The shipped model with two of its tokens exchanged: of the same sizes, and with other words. */
function exchanged(): Uint8Array {
  const model = parseTextModel(SHIPPED);
  const tokenizer = JSON.parse(model.tokenizer) as { model: { vocab: Record<string, number> } };
  const { vocab } = tokenizer.model;
  const [a, b] = Object.keys(vocab).slice(200, 202) as [string, string];
  [vocab[a], vocab[b]] = [vocab[b]!, vocab[a]!];
  return encodeTextModel({ ...model, tokenizer: JSON.stringify(tokenizer) });
}

const startingAt = (first: Uint8Array) =>
  prepareTask(
    configOf({
      task: { kind: 'text', checkpoint: 'stories', oracles: [{ of: 'ending' }] },
      arms: [{ sampler: 'vanilla' }],
      seeds: 1,
      beta: 0.1,
      learningRate: 0.001,
      schedule: { steps: 1, pairs: 1 },
      start: { kind: 'checkpoint', checkpoint: 'other-01234567' },
      evaluation: { every: 1, samples: 64 },
    }),
    (name) => Promise.resolve(name === 'stories' ? SHIPPED : first),
    () => Promise.resolve(null),
  );

it('a start whose tokens stand for other words than the reference’s is refused', async () => {
  const task = await startingAt(SHIPPED);
  expect(task.startWeights).not.toBeNull();
  expect(Object.keys(task.models!)).toEqual(['stories', 'other-01234567']);
  await expect(startingAt(exchanged())).rejects.toThrow(/its tokenizer is not that of task\.checkpoint$/);
});
