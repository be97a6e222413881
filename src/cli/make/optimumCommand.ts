import { availableParallelism } from 'node:os';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { OPTIMUM_FORMAT, OPTIMUM_VERSION, type OptimumFile } from '../../experiment/documents/optimumFile';
import { ENOUGH_EFFECTIVE, isReliable } from '../../experiment/documents/results';
import type { Checkpoint } from '../../policy/checkpoint';
import type { EstimatedPoint } from '../../theory/importance';
import {
  estimateReviewsOptimum,
  PROPOSAL_BETAS,
  type EstimatedOptimum,
  type OptimumSettings,
} from '../../reference/estimateOptimum';
import { PRESETS } from '../../experiment/presets/presets';
import { drawInPool } from '../../run/drawInPool';
import { Pool } from '../../run/pool';
import { optimumFingerprints } from '../../training/knownOptimum';
import { parseReviewsCheckpoint } from '../../training/reviewsTask';
import { readArguments, readBackend, readWhole, readWorkers } from '../arguments';
import { EXIT, sentence, UsageError } from '../errors';
import { checkWritable, loadCheckpoint, optimumPath, writeAtomically } from '../files';
import { startBackend, untilLost } from '../nodeRuntime';
import { driven } from './driven';
import { ProcessWorker } from '../pool/processWorker';
import { table } from '../table';

const NAME = 'reviews';

/** Completions of an evaluation by default: the prompts that it cycles through do not divide it. */
const EVALUATION = 128;

/** `lab optimum`: estimates the frontier and J*(β) of the reviews, once, and writes them beside the checkpoint. */
export async function optimumCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('optimum', args, {
    checkpoint: { type: 'string', default: NAME },
    oracle: { type: 'string', default: 'bounded' },
    samples: { type: 'string', default: '2000' },
    'proposal-steps': { type: 'string', default: '100' },
    seed: { type: 'string', default: '0' },
    backend: { type: 'string', default: 'wasm' },
    workers: { type: 'string' },
    out: { type: 'string' },
  });
  if (positionals.length !== 1 || positionals[0] !== NAME) {
    throw new UsageError(`optimum knows one task, ${NAME}; given was "${positionals.join(' ')}"`);
  }
  const settings = {
    oracle: readOracle(values.oracle),
    seed: readWhole('--seed', values.seed, 0, 2 ** 32 - 1),
    samples: readWhole('--samples', values.samples, 2, 1_000_000),
    proposalSteps: readWhole('--proposal-steps', values['proposal-steps'], 0, 100_000),
  };
  const only = readBackend(values.backend);
  const workers = readWorkers(values.workers) ?? availableParallelism();
  const out = values.out ?? optimumPath(values.checkpoint, settings.oracle);
  checkWritable(out);
  const checkpoint = await loaded(values.checkpoint);
  const backend = await startBackend(only);
  const { name } = backend.info;
  const pool = new Pool(() => new ProcessWorker(name, true), name);
  try {
    // The proposals are trained here, one after the other; all draws are shared out.
    const drawing =
      name === 'webgpu' || workers === 1
        ? undefined
        : drawInPool(pool, workers, configWith(values.checkpoint, settings.oracle));
    const found = await untilLost(
      backend,
      driven(`optimum ${NAME}`, estimateReviewsOptimum(checkpoint, settings, drawing), ({ done, total }) => ({
        step: done,
        of: total,
      })),
    );
    const { oracle, seed, samples, proposalSteps } = settings;
    const command =
      `npm run lab -- optimum ${NAME} --checkpoint ${values.checkpoint} --oracle ${oracle} --samples ${samples} ` +
      `--proposal-steps ${proposalSteps} --seed ${seed} --backend ${backend.info.name}`;
    const file: OptimumFile = {
      format: OPTIMUM_FORMAT,
      version: OPTIMUM_VERSION,
      command,
      method: methodText(settings),
      checkpoint: values.checkpoint,
      fingerprints: optimumFingerprints(checkpoint.weights, oracle),
      prompts: found.prompts,
      samplesPerPrompt: found.samples,
      points: found.points.map(rounded),
    };
    writeAtomically(out, `${JSON.stringify(file, null, 1)}\n`);
    process.stdout.write(`${summary(found)}The estimate is in ${out}.\n`);
  } finally {
    pool.end();
    backend.release();
  }
  return EXIT.success;
}

/** Any experiment on reviews with this checkpoint: a worker prepares its task. */
function configWith(checkpoint: string, oracle: OptimumSettings['oracle']): ExperimentConfig {
  const { config } = PRESETS.find((preset) => preset.config.task.kind === 'reviews')!;
  return { ...config, task: { kind: 'reviews', checkpoint, oracle, rewardScale: 1 } };
}

function readOracle(text: string): OptimumSettings['oracle'] {
  if (text === 'bounded' || text === 'sum') return text;
  throw new UsageError(`--oracle: "${text}" is not one of bounded, sum`);
}

async function loaded(name: string): Promise<Checkpoint> {
  try {
    return parseReviewsCheckpoint(await loadCheckpoint(name));
  } catch (error) {
    throw new UsageError(`--checkpoint: "${name}" cannot be used, ${sentence(error)}`, { cause: error });
  }
}

const methodText = ({ proposalSteps }: OptimumSettings): string =>
  'Self-normalised importance sampling on the held-out prompts, all of equal weight; ' +
  (proposalSteps === 0
    ? 'completions drawn from the reference.'
    : `completions drawn in equal parts from the reference and from policies trained towards π*_β at β = ${PROPOSAL_BETAS.join(', ')}, ` +
      'weighted by the balance heuristic.') +
  ' Standard errors by the delta method.';

/** Six digits: what is beyond is noise. */
function rounded(point: EstimatedPoint): EstimatedPoint {
  const digits = (value: number): number => Number(value.toPrecision(6));
  return JSON.parse(JSON.stringify(point), (_, value: unknown) =>
    typeof value === 'number' ? digits(value) : value,
  ) as EstimatedPoint;
}

/** Every fourth β. */
function summary(found: EstimatedOptimum): string {
  const weighted = found.weighted(EVALUATION);
  const columns = ['β', 'reward', 'KL', 'J*', 'evaluation’s J*', 'ESS min', 'median', 'plain ESS min', 'median', ''];
  const rows = found.points.flatMap((point, i) => {
    if (i % 4 !== 0) return [];
    const plain = found.plain[i]!.estimate.effective;
    const { errors, effective } = point.estimate;
    const pair = (value: number, error: number) => `${value.toFixed(4)} ± ${(1.96 * error).toFixed(4)}`;
    return [
      [
        String(Number(point.beta.toPrecision(3))),
        pair(point.reward, errors.reward),
        pair(point.kl, errors.kl),
        pair(point.objective, errors.objective),
        weighted[i]!.objective.toFixed(4),
        ...[effective.minimum, effective.median, plain.minimum, plain.median].map((size) => size.toFixed(1)),
        isReliable(point) ? '' : 'unreliable',
      ],
    ];
  });
  const share = Math.round(found.samples).toLocaleString('en');
  return [
    table(
      columns.map((title, c) => ({ title, align: c === columns.length - 1 ? 'left' : 'right' })),
      rows,
    ),
    `${found.prompts} prompts, ${share} completions each; ± is 95%. Reliable: an effective sample size of at least ${ENOUGH_EFFECTIVE} for every prompt.`,
    `The evaluation’s J* weighs the prompts as ${EVALUATION} completions in turn do; the plain sizes are those of the reference’s own completions alone.`,
    '',
  ].join('\n');
}
