import type { Checkpoint } from '../policy/checkpoint';
import { estimateOptimum, type EstimatedPoint, type PromptSamples } from '../theory/importance';
import { byPrompt, drawMixture, testPromptsOf, type Drawing, type MixtureSample } from './mixtureSamples';
import { trainProposal } from './proposals';
import type { RewardForm } from '../tasks/reviews/bounds';
import { reviewsTask } from '../training/reviewsTask';

/** From hardly moving away from the reference to hardly counting KL; 0.1 and 1 are among them. */
const BETAS = Array.from({ length: 61 }, (_, i) => 10 ** (2 - i / 16));

/** What the proposals are trained towards, one after the other: each finds enough in what the ones before it write. */
export const PROPOSAL_BETAS = [1, 0.3, 0.1, 0.03] as const;

/** Completions per prompt that a proposal learns from, at most. */
const POOL = 512;

export interface OptimumSettings {
  readonly oracle: RewardForm['oracle'];
  readonly seed: number;
  /** Completions of every test prompt that the estimate is made of. */
  readonly samples: number;
  /** Training steps of each proposal; 0: completions are drawn from the reference alone. */
  readonly proposalSteps: number;
}

export interface EstimatedOptimum {
  /** By falling β. */
  readonly points: readonly EstimatedPoint[];
  /** The same from the reference's own completions alone. */
  readonly plain: readonly EstimatedPoint[];
  /** The same points with the prompts weighted as an evaluation of so many completions has them. */
  readonly weighted: (samples: number) => readonly EstimatedPoint[];
  readonly prompts: number;
  /** Drawn per prompt. */
  readonly samples: number;
}

/** `done` of `total` parts of about the same length. */
export interface EstimateProgress {
  readonly done: number;
  readonly total: number;
}

/**
 * The frontier of the reviews on the test prompts, all of equal weight, on the current backend. A mixture of the
 * reference and of policies trained towards π*_β at several β is sampled afresh at the end; what the proposals learned
 * from is not in the estimate.
 *
 * @param drawing makes the draws; in this thread where absent
 */
export async function* estimateReviewsOptimum(
  checkpoint: Checkpoint,
  { seed, samples, proposalSteps, oracle }: OptimumSettings,
  drawing: Drawing = (draws) => drawMixture(reviewsTask(checkpoint, { form: { oracle, rewardScale: 1 } }), draws),
): AsyncGenerator<EstimateProgress, EstimatedOptimum> {
  const prompts = testPromptsOf(reviewsTask(checkpoint));
  const betas = proposalSteps > 0 ? PROPOSAL_BETAS : [];
  const policies = [checkpoint.weights];
  const batchesFor = (count: number, mixed: number): number => Math.ceil(count / mixed);
  const pooled = Math.min(POOL, samples);
  const total =
    betas.reduce((sum, _, stage) => sum + batchesFor(pooled, stage + 1) + proposalSteps, 0) +
    batchesFor(samples, betas.length + 1);
  let done = 0;
  let draw = 0;

  async function* drawn(samplesOfPrompt: number): AsyncGenerator<EstimateProgress, MixtureSample[]> {
    const count = batchesFor(samplesOfPrompt, policies.length);
    const draws = drawing({ policies, seed, first: draw, count });
    draw += count;
    let next = await draws.next();
    for (; !next.done; next = await draws.next()) yield { done: (done += next.value), total };
    return next.value;
  }

  for (const [stage, beta] of betas.entries()) {
    const pool = yield* drawn(pooled);
    const training = trainProposal(
      checkpoint,
      prompts,
      pool,
      { beta, seed, stage, steps: proposalSteps },
      policies.at(-1)!,
    );
    let next = await training.next();
    for (; !next.done; next = await training.next()) yield { done: ++done, total };
    policies.push(next.value);
  }
  const final = yield* drawn(samples);
  const all = byPrompt(final, prompts.length);
  const ofReference = final.filter(({ policy }) => policy === 0).map((sample) => ({ ...sample, logRatio: 0 }));
  const line = (found: readonly PromptSamples[], shares?: readonly number[]) =>
    BETAS.map((beta) => estimateOptimum(found, beta, shares));
  return {
    points: line(all),
    plain: line(byPrompt(ofReference, prompts.length)),
    weighted: (count) =>
      line(
        all,
        prompts.map((_, x) => Math.ceil((count - x) / prompts.length)),
      ),
    prompts: prompts.length,
    samples: final.length / prompts.length,
  };
}
