import type { PairTable } from '../experiment/samplers/table';
import { bestDesign } from './bestDesign';
import { implicitRewards } from './implicitReward';
import type { Prompt } from './prompt';

/** A design under an implicit reward need not be exact: the next step has another one. */
const NEAR = 0.03;

/** Best designs are the same at every step. */
const designs = new WeakMap<Prompt, Float64Array>();

/** The exact distribution of the ordered pair that a rule shows for a prompt under a policy's logits [K], [K, K]. */
export function pairTable(rule: PairTable, prompt: Prompt, logits: ArrayLike<number>): Float64Array {
  const implicit = () => implicitRewards(logits, prompt.referenceLogits, prompt.beta);
  switch (rule) {
    case 'spread':
      return spread(implicit());
    case 'oracle-spread':
      return spread(prompt.rewards);
    case 'best-design': {
      const known = designs.get(prompt) ?? bestDesign(prompt).mu;
      designs.set(prompt, known);
      return known;
    }
    case 'implicit-design':
      return bestDesign({ ...prompt, rewards: implicit() }, NEAR).mu;
    default:
      throw new Error(`unknown rule ${String(rule satisfies never)}`);
  }
}

/** μ_ab ∝ 2 + e^Δ + e^−Δ, Δ = r_a − r_b (arXiv 2409.19605, section 4), scaled so that no range overflows. */
function spread(rewards: ArrayLike<number>): Float64Array {
  const responses = rewards.length;
  const values = Array.from(rewards);
  const widest = Math.max(...values) - Math.min(...values);
  const mu = new Float64Array(responses * responses);
  for (let i = 0; i < mu.length; i++) {
    const gap = Math.abs(values[Math.floor(i / responses)]! - values[i % responses]!);
    // (e^{Δ/2} + e^{−Δ/2})², over that of the widest pair.
    mu[i] = Math.exp(gap - widest) * (1 + Math.exp(-gap)) ** 2;
  }
  const total = mu.reduce((sum, value) => sum + value, 0);
  return mu.map((value) => value / total);
}
