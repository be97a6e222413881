import * as v from 'valibot';
import { readBy, readJson, refused, type Parsed } from '../reading';

/** The estimated optimum of a task whose completions are too many to enumerate, as it ships beside its checkpoint. */
export type OptimumFile = v.InferOutput<typeof fileSchema>;

export const OPTIMUM_FORMAT = 'pilaf-lab/optimum';
export const OPTIMUM_VERSION = 1;

/** What follows a checkpoint's name in the name of the file beside it: every oracle has an optimum of its own. */
export const optimumEnding = (oracle: 'bounded' | 'sum'): string =>
  oracle === 'bounded' ? 'optimum.json' : `${oracle}.optimum.json`;

const MOST_POINTS = 1000;
const MOST_CHARACTERS = 1_000_000;

const finite = v.pipe(v.number(), v.finite());
const atLeastZero = v.pipe(finite, v.minValue(0));
const positive = v.pipe(finite, v.gtValue(0));
const fingerprint = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));
const words = v.pipe(v.string(), v.maxLength(1000));

/** How well a point was estimated. Every file that holds points checks it: without it, a guess would pass as exact. */
export const estimateSchema = v.strictObject({
  errors: v.strictObject({ reward: atLeastZero, kl: atLeastZero, objective: atLeastZero }),
  effective: v.strictObject({ minimum: atLeastZero, median: atLeastZero }),
});

const pointSchema = v.strictObject({
  beta: positive,
  reward: finite,
  /** Nats per completion. */
  kl: atLeastZero,
  objective: finite,
  estimate: estimateSchema,
});

const fileSchema = v.strictObject({
  format: v.literal(OPTIMUM_FORMAT),
  version: v.literal(OPTIMUM_VERSION),
  /** What makes the same file again. */
  command: words,
  method: words,
  checkpoint: words,
  /** Fingerprints of what the optimum belongs to: the reference's weights, and the oracle with the test prompts. */
  fingerprints: v.strictObject({ weights: fingerprint, task: fingerprint }),
  prompts: v.pipe(v.number(), v.integer(), v.minValue(1)),
  samplesPerPrompt: v.pipe(v.number(), v.integer(), v.minValue(1)),
  points: v.pipe(
    v.array(pointSchema),
    v.minLength(1),
    v.maxLength(MOST_POINTS),
    v.check((points) => points.every((p, i) => i === 0 || p.beta < points[i - 1]!.beta), 'betas must fall'),
    v.check((points) => points.every((p, i) => i === 0 || p.kl >= points[i - 1]!.kl), 'KL must grow as β falls'),
  ),
});

export function parseOptimumFile(text: string): Parsed<OptimumFile> {
  if (text.length > MOST_CHARACTERS) return refused('', `the file is longer than ${MOST_CHARACTERS} characters`);
  const json = readJson(text);
  return json.ok ? readBy(fileSchema, json.value, 'the file') : json;
}
