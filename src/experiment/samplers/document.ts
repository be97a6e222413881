import { SAMPLER_NAMES, SAMPLERS, takesN, type Coefficient } from './table';

/** A coefficient as data, whatever α is: `constant + alpha·α`. */
type LinearCoefficient = { readonly constant: number; readonly alpha: number } | 'uniform';

/** The table of samplers for other programs. Completions are drawn from softmax(h_θ + a·(h_θ − h_ref)). */
export const samplersDocument = () => ({
  format: 'pilaf-lab/samplers',
  version: 1,
  samplers: SAMPLER_NAMES.map((name) => {
    const { title, description, source, takesAlpha, takesMixture, selection, exact, partition } = SAMPLERS[name];
    return {
      name,
      title,
      description,
      source,
      // Absent where it is the arm's own.
      ...(takesMixture ? {} : { mixture: linearMixture(name) }),
      selection,
      takesAlpha,
      takesMixture,
      takesN: takesN(name),
      /** Whether a completion at a = −1 counts as drawn by two models, as at any a but 0. */
      interpolates: SAMPLERS[name].interpolates,
      /** Exists only where every completion's probability is known. */
      enumerable: exact || partition,
    };
  }),
});

function linearMixture(name: (typeof SAMPLER_NAMES)[number]) {
  const [at0, at1] = [0, 1].map((alpha) => SAMPLERS[name].mixture(alpha, []));
  const linear = (a: Coefficient, b: Coefficient): LinearCoefficient =>
    a === 'uniform' || b === 'uniform' ? 'uniform' : { constant: a, alpha: b - a };
  return at0!.map(({ weight, first, second }, i) => ({
    weight,
    first: linear(first, at1![i]!.first),
    second: linear(second, at1![i]!.second),
  }));
}
