import type { Evaluation } from '../experiment/documents/metrics';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { Annotator } from './annotator';
import { compileKernels } from './compileKernels';
import { evaluateFleet } from './evaluate';
import { Fingerprints } from './fingerprints';
import { Fleet, quietly, type RunMemory } from './fleet';
import { fleetsOf } from './fleetsOf';
import { offlineStart } from './offlineStart';
import { sampledPair } from './pairReport';
import type { FinishedReport, PairsReport, Report, SampledPair } from './reports';
import { beginStep, type BegunStep } from './round';
import { runsOf } from './run';
import { collectionsUntil, isEvaluated } from './schedule';
import type { ExperimentSnapshot, RunSnapshot } from './snapshot';
import { startedReport } from './startedReport';
import type { Task } from './task';
import type { OnTrained } from './trained';

/** Pairs per arm in a report. */
const PAIRS_SHOWN = 3;

/** How whoever pulls the reports steers the experiment. */
export interface ExperimentControl {
  /** Ends the experiment after the step in hand, with a last report. */
  readonly signal: AbortSignal;
  /**
   * Asked after every step that has no evaluation by schedule: whether to evaluate all the same, as single stepping
   * does. Such evaluations change neither the training nor the hashes.
   */
  wantsEvaluation?(): boolean;
  /** Asked after every such step: whether to show pairs all the same. */
  wantsPairs?(): boolean;
  /** Is told, after every step, what each run was trained on; that costs a read-back of all policies. */
  onTrained?: OnTrained | undefined;
  /** A person who labels, where the config's labeller is one. */
  ask?: Annotator | undefined;
  /** Asked between two steps, once the reports of the one before have been pulled: whether to yield a snapshot. */
  wantsSnapshot?(): boolean;
}

/**
 * The whole experiment, from click to curve: yields plain reports and awaits between steps, so that whoever pulls sets
 * the pace. A step's reports end with its `progress`, and a snapshot if one is wanted; pulling no further pauses.
 * Returning early frees every tensor too. The caller has chosen the backend.
 *
 * @param from the experiment is restored from it, to the same hashes on the same backend; the same config made it
 * @param part the runs to train, by their index, where others train the rest; all lists by run are then of these alone
 */
export async function* runExperiment(
  config: ExperimentConfig,
  task: Task,
  control: ExperimentControl,
  from: ExperimentSnapshot | null = null,
  part: readonly number[] | null = null,
): AsyncGenerator<Report, void> {
  const runs = part ? runsOf(config).filter(({ index }) => part.includes(index)) : runsOf(config);
  /** Where a run, by its index, stands in all lists by run. */
  const place = new Map(runs.map(({ index }, r) => [index, r]));
  const fleets: Fleet[] = [];
  const fingerprints = new Fingerprints(runs);
  const { steps, pairs } = config.schedule;
  /** Steps that have begun sampling, one of each fleet. After an evaluation it holds the next step's. */
  let begun: BegunStep[] = [];
  if (config.labeller.reader === 'person' && !control.ask) {
    throw new Error('labeller.reader: "person" needs somebody who labels, who is not here');
  }
  try {
    yield startedReport(config, task, runs);
    const { start } = config;
    const trainsFirst = start.kind === 'offline' && !from;
    const policies = trainsFirst ? yield* offlineStart(config, start, task, runs, control.signal) : null;
    if (policies) yield { type: 'offlineFits', fits: policies.map(({ fit }) => fit) };
    for (const group of fleetsOf(config, task, runs)) {
      fleets.push(
        new Fleet(task, config, group, policies ? group.map(({ index }) => policies[place.get(index)!]!) : undefined),
      );
    }
    yield* compileKernels(fleets);
    // Where offline training was stopped, the policies are not what the race would start from.
    const isReady = !trainsFirst || policies !== null;
    if (from) restore(from);
    else if (isReady) yield* evaluateAll(0, true);
    let step = from?.step ?? 0;
    yield { type: 'progress', step, pairs: 0 };
    if (isReady) yield* wantedSnapshot(step);
    while (step < steps && !control.signal.aborted && liveRuns() > 0) {
      const live = liveRuns();
      const before = divergedRuns();
      const collected = collectionsUntil(config, step + 1) - collectionsUntil(config, step);
      if (begun.length === 0) begun = begin(step);
      if (!(await finishAll())) {
        yield* wantedSnapshot(step);
        break;
      }
      step++;
      yield* newlyDiverged(before, step);
      const scheduled = isEvaluated(config, step);
      if (scheduled || control.wantsEvaluation?.()) yield* evaluateAll(step, scheduled);
      if (scheduled || control.wantsPairs?.()) yield pairsReport(step);
      yield { type: 'progress', step, pairs: collected * pairs * live };
      yield* wantedSnapshot(step);
    }
    const weights = await finalWeights();
    if (isReady) yield { type: 'weights', step, weights };
    yield { type: 'finished', step, runs: finalRuns(weights, step < steps) };
  } finally {
    for (const step of begun) await step.discard();
    fleets.forEach((fleet) => fleet.dispose());
  }

  /** All fleets sample before the first is labelled: the host labels one while the device works on the next. */
  function begin(step: number): BegunStep[] {
    return fleets.filter((fleet) => fleet.alive).map((fleet) => beginStep(fleet, step));
  }

  /** Whether it came to the end: where a person labels, nobody may answer any more. */
  async function finishAll(): Promise<boolean> {
    if (config.labeller.reader !== 'person') {
      for (; begun.length > 0; begun.shift()) await begun[0]!.finish(undefined, control.onTrained);
      return true;
    }
    const questions = await Promise.all(begun.map((own) => own.questions()));
    const all = questions.flat();
    const answers = all.length === 0 ? [] : await control.ask?.(all);
    if (!answers) return false;
    if (answers.length !== all.length) throw new Error(`${answers.length} answers to ${all.length} questions`);
    for (let from = 0; begun.length > 0; begun.shift(), questions.shift()) {
      const count = questions[0]!.length;
      await begun[0]!.finish(answers.slice(from, from + count), control.onTrained);
      from += count;
    }
    return true;
  }

  async function* wantedSnapshot(step: number): AsyncGenerator<Report, void> {
    if (step === steps || !control.wantsSnapshot?.()) return;
    const found: RunSnapshot[] = [];
    for (const [f, policies] of (await Promise.all(fleets.map((fleet) => fleet.snapshot()))).entries()) {
      fleets[f]!.runs.forEach(({ index }, r) => {
        found[place.get(index)!] = { ...policies[r]!, fingerprint: fingerprints.state(index) };
      });
    }
    yield { type: 'snapshot', snapshot: { step, runs: found } };
  }

  function restore(saved: ExperimentSnapshot): void {
    if (saved.runs.length !== runs.length) throw new Error('the stored state does not fit this experiment');
    for (const fleet of fleets) fleet.restore(fleet.runs.map(({ index }) => saved.runs[place.get(index)!]!));
    runs.forEach(({ index }, r) => fingerprints.restore(index, saved.runs[r]!.fingerprint));
  }

  async function* evaluateAll(step: number, scheduled: boolean): AsyncGenerator<Report, void> {
    const evaluations: { run: number; evaluation: Evaluation }[] = [];
    const before = divergedRuns();
    const points = fleets.map((fleet) => quietly(evaluateFleet(fleet, step)));
    // The policies stand still until their next update: the device samples for it while the host scores these.
    if (step > 0 && step < steps && !control.signal.aborted) begun = begin(step);
    for (const [f, fleet] of fleets.entries()) {
      const found = await points[f]!;
      found.forEach((evaluation, r) => {
        const { run, diagnostics } = fleet.memories[r]!;
        if (evaluation === null) return;
        evaluations.push({ run: run.index, evaluation });
        if (!scheduled) return;
        diagnostics.forget();
        fingerprints.add(run.index, evaluation, task.evaluation.kind === 'exact');
      });
    }
    yield* newlyDiverged(before, step);
    yield { type: 'evaluation', step, evaluations: evaluations.sort((a, b) => a.run - b.run) };
  }

  function* newlyDiverged(before: ReadonlySet<number>, step: number): Generator<Report, void> {
    for (const run of divergedRuns()) if (!before.has(run)) yield { type: 'diverged', run, step };
  }

  function pairsReport(step: number): PairsReport {
    const shown = memories().filter(({ run, divergedAt }) => run.seed === config.firstSeed && divergedAt === null);
    const pairsOf = ({ run, latest }: RunMemory): SampledPair[] =>
      latest ? latest.pairs.slice(0, PAIRS_SHOWN).map((pair) => sampledPair(task, run, latest, pair)) : [];
    return { type: 'pairs', step, pairs: shown.flatMap(pairsOf) };
  }

  /** All runs' memories in the experiment's order. */
  function memories(): RunMemory[] {
    return fleets.flatMap((fleet) => fleet.memories).sort((a, b) => a.run.index - b.run.index);
  }

  function divergedRuns(): Set<number> {
    return new Set(memories().flatMap(({ run, divergedAt }) => (divergedAt === null ? [] : [run.index])));
  }

  function liveRuns(): number {
    return memories().filter(({ divergedAt }) => divergedAt === null).length;
  }

  /** Every run's, in the experiment's order; null where it diverged. */
  async function finalWeights(): Promise<(Float32Array | null)[]> {
    const found: (Float32Array | null)[] = [];
    for (const fleet of fleets) {
      const weights = await fleet.readWeights();
      fleet.memories.forEach(
        ({ run, divergedAt }, r) => (found[place.get(run.index)!] = divergedAt === null ? weights[r]! : null),
      );
    }
    return found;
  }

  function finalRuns(weights: readonly (Float32Array | null)[], stopped: boolean): FinishedReport['runs'] {
    return memories().map(({ run, divergedAt }) => ({
      status: divergedAt !== null ? 'diverged' : stopped ? 'stopped' : 'complete',
      hash: fingerprints.digest(run.index, weights[place.get(run.index)!] ?? null),
    }));
  }
}
