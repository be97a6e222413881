import type { ResolvedSampler } from '../experiment/samplers/table';
import { bestOfNPairDistribution } from './bestOfN';
import { closestOfNPairDistribution } from './closestOfN';
import { implicitRewards } from './implicitReward';
import { interpolatedProbabilities, pairDistribution, tPilafMixture } from './pairDistribution';
import { pairTable } from './pairTable';
import type { Prompt } from './prompt';

/** Implicit rewards that differ by less are equal: rounding must not break ties. */
const GRAIN = 1e-10;
export const inGrains = (reward: number): number => Math.round(reward / GRAIN);

/** The exact distribution of the ordered pair that a sampler shows for a prompt under a policy's logits [K], [K, K]. */
export function armPairs(sampler: ResolvedSampler, prompt: Prompt, logits: ArrayLike<number>): Float64Array {
  const { referenceLogits, rewards, beta } = prompt;
  const { selection, temperature, candidates, partition, mixture } = sampler;
  const drawn = () => interpolatedProbabilities(0, logits, referenceLogits, temperature);
  switch (selection) {
    case 'pair': {
      const alpha = mixture[0]!.first;
      const own =
        partition && typeof alpha === 'number' ? tPilafMixture(logits, referenceLogits, beta, alpha) : mixture;
      return pairDistribution(logits, referenceLogits, own, temperature);
    }
    case 'implicit-extremes': {
      const scores = implicitRewards(logits, referenceLogits, beta);
      return bestOfNPairDistribution(drawn(), scores.map(inGrains), candidates);
    }
    case 'implicit-closest': {
      const scores = implicitRewards(logits, referenceLogits, beta);
      return closestOfNPairDistribution(drawn(), scores.map(inGrains), candidates);
    }
    case 'spread':
    case 'oracle-spread':
    case 'best-design':
    case 'implicit-design':
      return pairTable(selection, prompt, logits);
    case 'oracle-extremes':
      return bestOfNPairDistribution(drawn(), rewards, candidates);
    default:
      throw new Error(`unknown selection ${String(selection satisfies never)}`);
  }
}
