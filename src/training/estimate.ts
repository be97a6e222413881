import type { ExperimentConfig } from '../experiment/schema';
import { parameterCount } from '../policy/parameters';
import type { Problem } from './problem';
import { groupIntoFleets, runsOf } from './run';

/** What an experiment asks of a device: kernel launches, arithmetic, and completions handled one by one. */
interface Work {
  readonly launches: number;
  /** Floating-point operations of the matrix products. */
  readonly flops: number;
  /** Completions that the host reads, scores and labels. */
  readonly completions: number;
}

/** How fast a device is, in the units of `Work`; seconds each. */
export interface DeviceSpeed {
  readonly perLaunch: number;
  readonly perFlop: number;
}

/** Seconds of one thread's JavaScript to read, score and label a completion; seen between 1 and 3 µs. */
const PER_COMPLETION = 2e-6;

/** Launches of the composed forms per decoded token and per training step of a layer; counted once, roughly. */
const LAUNCHES = { token: 25, layerToken: 45, step: 90, layerStep: 260 };

/**
 * An estimate of an experiment's time before it has run, good to a factor of two or so; while it runs, the session
 * measures.
 */
export function estimateSeconds(config: ExperimentConfig, problem: Problem, speed: DeviceSpeed): number {
  const { launches, flops, completions } = workOf(config, problem);
  return launches * speed.perLaunch + flops * speed.perFlop + completions * PER_COMPLETION;
}

function workOf(config: ExperimentConfig, problem: Problem): Work {
  const { layout, completionLength } = problem.policy;
  const parameters = layout.length === 1 ? 0 : parameterCount(layout);
  const layers = layout.filter((p) => p.name.endsWith('.query')).length;
  const { steps, pairs } = config.schedule;
  const evaluations = problem.evaluation.kind === 'sampled' ? 1 + steps / config.evaluation.every : 0;
  const decoding = completionLength * (LAUNCHES.token + layers * LAUNCHES.layerToken);
  const work = { launches: 0, flops: 0, completions: 0 };
  for (const fleet of groupIntoFleets(runsOf(config))) {
    const rows = fleet.length * pairs * fleet[0]!.sampler.candidates;
    const evaluated = fleet.length * config.evaluation.samples * evaluations;
    const trained = fleet.length * pairs * 2;
    const tokens = problem.promptLength + completionLength;
    work.launches += steps * (decoding + LAUNCHES.step + layers * LAUNCHES.layerStep) + evaluations * decoding;
    // A pass costs 2 operations a parameter and token; decoding runs policy and reference, training forward and backward.
    work.flops += 2 * parameters * tokens * (2 * (steps * rows + evaluated) + 3 * steps * trained);
    work.completions += steps * rows + evaluated;
  }
  return work;
}
