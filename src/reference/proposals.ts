import { logSumExp } from '../math/logits';
import { STREAM, uniform } from '../math/random';
import type { Text } from '../policy/batches';
import type { Checkpoint } from '../policy/checkpoint';
import type { MixtureSample } from './mixtureSamples';
import { pretrain, type PretrainReport } from './pretrain';

/**
 * A policy near π*_β to draw from: trained by maximum likelihood on weighted samples, which minimises KL(π*_β‖q) and
 * so makes q write whatever π*_β writes (the cross-entropy method, Rubinstein and Kroese 2004). DPO's policies would
 * not do: they may drop what is good but rare.
 *
 * @param samples what it learns from, weighted towards π*_β; every prompt counts the same
 * @param start where training begins  // [N]
 */
export function trainProposal(
  { sizes }: Checkpoint,
  prompts: readonly (readonly number[])[],
  samples: readonly MixtureSample[],
  { beta, seed, stage, steps }: { beta: number; seed: number; stage: number; steps: number },
  start: Float32Array,
): AsyncGenerator<PretrainReport, Float32Array> {
  const draws = prompts.map((_, x) =>
    resampler(
      samples.filter(({ prompt }) => prompt === x),
      beta,
    ),
  );
  const example = (index: number): Text => {
    const x = index % prompts.length;
    const row = Math.floor(index / prompts.length);
    // The pool's own draws are of other steps.
    const address = { seed, stream: STREAM.shuffle, step: stage, row, token: x };
    return { prompt: prompts[x]!, completion: draws[x]!(uniform(address)).ids };
  };
  const settings = { seed, steps, batch: 64, learningRate: 1e-3, warmUp: 10, clip: 1, weightDecay: 0 };
  return pretrain(sizes, settings, example, start);
}

/** Draws from weighted samples by a uniform number's place among the cumulated weights. */
function resampler(samples: readonly MixtureSample[], beta: number): (at: number) => MixtureSample {
  const logWeights = samples.map(({ logRatio, reward }) => logRatio + reward / beta);
  const total = logSumExp(logWeights);
  let sum = 0;
  const upTo = logWeights.map((value) => (sum += Math.exp(value - total)));
  return (at) =>
    samples[
      Math.max(
        0,
        upTo.findIndex((value) => value >= at * sum),
      )
    ]!;
}
