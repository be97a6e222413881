import type { ExperimentConfig } from '../../experiment/config/schema';

/** Settings of accelerate, and a job of Slurm, as files to be edited. */
export function acceleratorFiles({ arms, seeds, firstSeed }: ExperimentConfig): Record<string, string> {
  const runs = arms.length * seeds;
  return {
    'several-gpus.yaml': `\
# accelerate: a copy of the model on every GPU.
compute_environment: LOCAL_MACHINE
distributed_type: MULTI_GPU
num_machines: 1
num_processes: 4
`,
    'slurm.sh': `\
#!/bin/bash
# A task for each of the ${runs} runs (arms × seeds), one GPU each: sbatch slurm.sh
#SBATCH --job-name=pilaf
#SBATCH --array=0-${runs - 1}
#SBATCH --gpus=1
#SBATCH --time=12:00:00
set -euo pipefail
mkdir -p results
python -m pilaf_scale experiment.yaml --run "$SLURM_ARRAY_TASK_ID" --out "results/$SLURM_ARRAY_TASK_ID.json"
# When all are done: python -m pilaf_scale.join results/*.json --out results.json
# Run 0 is the first arm with seed ${firstSeed}; then come its other seeds, then the next arm's.
`,
  };
}
