import { expect, it } from 'vitest';
import { TextLesson, type Reader } from '../../src/views/learn/text/text.svelte';

/** A policy of three words, the last of which ends a text, as of a step that the test sets. */
function readerOf(policy: { step: number }): Reader {
  return {
    words: (_of, _prompt, beginnings) =>
      Promise.resolve({
        prompts: ['A prompt'],
        vocabulary: ['one', 'two', '.'],
        ends: [2],
        completionLength: 4,
        policy: Float32Array.from(beginnings.flatMap(() => [1, 0, -20])),
        reference: Float32Array.from(beginnings.flatMap(() => [0, 0, -20])),
        scores: beginnings.map((ids) => ({ reward: 0, contributions: ids.map(() => 0) })),
        step: policy.step,
      }),
  };
}

const idsOf = (lesson: TextLesson) => lesson.written.map(({ id }) => id);

it('a text is of one policy: where the race’s is replaced, it begins anew and says so', async () => {
  const policy = { step: 10 };
  const lesson = new TextLesson();
  await lesson.begin(readerOf(policy), 1);
  await lesson.choosePolicy(0, 0.1);
  await lesson.take(0);
  await lesson.take(1);
  expect(idsOf(lesson)).toEqual([0, 1]);
  expect(lesson.message).toBe('');
  policy.step = 20;
  await lesson.take(1);
  expect(idsOf(lesson), 'nothing of the older policy').toEqual([]);
  expect(lesson.message).toMatch(/policy is now that of step 20\. The text begins anew/);
  await lesson.take(1);
  expect(idsOf(lesson)).toEqual([1]);
  expect(lesson.message).toBe('');
});

it('candidates are of one policy, too', async () => {
  const policy = { step: 10 };
  const lesson = new TextLesson();
  const reader = readerOf(policy);
  let calls = 0;
  const replaced: Reader = {
    words(of, prompt, beginnings) {
      if (++calls === 5) policy.step = 20;
      return reader.words(of, prompt, beginnings);
    },
  };
  await lesson.begin(replaced, 1);
  await lesson.choosePolicy(0, 0.1);
  await lesson.drawCandidates();
  expect(lesson.drawn).toEqual([]);
  expect(lesson.message).toMatch(/step 20\. Draw again/);
  await lesson.drawCandidates();
  expect(lesson.drawn).toHaveLength(lesson.candidates);
});

it('a run’s policy is gone with its race', async () => {
  const lesson = new TextLesson();
  const reader = readerOf({ step: 10 });
  await lesson.begin(reader, 1);
  await lesson.choosePolicy(0, 0.1);
  await lesson.begin(reader, 2);
  expect(lesson.of).toBe('reviews-pilaf');
});
