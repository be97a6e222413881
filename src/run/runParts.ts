import { armName } from '../experiment/config/names';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { OfflineReport, Report, SampledPair } from '../training/reports';
import { runsOf } from '../training/run';
import type { ExperimentControl } from '../training/runExperiment';
import { isEvaluated } from '../training/schedule';
import type { ExperimentSnapshot } from '../training/snapshot';
import { startedReport } from '../training/startedReport';
import type { Task } from '../training/task';
import { deferred } from './deferred';
import { hasEvaluation, type ImportedCheckpoints, type Leg } from './orders';
import type { Pool } from './pool';
import { PartGivenUp, RemotePart } from './remotePart';

/** A leg takes about so many milliseconds: so long a command waits, and so seldom the parts wait for one another. */
const LEG = 250;

/** Seconds from one state to go on from to the next, for when a worker dies, where nobody stores any. */
const STATE_EVERY = 30;

export interface PartsEnvironment {
  readonly pool: Pool;
  /** How many of the pool are used; where there are more parts, some take turns in a worker. */
  readonly workers: number;
  /** The runs of each part, by their index. */
  readonly parts: readonly (readonly number[])[];
  readonly checkpoints: ImportedCheckpoints;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/**
 * An experiment as `runExperiment` has it, its runs trained in the workers of a pool: the same reports, to the same
 * hashes. The parts advance together, in legs that end at the same step, at an evaluation at the latest; what comes with
 * every step comes once a leg. A part whose workers die again and again is given up, and the others go on without it.
 */
export async function* runParts(
  config: ExperimentConfig,
  task: Task,
  control: ExperimentControl,
  from: ExperimentSnapshot | null,
  { pool, workers, parts: cut, checkpoints, now }: PartsEnvironment,
): AsyncGenerator<Report, void> {
  const all = runsOf(config);
  const { steps } = config.schedule;
  const parts = cut.map((runs, place) => {
    const own = from && { step: from.step, runs: runs.map((index) => from.runs[index]!) };
    const sources = { checkpoints, models: task.models };
    return new RemotePart(pool, place % workers, cut.length > workers, config, sources, runs, own);
  });
  const live = new Set(all.keys());
  from?.runs.forEach(({ divergedAt }, index) => divergedAt !== null && live.delete(index));
  /** Parts that are given up, and why. */
  const lost = new Map<RemotePart, string>();
  let step = from?.step ?? 0;
  let savedAt = now();
  yield startedReport(config, task, all);
  const opened = yield* open();
  yield* merged(opened);
  yield { type: 'progress', step, pairs: 0, bytes: bytes() };
  // Where offline training was stopped, the policies are not what the race would start from.
  if (from || opened.every(hasEvaluation)) yield* wantedSnapshot();
  let [length, pairs] = [1, 0];
  while (step < steps && !control.signal.aborted && live.size > 0) {
    const evaluates = control.wantsEvaluation?.() ?? false;
    const showsPairs = evaluates || (control.wantsPairs?.() ?? false);
    // Parts that take turns are stored after every leg.
    const until = evaluates ? step + 1 : legEnd(config, step, cut.length > workers ? Infinity : length);
    const start = now();
    const training = parts.filter(({ runs }) => runs.some((run) => live.has(run)));
    const legs = [
      ...(await each(training, (part) => part.advance(until, evaluates, showsPairs, until === steps))).values(),
    ];
    length = Math.max(1, Math.floor((LEG * (until - step)) / Math.max(1, now() - start)));
    step = until;
    pairs += legs.reduce((sum, leg) => sum + leg.pairs, 0);
    yield* merged(legs);
    yield* givenUp();
    // Somebody has paused: what they see is a step that is evaluated.
    if (step < steps && !isEvaluated(config, step) && !evaluates && control.wantsEvaluation?.()) continue;
    yield { type: 'progress', step, pairs, bytes: bytes() };
    pairs = 0;
    yield* wantedSnapshot();
  }
  yield* ending(await each(parts, (part) => part.finish()));

  /** Does something with all parts that are left, at the same time but where they share a worker; what came of each. */
  async function each<T>(
    some: readonly RemotePart[],
    act: (part: RemotePart) => Promise<T>,
  ): Promise<Map<RemotePart, T>> {
    const left = some.filter((part) => !lost.has(part));
    const found = new Map<RemotePart, T>();
    const inTurn = async (place: number) => {
      for (const part of left.filter((one) => one.place === place)) {
        try {
          found.set(part, await act(part));
        } catch (error) {
          if (!(error instanceof PartGivenUp) || !canSpare(part)) throw error;
          lost.set(part, error.message);
        }
      }
    };
    await Promise.all(Array.from({ length: workers }, (_, place) => inTurn(place)));
    return new Map(left.flatMap((part) => (found.has(part) ? [[part, found.get(part)!]] : [])));
  }

  /** Whether others are left, and something of it to keep. */
  function canSpare(part: RemotePart): boolean {
    return part.givenUp() !== null && parts.some((other) => other !== part && !lost.has(other));
  }

  /** Says which runs are given up. */
  function* givenUp(): Generator<Report, void> {
    for (const [part, message] of lost) {
      const runs = part.runs.filter((run) => live.delete(run));
      if (runs.length > 0) yield { type: 'givenUp', runs, step, message };
    }
  }

  /** All that comes before the first step; a signal ends it early. */
  async function* open(): AsyncGenerator<Report, Leg[]> {
    const notes = new Map<RemotePart, OfflineReport>();
    const halt = () => pool.halt();
    control.signal.addEventListener('abort', halt);
    let note = deferred<void>();
    let legs: Leg[] | null = null;
    const opening = each(parts, (part) =>
      part.open((told) => {
        if (told.type === 'offline') notes.set(part, told);
        // The signal may have come before there was anything to end.
        if (control.signal.aborted) halt();
        note.resolve();
      }),
    ).then((found) => (legs = [...found.values()]));
    let shown = -1;
    try {
      while (!legs) {
        await Promise.race([opening, note.promise]);
        note = deferred();
        if (notes.size < Math.min(workers, parts.length)) continue;
        const slowest = [...notes.values()].reduce((a, b) => (b.step < a.step ? b : a));
        if (!legs && slowest.step > shown) yield slowest;
        shown = slowest.step;
      }
      return await opening;
    } finally {
      control.signal.removeEventListener('abort', halt);
    }
  }

  /** The parts' reports as one experiment's. */
  function* merged(legs: readonly Leg[]): Generator<Report, void> {
    const reports = legs.flatMap((leg) => leg.reports);
    const fits = legs.map((leg) => leg.reports.find((report) => report.type === 'offlineFits'));
    if (fits[0]) yield { type: 'offlineFits', fits: byRun(fits.map((found) => found?.fits ?? [])) };
    const diverged = reports.filter((report) => report.type === 'diverged');
    for (const report of diverged.sort((a, b) => a.step - b.step || a.run - b.run)) {
      live.delete(report.run);
      yield report;
    }
    const evaluations = reports.filter((report) => report.type === 'evaluation');
    if (evaluations.length > 0) {
      const entries = evaluations.flatMap((report) => report.evaluations);
      yield { type: 'evaluation', step, evaluations: entries.sort((a, b) => a.run - b.run) };
    }
    const shown = reports.filter((report) => report.type === 'pairs');
    if (shown.length > 0) yield { type: 'pairs', step, pairs: byArm(shown.flatMap((report) => report.pairs)) };
  }

  async function* wantedSnapshot(): AsyncGenerator<Report, void> {
    if (step === steps) return;
    const wanted = control.wantsSnapshot?.() ?? false;
    if (!wanted && now() - savedAt < 1000 * STATE_EVERY) return;
    const found = await each(parts, (part) => part.snapshot());
    savedAt = now();
    yield* givenUp();
    // Somebody may have interrupted it meanwhile: it is complete, and there will be no other.
    if (!wanted && !control.wantsSnapshot?.()) return;
    const runs = byRun(parts.map((part) => (found.get(part) ?? part.givenUp()!).runs));
    yield { type: 'snapshot', snapshot: { step, runs } };
  }

  function* ending(found: ReadonlyMap<RemotePart, readonly Report[]>): Generator<Report, void> {
    yield* givenUp();
    const ends = [...found.values()].map((reports) => reports.find((report) => report.type === 'finished')!);
    const last = Math.max(...ends.map((report) => report.step));
    const reports = parts.map((part) => found.get(part) ?? endOf(part, last));
    const weights = reports.map((own) => own.find((report) => report.type === 'weights'));
    if (weights.every((report) => report !== undefined)) {
      yield { type: 'weights', step, weights: byRun(weights.map((report) => report.weights)) };
    }
    const runs = reports.map((own) => own.find((report) => report.type === 'finished')!.runs);
    yield { type: 'finished', step: last, runs: byRun(runs) };
  }

  /** Of a part that was given up. */
  function endOf({ runs }: RemotePart, last: number): Report[] {
    return [
      { type: 'weights', step: last, weights: runs.map(() => null) },
      { type: 'finished', step: last, runs: runs.map(() => ({ status: 'stopped', hash: '' })) },
    ];
  }

  /** Lists of the parts, each in the order of its runs, as one list in the order of all. */
  function byRun<T>(lists: readonly (readonly T[])[]): T[] {
    const ordered: T[] = [];
    lists.forEach((list, p) => list.forEach((value, r) => (ordered[parts[p]!.runs[r]!] = value)));
    return ordered;
  }

  /** Of all workers. */
  function bytes(): number {
    const byPlace = new Map<number, number>();
    for (const part of parts) byPlace.set(part.place, Math.max(part.bytes, byPlace.get(part.place) ?? 0));
    return [...byPlace.values()].reduce((sum, own) => sum + own, 0);
  }

  function byArm(pairs: readonly SampledPair[]): SampledPair[] {
    return config.arms.map(armName).flatMap((arm) => pairs.filter((pair) => pair.arm === arm));
  }
}

/** So many steps on, but not beyond the next evaluation. */
function legEnd(config: ExperimentConfig, step: number, length: number): number {
  let end = step + 1;
  while (end < step + length && !isEvaluated(config, end)) end++;
  return end;
}
