import { SAMPLERS } from '../../experiment/samplers/table';
import { armName } from '../../experiment/config/names';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { HUB } from './hub';

/**
 * The page that comes with an experiment which leaves for other engines.
 *
 * @param model on the hub; undefined where the experiment's own goes along
 */
export function readme(config: ExperimentConfig, model: string | undefined): string {
  const { arms, seeds, schedule, rounds } = config;
  const names = arms.map((arm) => `${armName(arm)} (${SAMPLERS[arm.sampler].source})`).join('; ');
  const way = rounds ? `rounds of ${rounds.pairs} pairs` : 'online, a new minibatch at every step';
  return `\
# An experiment of PILAF Lab, on transformers and TRL

${arms.length} arms × ${seeds} seeds, ${schedule.steps} steps of ${schedule.pairs} pairs, ${way}. The arms: ${names}.

## Run it

\`pilaf_scale\` is the folder \`scale/\` of PILAF Lab's repository. It needs Python 3.11 or newer.

\`\`\`sh
python3 -m venv venv && . venv/bin/activate
pip install -r <PILAF Lab>/scale/requirements.txt && pip install --no-deps <PILAF Lab>/scale
${
  model === undefined
    ? 'export PILAF_LAB="node <PILAF Lab>/scripts/lab.mjs"    # scores the texts; npm ci there comes before\n'
    : ''
}python -m pilaf_scale experiment.yaml --out results.json --pairs pairs --weights weights
\`\`\`

- **One GPU, or none**: as above. Without a GPU it runs on the processor.
- **Several GPUs**: \`accelerate launch --config_file several-gpus.yaml -m pilaf_scale experiment.yaml --out results.json\`. Every process has a copy of the model, and samples and trains its share of each minibatch; the pairs of a minibatch must be a multiple of the processes.
- **Slurm**: \`sbatch slurm.sh\` makes a job of every run; \`python -m pilaf_scale.join\` puts their results together.

## What to change

- \`experiment.yaml\`: model, prompts, oracle, memory, precision, LoRA. Every line says what it is.
- \`experiment.json\`: PILAF Lab's config, as the page and \`lab run\` read it: arms, β, learning rates, seeds, steps.
- \`prompts.json\`: what the policy is asked, for training and for evaluations.
${
  model === undefined
    ? '- `model/`: the policy in Hugging Face’s layout. `oracle.json`: whose oracle `lab score` is.\n'
    : `- The model is ${model} and the oracle ${HUB.oracle}: examples, like the prompts. The learning rate of a small policy is far too large for it; 10⁻⁶ and a linear schedule are a beginning.\n`
}
## What comes back

\`results.json\` is a results document of PILAF Lab: open it in the page (Runs, Open a file), or read it with \`lab show results.json\`. \`pairs/\` has every pair as prompt, chosen and rejected, which other trainers take too. \`weights/\` has the trained policies in Hugging Face's layout.

Completions are drawn by \`transformers\` (classifier-free guidance with 1 + α is PILAF's interpolation), labelled by Bradley and Terry, and trained on by TRL's \`DPOTrainer\`. Random numbers are PyTorch's: a run is another draw than the page's, of the same distribution.
`;
}
