import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { STREAM } from '../../src/math/random';
import { labelProbability } from '../../src/math/bradleyTerry';
import { uniform } from '../../src/math/random';
import { banditTask } from '../../src/training/banditTask';
import type { Answer, Question } from '../../src/training/annotator';
import type { Report } from '../../src/training/reports';
import { runExperiment } from '../../src/training/runExperiment';
import { nextWords, sampleTexts } from '../../src/training/readPolicy';
import { forEachBackend } from '../support/backends';
import { configOf, tinyTransformerTask } from '../support/tasks';

const base = {
  task: { kind: 'bandit' as const, prompts: 3, responses: 4 },
  // Two fleets: three candidates a pair, and two.
  arms: [{ sampler: 'vanilla' as const }, { sampler: 'best-of-n' as const, n: 3 }],
  seeds: 1,
  beta: 1,
  learningRate: 0.1,
  schedule: { steps: 6, pairs: 4 },
  rounds: { pairs: 4, epochs: 2 },
  evaluation: { every: 2 },
};

async function run(config: ReturnType<typeof configOf>, ask?: (questions: readonly Question[]) => Answer[] | null) {
  if (config.task.kind !== 'bandit') throw new Error('not a bandit');
  const reports: Report[] = [];
  const control = {
    signal: new AbortController().signal,
    ...(ask ? { ask: async (questions: readonly Question[]) => ask(questions) } : {}),
  };
  for await (const report of runExperiment(config, banditTask(config.task), control)) reports.push(report);
  const finished = reports.find((report) => report.type === 'finished')!;
  return { reports, finished, hashes: finished.runs.map(({ hash }) => hash) };
}

forEachBackend(() => {
  it('a person who answers as the oracle would trains to the oracle’s hashes', async () => {
    const oracle = await run(configOf(base));
    const asked: Question[] = [];
    const person = await run(configOf({ ...base, labeller: { reader: 'person' } }), (questions) => {
      asked.push(...questions);
      return questions.map(({ seed, step, pair, rewards: [a, b] }): Answer => {
        const drawn = uniform({ seed, stream: STREAM.label, step, row: pair, token: 0 });
        return drawn < labelProbability({ rule: 'bradley-terry', flip: 0 }, a, b) ? 'first' : 'second';
      });
    });
    expect(person.hashes).toEqual(oracle.hashes);
    expect(asked.map(({ arm, step, pair }) => [arm, step, pair])).toEqual(
      [0, 2, 4].flatMap((step) =>
        ['Vanilla', 'Best-of-N (N = 3)'].flatMap((arm) => [0, 1, 2, 3].map((pair) => [arm, step, pair])),
      ),
    );
  });

  it('other answers train to other policies, and ties to none', async () => {
    const config = configOf({ ...base, labeller: { reader: 'person' } });
    const all = (answer: Answer) => run(config, (questions) => questions.map(() => answer));
    const [first, second, ties] = [await all('first'), await all('second'), await all('tie')];
    expect(first.hashes).not.toEqual(second.hashes);
    const last = ({ reports }: typeof first) =>
      reports.flatMap((report) => (report.type === 'evaluation' ? report.evaluations : [])).slice(-2);
    for (const { evaluation } of last(ties)) {
      expect(Math.abs(evaluation.kl)).toBeLessThan(1e-6);
      expect(evaluation.labels).toBe(12);
      expect(evaluation.loss).toBeNull();
    }
    for (const { evaluation } of last(first)) expect(evaluation.kl).toBeGreaterThan(1e-3);
  });

  it('ends where nobody answers any more', async () => {
    const config = configOf({ ...base, labeller: { reader: 'person' } });
    let rounds = 0;
    const { finished } = await run(config, (questions) => (++rounds > 1 ? null : questions.map((): Answer => 'first')));
    expect(finished.step).toBe(2);
    expect(finished.runs.map(({ status }) => status)).toEqual(['stopped', 'stopped']);
  });

  it('is refused without anybody', async () => {
    await expect(run(configOf({ ...base, labeller: { reader: 'person' } }))).rejects.toThrow(
      /^labeller\.reader: "person"/,
    );
  });
}, ['cpu', 'wasm']);

forEachBackend(() => {
  it('the next word’s logits are those that sampling draws from', async () => {
    const task = tinyTransformerTask();
    const weights = task.referenceWeights(0).map((value, i) => value + 0.01 * ((i % 7) - 3));
    const [text] = await sampleTexts(task, weights, 3, 1);
    expect(await sampleTexts(task, weights, 3, 1)).toEqual([text]);
    const ids = text!.text.split(' ').map(Number);
    const { policy, reference, vocabulary, scores, completionLength } = await nextWords(task, weights, 3, 0, [
      ids.slice(0, 1),
    ]);
    expect([vocabulary.length, completionLength]).toEqual([task.policy.vocabulary, task.policy.completionLength]);
    expect(scores).toHaveLength(1);
    // Log-probs of the completion, by the pass that training takes.
    const prompt = task.evaluation.kind === 'sampled' ? task.evaluation.testPrompts[0]! : task.promptIds(0);
    const { completionBatch } = await import('../../src/policy/batches');
    const lengths = { promptLength: task.promptLength, completionLength };
    for (const [own, logits] of [
      [weights, policy],
      [task.referenceWeights(0), reference],
    ] as const) {
      const flat = tf.tensor2d(own, [1, own.length]);
      const pass = task.policy.forward(flat, completionBatch(lengths, [[{ prompt, completion: ids }]]));
      const logProbs = await pass.logProbs.data();
      pass.dispose();
      flat.dispose();
      const normaliser = Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0));
      if (ids.length > 1) expect(logits[ids[1]!]! - normaliser).toBeCloseTo(logProbs[1]!, 3);
    }
    await expect(nextWords(task, weights, 3, 99, [[]])).rejects.toThrow(/there is no prompt 99/);
    await expect(nextWords(task, weights, 3, 0, [[1], []])).rejects.toThrow(RangeError);
    await expect(nextWords(task, weights, 3, 0, [[99]])).rejects.toThrow(RangeError);
  });
});
