import type { ExperimentConfig } from '../experiment/config/schema';
import { parameterCount } from '../policy/parameters';
import type { Problem } from './problem';
import { chunksUntil } from './rounds';
import { groupIntoFleets, runsOf } from './run';

/** What an experiment asks of a device. */
interface Work {
  /** Kernel launches. */
  launches: number;
  /** Floating-point operations of matrix products, and of attention. */
  flops: number;
  attentionFlops: number;
  /** Elements of logits and gates. */
  elements: number;
  /** Completions that the host reads, scores and labels. */
  completions: number;
}

/** How fast a device is, in the units of `Work`; seconds each. */
export interface DeviceSpeed {
  readonly perLaunch: number;
  readonly perFlop: number;
  readonly perAttentionFlop: number;
  readonly perElement: number;
}

/** Seconds of one thread's JavaScript to read, score and label a completion. */
const PER_COMPLETION = 1e-6;

/** Launches per decoded token and per training step, and what each layer adds to them. */
const LAUNCHES = { token: 3, layerToken: 5, step: 25, layerStep: 30 };

/** A training step goes forward and, at twice the cost, backward. */
const TRAINING = 3;

/**
 * An estimate of an experiment's time before it has run, good to a factor of two or so; while it runs, the session
 * measures.
 */
export function estimateSeconds(config: ExperimentConfig, problem: Problem, speed: DeviceSpeed): number {
  const work = workOf(config, problem);
  return (
    work.launches * speed.perLaunch +
    work.flops * speed.perFlop +
    work.attentionFlops * speed.perAttentionFlop +
    work.elements * speed.perElement +
    work.completions * PER_COMPLETION
  );
}

function workOf(config: ExperimentConfig, problem: Problem): Work {
  const { layout, completionLength, vocabulary } = problem.policy;
  const layers = layout.filter((p) => p.name.endsWith('.query')).length;
  const width = layers === 0 ? 0 : layout[0]!.shape[1]!;
  const hidden = layout.find((p) => p.name.endsWith('.gate'))?.shape[1] ?? 0;
  const parameters = layers === 0 ? 0 : parameterCount(layout);
  const length = problem.promptLength + completionLength;
  const { steps, pairs } = config.schedule;
  const evaluations = problem.evaluation.kind === 'sampled' ? 1 + steps / config.evaluation.every : 0;
  const decoding = completionLength * (LAUNCHES.token + layers * LAUNCHES.layerToken);
  const work: Work = { launches: 0, flops: 0, attentionFlops: 0, elements: 0, completions: 0 };
  const add = (runs: number, ofSteps: number, ofEvaluations: number, collected: number) => {
    const sampled = runs * (collected + ofEvaluations * config.evaluation.samples);
    const trained = TRAINING * runs * ofSteps * pairs * 2;
    // The policy and the reference read every completion, in decoding or after it.
    const tokens = length * (2 * sampled + trained);
    work.launches += (ofSteps + ofEvaluations) * decoding + ofSteps * (LAUNCHES.step + layers * LAUNCHES.layerStep);
    work.flops += tokens * 2 * parameters;
    // A query sees half of the positions on average.
    work.attentionFlops += tokens * layers * 2 * length * width;
    work.elements += tokens * (layers * hidden + vocabulary);
    work.completions += sampled;
  };
  for (const fleet of groupIntoFleets(runsOf(config))) {
    add(fleet.length, steps, evaluations, chunksUntil(config, steps) * pairs * fleet[0]!.sampler.candidates);
  }
  const { start, seeds } = config;
  // Arms of a seed share it; that those of another β do not hardly matters here.
  if (start.kind === 'offline') add(seeds, (start.epochs * start.pairs) / pairs, 0, 2 * start.pairs);
  return work;
}
