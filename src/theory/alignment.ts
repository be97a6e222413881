import type { ResolvedSampler } from '../experiment/samplers/table';
import { sigmoidSlope } from '../math/bradleyTerry';
import { softmax } from '../math/logits';
import { armPairs } from './armPairs';
import { expectedDpoGradient, objectiveGradient } from './gradients';
import { pairNormaliser } from './implicitReward';
import { logitsAt, type Prompt } from './prompt';

/** Where a step of training goes, and where J rises, [K] each, in the logits of one prompt. */
export interface Directions {
  /** −∇L of the expected DPO loss. */
  readonly descent: Float64Array;
  /** ∇J. */
  readonly ascent: Float64Array;
}

/** Both directions of a prompt at a policy's logits [K], for pairs drawn from `mu` [K, K]. */
export function directions(prompt: Prompt, logits: ArrayLike<number>, mu: ArrayLike<number>): Directions {
  const { referenceLogits, rewards, beta } = prompt;
  return {
    descent: expectedDpoGradient(logits, referenceLogits, rewards, beta, mu).map((value) => -value),
    ascent: objectiveGradient(logits, referenceLogits, rewards, beta),
  };
}

/**
 * Their limits, divided by the distance that is left, on the way to the optimum. There both gradients are 0, but not
 * their directions: −∇L → β Σ_b (μ_kb + μ_bk)·σ'(Δ*_kb)·Δ*_kb and ∇J → π_k Σ_b π_b·Δ*_kb.
 */
function directionsAtOptimum({ rewards, beta }: Prompt, logits: ArrayLike<number>, mu: ArrayLike<number>): Directions {
  const policy = softmax(logits);
  const responses = policy.length;
  const [descent, ascent] = [new Float64Array(responses), new Float64Array(responses)];
  for (let k = 0; k < responses; k++) {
    for (let b = 0; b < responses; b++) {
      const margin = rewards[k]! - rewards[b]!;
      descent[k]! += beta * (mu[k * responses + b]! + mu[b * responses + k]!) * sigmoidSlope(margin) * margin;
      ascent[k]! += policy[k]! * policy[b]! * margin;
    }
  }
  return { descent, ascent };
}

/** cos of the angle between the concatenations of two lists of vectors; null where one of them is 0. */
export function cosine(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number | null {
  let [inner, ofA, ofB] = [0, 0, 0];
  a.forEach((vector, x) => {
    for (let k = 0; k < vector.length; k++) {
      const [p, q] = [vector[k]!, b[x]![k]!];
      inner += p * q;
      ofA += p * p;
      ofB += q * q;
    }
  });
  const sizes = Math.sqrt(ofA) * Math.sqrt(ofB);
  return sizes > 0 ? inner / sizes : null;
}

/**
 * How well a sampler's expected DPO gradient points along ∇J, over all prompts' logits together, a share `at` of the way
 * from the reference to the optimum (`logitsAt`); at 1 the limit. Null where a gradient is 0.
 */
export function alignmentAt(sampler: ResolvedSampler, prompts: readonly Prompt[], at: number): number | null {
  const found = prompts.map((prompt) => {
    const logits = logitsAt(prompt, at);
    const mu = armPairs(sampler, prompt, logits);
    // T-PILAF's weights w(x) differ between prompts, and a common factor changes no angle.
    const weight = sampler.weighted ? pairNormaliser(logits, prompt.referenceLogits, prompt.beta) : 1;
    const { descent, ascent } = at === 1 ? directionsAtOptimum(prompt, logits, mu) : directions(prompt, logits, mu);
    return { descent: descent.map((value) => weight * value), ascent };
  });
  return cosine(
    found.map(({ descent }) => descent),
    found.map(({ ascent }) => ascent),
  );
}
