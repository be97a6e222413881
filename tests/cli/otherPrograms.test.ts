import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { SAMPLER_NAMES, SAMPLERS, type Coefficient } from '../../src/experiment/samplers/table';
import { reviews } from '../../src/tasks/reviews';
import { lab } from './lab';

/** What other programs take from the runner. */

/** Answers to lines of input. */
function score(args: readonly string[], lines: readonly string[]) {
  const { stdout, status } = spawnSync(process.execPath, ['.lab/lab.mjs', 'score', ...args], {
    input: lines.map((line) => `${line}\n`).join(''),
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

describe('lab score', () => {
  const [prompt] = reviews.testPrompts;
  const texts = [
    { prompt: prompt!, completion: [20, 30, 40, 2] },
    { prompt: reviews.testPrompts[1]!, completion: [50, 60] },
  ];

  it('answers each line with the rewards of the task’s oracle', () => {
    const rewards = texts.map((text) => reviews.score(text.prompt, text.completion).reward);
    expect(new Set(rewards).size).toBe(2);
    const lines = [JSON.stringify(texts), JSON.stringify([texts[1]]), '[]'];
    expect(score(['online-dpo'], lines)).toEqual([rewards, [rewards[1]], []]);
    const [sum] = score(['online-dpo', '--set', 'task.oracle=sum'], [JSON.stringify(texts)]);
    expect(sum).not.toEqual(rewards);
  });

  it('answers a bad line with a sentence, and goes on', () => {
    const bad = [
      'x',
      '{"prompt":[1]}',
      '[{"prompt":[1],"completion":[2,3]}]',
      '[{"prompt":[1],"completion":[192]}]',
      '[{"prompt":[],"completion":[2]}]',
      '[{"prompt":[1],"completion":[2],"more":1}]',
    ];
    const answers = score(['online-dpo'], [...bad, JSON.stringify(texts)]) as { error: string }[];
    expect(answers.slice(0, -1).map(({ error }) => error)).toEqual([
      'the line is not JSON',
      'the line: must be a list of {"prompt": [ids], "completion": [ids]}',
      '0.completion: goes on after a token that ends it',
      '0.completion.0: must be a list of 1 to 24 whole numbers from 0 to 191',
      '0.prompt: must be a list of 1 to 6 whole numbers from 0 to 191',
      '0.more: must be {"prompt": [ids], "completion": [ids]}',
    ]);
    expect(answers.at(-1)).toHaveLength(2);
  });
});

describe('lab samplers', () => {
  interface Row {
    readonly name: string;
    readonly mixture?: readonly { weight: number; first: Linear; second: Linear }[];
    readonly takesN: boolean;
  }
  type Linear = { constant: number; alpha: number } | 'uniform';

  it('prints every sampler’s mixture so that it holds for any α', async () => {
    const { stdout } = await lab(['samplers', '--json'], { direct: true });
    const { samplers } = JSON.parse(stdout) as { samplers: readonly Row[] };
    expect(samplers.map(({ name }) => name)).toEqual(SAMPLER_NAMES);
    const at = (a: Linear): Coefficient => (a === 'uniform' ? a : a.constant + 0.7 * a.alpha);
    for (const name of SAMPLER_NAMES.filter((one) => !SAMPLERS[one].takesMixture)) {
      const { mixture } = samplers.find((row) => row.name === name)!;
      expect(mixture!.map(({ weight, first, second }) => ({ weight, first: at(first), second: at(second) }))).toEqual(
        SAMPLERS[name].mixture(0.7, []),
      );
    }
  });

  it('lists them with their sources', async () => {
    const { stdout } = await lab(['samplers'], { direct: true });
    expect(stdout).toMatch(/^pilaf +Half the pairs .* Feng et al\. 2025, arXiv 2502\.04270$/m);
  });
});
