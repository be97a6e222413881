import * as v from 'valibot';
import type { Results } from '../experiment/documents/results';
import type { RunSnapshot } from '../training/snapshot';
import type { Models } from '../training/task';

/** What a stored experiment says in JSON beside its numbers. */
export interface StoredParts {
  /** The runs without their evaluations. */
  readonly results: Results;
  readonly step: number;
  readonly models: Models | undefined;
  readonly runs: readonly Pick<RunSnapshot, 'fingerprint' | 'totals' | 'sums' | 'divergedAt'>[];
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const word = v.pipe(v.number(), v.safeInteger());
const cost = v.pipe(v.number(), v.finite(), v.minValue(0));
/** JSON has no NaN: a run that diverged has null in its place. */
const measured = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => value ?? NaN),
);

const memory = {
  totals: v.object({ labels: count, annotationCost: cost, samplingCost: v.nullable(cost) }),
  sums: v.object({
    pairs: count,
    loss: measured,
    chosenReward: measured,
    rejectedReward: measured,
    correct: cost,
    oracleGap: measured,
  }),
  divergedAt: v.nullable(count),
};
const fingerprint = v.tuple([word, word]);

/** The same, to check what was read; without the results, which have a schema of their own. */
export const partsSchema = v.object({
  step: count,
  models: v.optional(v.record(v.string(), v.string())),
  runs: v.array(v.object({ fingerprint, ...memory })),
});

/** The versions before had the fingerprints beside the runs, and those by fleet. */
export const fleetsSchema = v.object({
  step: count,
  fingerprints: v.array(fingerprint),
  fleets: v.array(v.array(v.object(memory))),
});

const completionSchema = v.object({
  ids: v.array(count),
  position: count,
  referenceLogProb: measured,
  logRatio: measured,
  reward: measured,
});

/** The pairs that a run's present round trains on. */
export const poolSchema = v.array(
  v.object({
    prompt: v.array(count),
    chosen: completionSchema,
    rejected: completionSchema,
    probability: measured,
    tie: v.optional(v.literal(true)),
  }),
);
