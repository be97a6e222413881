import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { reviews } from '../../src/tasks/reviews';
import { END } from '../../src/tasks/task';
import { parseReviewsCheckpoint, reviewsTask } from '../../src/training/reviewsTask';
import { readTextModel, textTask } from '../../src/training/textTask';

const fileOf = (name: string) => new Uint8Array(readFileSync(`public/checkpoints/${name}.safetensors`));

describe('a completion’s text stands right after its prompt’s', () => {
  it('in a story, within a word too', () => {
    const model = readTextModel(fileOf('stories'));
    const task = textTask(model, { oracles: [], oracle: 'sum', rewardScale: 1 });
    const story = 'Once, there was a smart cat. She liked to play.';
    const ids = [model.beginning, ...model.coder.encode(story)];
    for (let cut = 1; cut < ids.length; cut++) {
      const [prompt, completion] = [ids.slice(0, cut), [...ids.slice(cut), ...model.ends.slice(0, 1)]];
      expect(task.promptText(prompt) + task.completionText(prompt, completion)).toBe(story);
    }
  });

  it('in a review, before a full stop too', () => {
    const task = reviewsTask(parseReviewsCheckpoint(fileOf('reviews')));
    const idOf = (word: string) => reviews.vocabulary.indexOf(word);
    const prompt = [...reviews.prompts[0]!];
    expect(task.completionText(prompt, [idOf('good'), idOf('.'), END])).toBe(' good.');
    expect(task.completionText(prompt, [idOf('.'), END])).toBe('.');
  });
});
