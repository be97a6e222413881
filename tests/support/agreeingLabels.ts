import { readFileSync } from 'node:fs';
import { labelLines, type LabelRecord } from '../../src/experiment/documents/labels';

/** A file's lines of labels by a person who agrees with the oracle, as `--pairs` has written what the oracle's race was trained on. */
export function agreeingLabels(pairs: string): string[] {
  interface Trained {
    readonly run: number;
    readonly step: number;
    readonly pairs: readonly { readonly prompt: [number]; readonly chosen: [number]; readonly rejected: [number] }[];
  }
  const trained = readFileSync(pairs, 'utf8').split('\n').slice(1, -2);
  const records = trained.flatMap((line) => {
    const { run, step, pairs } = JSON.parse(line) as Trained;
    return pairs.map(({ prompt, chosen, rejected }, pair): LabelRecord => {
      const [response, other] = [`response ${chosen[0] + 1}`, `response ${rejected[0] + 1}`];
      const texts = { prompt: `prompt ${prompt[0] + 1}`, chosen: response, rejected: other };
      return { ...texts, arm: ['Vanilla', 'PILAF'][run]!, seed: 0, step: step - 1, pair, seconds: 1, tie: false };
    });
  });
  return labelLines(records).trimEnd().split('\n');
}
