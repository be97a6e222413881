import { describe, expect, it } from 'vitest';
import { encodeTextModel } from '../../src/policy/textModel';
import { pretrainText, type TextLook } from '../../src/reference/pretrainText';
import prompts from '../../src/tasks/text/prompts.json';
import { readTextModel, textTask } from '../../src/training/textTask';
import { sampleTexts } from '../../src/training/readPolicy';
import { Executor } from '../../src/run/executor';
import { WrongNumbers } from '../../src/training/wrongNumbers';
import { forEachBackend } from '../support/backends';

/** The beginnings of the stories, as a text: it repeats itself, so that little training shows. */
const TEXT = Array.from({ length: 4 }, () =>
  prompts.training.map((prompt) => prompt.replace(/\W*$/, '.')).join('\n'),
).join('\n');
const ASKED = { text: TEXT, seed: 3, steps: 16, tokens: 120, width: 16, layers: 1 };

async function learnt(asked = ASKED, until = asked.steps) {
  const losses: number[] = [];
  let look: TextLook | undefined;
  for await (const report of pretrainText(asked)) {
    losses.push(report.loss);
    look = report.look ?? look;
    if (report.step === until) return { losses, look, model: await report.model() };
  }
  throw new Error('it had fewer steps');
}

describe('a policy that learns from a text', () => {
  forEachBackend(() => {
    it('comes to write it, and is a model like the others', async () => {
      const { losses, look, model } = await learnt();
      // It begins by guessing among all tokens.
      expect(losses[0]).toBeGreaterThan(0.9 * Math.log(model.sizes.vocabulary));
      expect(look!.heldOut).toBeLessThan(losses[0]! - 0.3);
      expect(look!.texts).toHaveLength(3);
      for (const text of look!.texts) expect(TEXT).toContain(text.split(' ')[0]);
      const read = readTextModel(encodeTextModel(model));
      expect(read.weights).toEqual(model.weights);
      const task = textTask(read, { oracles: [{ of: 'variety', weight: 1 }], oracle: 'sum', rewardScale: 1 });
      const texts = await sampleTexts(task, read.weights, 3, 3);
      expect(texts.map(({ prompt, text }) => prompt + text)).toEqual(look!.texts);
    });

    it('is the same by the same seed, and leaves nothing behind where it is ended early', async () => {
      const [one, two] = [await learnt(ASKED, 2), await learnt(ASKED, 2)];
      expect(two.losses).toEqual(one.losses);
      expect(two.model.weights).toEqual(one.model.weights);
      expect((await learnt({ ...ASKED, seed: 4 }, 1)).losses).not.toEqual(one.losses.slice(0, 1));
    });
  });

  it('is not kept where the device has gone wrong', async () => {
    const executor = new Executor({
      backend: { name: 'webgpu', adapter: null },
      prepare: () => Promise.reject(new Error('not asked for')),
      now: () => 0,
      breathe: () => Promise.resolve(),
      memory: () => 0,
      release: () => undefined,
      check: { whole: () => Promise.resolve(), quick: () => Promise.reject(new WrongNumbers('wrong numbers')) },
    });
    const looks: unknown[] = [];
    const learning = executor.execute({ kind: 'pretrain', asked: { ...ASKED, steps: 1 } }, (note) => looks.push(note));
    await expect(learning).rejects.toThrow('wrong numbers');
    expect(looks).toEqual([]);
  });

  it('refuses a text that is too short', async () => {
    await expect(learnt({ ...ASKED, text: 'Once upon a time.' })).rejects.toThrow(
      'the text has 4 words; give at least 500',
    );
  });
});
