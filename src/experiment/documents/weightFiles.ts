import { armName } from '../config/names';
import type { ExperimentConfig } from '../config/schema';
import { slug } from './slug';

/** What the files of the runs' weights are called, in the order of the runs: `pilaf-seed0.safetensors`. */
export function weightFileNames(config: ExperimentConfig): string[] {
  const { arms, seeds, firstSeed } = config;
  const taken = new Set<string>();
  return arms.flatMap((arm, a) => {
    const wanted = slug(armName(arm)) || `arm-${a}`;
    let name = wanted;
    // Arms' names may differ only in what a file's name drops.
    for (let i = 2; taken.has(name); i++) name = `${wanted}-${i}`;
    taken.add(name);
    return Array.from({ length: seeds }, (_, s) => `${name}-seed${firstSeed + s}.safetensors`);
  });
}
