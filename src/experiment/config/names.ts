import { SAMPLERS, takesN } from '../samplers/table';
import type { ArmConfig, LossConfig } from './schema';

/** The arm's name in charts and results: its own, or one made of what sets it apart. */
export function armName(arm: ArmConfig): string {
  if (arm.name) return arm.name;
  const { title } = SAMPLERS[arm.sampler];
  const parts: string[] = [];
  if (takesN(arm.sampler)) parts.push(`N = ${arm.n}`);
  if (arm.alpha !== undefined) parts.push(`α = ${arm.alpha}`);
  if (arm.alphaSchedule) parts.push('α → 0');
  if (arm.temperature !== 1) parts.push(`T = ${arm.temperature}`);
  if (arm.beta !== undefined) parts.push(`β = ${arm.beta}`);
  if (arm.learningRate !== undefined) parts.push(`lr = ${arm.learningRate}`);
  if (arm.weighted) parts.push('weighted');
  if (arm.loss) parts.push(lossName(arm.loss));
  return parts.length === 0 ? title : `${title} (${parts.join(', ')})`;
}

/** DPO, cDPO 0.1, IPO … */
export function lossName({ kind, smoothing }: LossConfig): string {
  return smoothing > 0 ? `c${LOSS_TITLES[kind]}, ε = ${smoothing}` : LOSS_TITLES[kind];
}

export const LOSS_TITLES: Record<LossConfig['kind'], string> = {
  dpo: 'DPO',
  ipo: 'IPO',
  hinge: 'Hinge',
  kto: 'KTO',
};
