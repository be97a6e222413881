import type { ExperimentConfig } from '../../experiment/config/schema';
import { resolveSampler } from '../../experiment/samplers/table';

/** Throws an Error that names the first field of a config which `scale/` could not follow. */
export function refuseUnsupported(config: ExperimentConfig): void {
  const { arms, labeller, start, rounds } = config;
  arms.forEach((arm, i) => {
    const { exact, title } = resolveSampler(arm, arm.beta ?? config.beta);
    if (exact) {
      throw new Error(`arms.${i}.sampler: ${title} needs every completion's probability, which a language model hides`);
    }
    if (arm.weighted) throw new Error(`arms.${i}.weighted: true does not go along; give false`);
    refuseLoss(`arms.${i}.loss.kind`, arm.loss ?? config.loss);
  });
  refuseLoss('loss.kind', config.loss);
  if (labeller.reader !== 'oracle') {
    throw new Error(`labeller.reader: "${labeller.reader}" does not go along; give "oracle"`);
  }
  if (start.kind === 'checkpoint') {
    throw new Error('start.kind: "checkpoint" does not go along; give "reference" or "offline"');
  }
  if (rounds?.movingReference) throw new Error('rounds.movingReference: true does not go along; give false');
}

/** TRL's IPO divides by the texts' lengths, and its KTO takes no pairs. */
function refuseLoss(path: string, { kind }: ExperimentConfig['loss']): void {
  if (kind !== 'dpo' && kind !== 'hinge')
    throw new Error(`${path}: "${kind}" does not go along; give "dpo" or "hinge"`);
}
