import { valueOf } from '../../src/experiment/reading';
import { describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../src/experiment/config/config';
import type { Evaluation } from '../../src/experiment/documents/metrics';
import type { BackendName } from '../../src/experiment/documents/results';
import type { ExperimentConfig } from '../../src/experiment/config/schema';
import { WrongNumbers } from '../../src/training/wrongNumbers';
import { CheckpointError } from '../../src/training/checkpointAt';
import type { Task } from '../../src/training/task';
import type { Report } from '../../src/training/reports';
import type { ExperimentControl } from '../../src/training/runExperiment';
import { encodeStored, parseStored, type StoredExperiment } from '../../src/run/storedExperiment';
import type { ExperimentSnapshot } from '../../src/training/snapshot';
import { Executor } from '../../src/run/executor';
import { Runner } from '../../src/run/runner';
import type { ImportedCheckpoints, Note } from '../../src/run/orders';
import type { WorkerEvent } from '../../src/worker/protocol';
import { Session, type SessionEnvironment } from '../../src/worker/session';

/** What a step of the experiment below takes on the clock of these tests. */
const STEP_MILLISECONDS = 10;
const clock = vi.hoisted(() => ({ milliseconds: 0 }));
const EVALUATION = vi.hoisted(() => (step: number): Evaluation => {
  const trained = {
    loss: null,
    chosenReward: null,
    rejectedReward: null,
    margin: null,
    accuracy: null,
    oracleGap: null,
    rewardSpread: null,
    trueReward: null,
  };
  const costs = { labels: 0, annotationCost: 0, samplingCost: 0 };
  return { step, reward: 1, kl: 2, objective: 3, gap: null, entropy: 1, length: 1, ...trained, ...costs };
});

/** One run of one weight, which is the step's number. */
const SNAPSHOT = vi.hoisted(() => (step: number): ExperimentSnapshot => {
  const one = Float32Array.of(0);
  const totals = { labels: 0, annotationCost: 0, samplingCost: 0 };
  const sums = { pairs: 0, loss: 0, chosenReward: 0, rejectedReward: 0, correct: 0, oracleGap: 0 };
  const policy = { weights: Float32Array.of(step), mean: one, square: one, reference: null };
  return { step, runs: [{ ...policy, totals, sums, pool: [], divergedAt: null, fingerprint: [1, step] }] };
});

/** Stands in for the engine: the same reports in the same order, without a tensor. */
vi.mock('../../src/training/runExperiment', () => ({
  runExperiment: async function* (
    { schedule: { steps, pairs } }: ExperimentConfig,
    _task: Task,
    control: ExperimentControl,
    from: ExperimentSnapshot | null = null,
  ): AsyncGenerator<Report, void> {
    const run = { arm: 'Vanilla', seed: 0, optimum: null };
    yield { type: 'started', steps, runs: [run], optimum: null, frontier: null };
    let step = from?.step ?? 0;
    const evaluation = (): Report => ({
      type: 'evaluation',
      step,
      evaluations: [{ run: 0, evaluation: EVALUATION(step) }],
    });
    const snapshot = (): Report => ({ type: 'snapshot', snapshot: SNAPSHOT(step) });
    if (!from) yield evaluation();
    yield { type: 'progress', step, pairs: 0 };
    if (control.wantsSnapshot?.()) yield snapshot();
    while (step < steps && !control.signal.aborted) {
      step++;
      clock.milliseconds += STEP_MILLISECONDS;
      const scheduled = step === steps;
      if (scheduled || control.wantsEvaluation?.()) yield evaluation();
      if (scheduled || control.wantsPairs?.()) yield { type: 'pairs', step, pairs: [] };
      yield { type: 'progress', step, pairs };
      if (step < steps && control.wantsSnapshot?.()) yield snapshot();
    }
    yield { type: 'weights', step, weights: [Float32Array.of(step)] };
    yield { type: 'finished', step, runs: [] };
  },
}));

const macrotask = () => new Promise<void>((resolve) => setImmediate(resolve));

const configOf = (steps: number) => ({
  task: { kind: 'bandit' },
  arms: [{ sampler: 'vanilla' }],
  seeds: 1,
  beta: 1,
  learningRate: 0.01,
  schedule: { steps, pairs: 4 },
  evaluation: { every: 100 },
});

/** Far more steps than a test waits for. */
const ENDLESS = configOf(100_000);

const TASK = {
  policy: { layout: [], rowFloats: null } as unknown as Task['policy'],
  evaluation: { kind: 'exact' } as Task['evaluation'],
  encodeWeights: (weights, origin) => Uint8Array.from([...weights, Number(origin['step'])]),
} as Task;

const IMPORTED: ImportedCheckpoints = [{ name: 'mine-0123abcd', bytes: new Blob(['bytes']) }];

function openSession(
  prepare: SessionEnvironment['prepare'] = () => Promise.resolve(TASK),
  whole: () => Promise<void> = () => Promise.resolve(),
  quick: () => Promise<void> = () => Promise.resolve(),
  backend: BackendName = 'cpu',
) {
  const events: WorkerEvent[] = [];
  const session = new Session({
    backend: { name: backend, adapter: null },
    post: (event) => events.push(event),
    prepare,
    check: { whole, quick },
    now: () => clock.milliseconds,
    breathe: macrotask,
    memory: () => 0,
    release: () => undefined,
  });
  const reports = (id: number) =>
    events.flatMap((event) => (event.type === 'report' && event.id === id ? [event] : []));
  const stepsOf = (id: number, type: 'progress' | 'evaluation' | 'pairs') =>
    reports(id).flatMap(({ report }) => (report.type === type ? [report.step] : []));
  const states = (id: number) =>
    events.flatMap((event) => (event.type === 'state' && event.id === id ? [event.state] : []));
  const start = (id: number, config: unknown, paused = false) =>
    session.handle({ type: 'start', id, config, paused, checkpoints: IMPORTED });
  const saved = (id: number) =>
    events.flatMap((event) => (event.type === 'snapshot' && event.id === id ? [event] : []));
  const restore = (id: number, state: StoredExperiment) =>
    session.handle({
      type: 'restore',
      id,
      bytes: new Blob([encodeStored(state)]),
      paused: false,
      checkpoints: IMPORTED,
    });
  const weights = async (ticket: number) => {
    const found = events.find((event) => event.type === 'weights' && event.ticket === ticket);
    if (found?.type !== 'weights') return undefined;
    return found.bytes && { step: found.step, bytes: [...new Uint8Array(await found.bytes.arrayBuffer())] };
  };
  return { session, events, reports, stepsOf, states, start, saved, restore, weights };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 10_000; i++) {
    if (condition()) return;
    await macrotask();
  }
  throw new Error('it never came to that');
}

const parsed = async (bytes: Blob): Promise<StoredExperiment> =>
  valueOf(parseStored(new Uint8Array(await bytes.arrayBuffer())));

/** Long enough for dozens of steps, were there any. */
async function aWhile(): Promise<void> {
  for (let i = 0; i < 50; i++) await macrotask();
}

type Opened = ReturnType<typeof openSession>;

async function startAndPause(opened: Opened): Promise<number> {
  await opened.start(1, ENDLESS);
  await until(() => opened.stepsOf(1, 'progress').length > 3);
  await opened.session.handle({ type: 'pause' });
  await aWhile();
  return opened.stepsOf(1, 'progress').at(-1)!;
}

describe('a cell of a sweep', () => {
  const parsed = parseConfig(configOf(100));
  if (!parsed.ok) throw new Error('the config is not valid');
  const order = { kind: 'cell', config: parsed.value, checkpoints: [] } as const;
  const executor = (prepare: SessionEnvironment['prepare'], release = () => undefined as void) =>
    new Executor({
      backend: { name: 'cpu', adapter: null },
      prepare,
      now: () => clock.milliseconds,
      breathe: macrotask,
      memory: () => 0,
      release,
    });

  it('says only how far it is and what it found', async () => {
    const notes: Note[] = [];
    const { arms } = await executor(() => Promise.resolve(TASK)).execute(order, (note) => notes.push(note));
    expect(arms).toMatchObject([
      { arm: 'Vanilla', seeds: 1, diverged: 0, objective: { mean: 3, half: null }, difference: null },
    ]);
    expect(notes).toEqual([0, 20, 40, 60, 80, 100].map((step) => ({ type: 'step', step })));
  });

  it('leaves the next one the memory that it needed', async () => {
    let releases = 0;
    const cells = executor(
      () => Promise.resolve(TASK),
      () => void releases++,
    );
    for (const expected of [1, 2, 3]) {
      await cells.execute(order, () => undefined);
      expect(releases).toBe(expected);
    }
  });

  it('says why it cannot run', async () => {
    const none = executor(() => Promise.reject(new Error('there is no such checkpoint')));
    await expect(none.execute(order, () => undefined)).rejects.toThrow('there is no such checkpoint');
  });
});

describe('a session', () => {
  it('tells a run from its start to its end, in order', async () => {
    const { events, stepsOf, states, start } = openSession();
    await start(7, configOf(3));
    await until(() => states(7).includes('finished'));
    expect(events.map((event) => (event.type === 'report' ? event.report.type : event.type))).toEqual([
      'started',
      'state',
      'checking',
      'started',
      'evaluation',
      'progress',
      'pairs',
      'checking',
      'evaluation',
      'progress',
      'pairs',
      'finished',
      'state',
    ]);
    expect(events.every((event) => 'id' in event && event.id === 7)).toBe(true);
    expect(stepsOf(7, 'progress')).toEqual([0, 3]);
    expect(states(7)).toEqual(['running', 'finished']);
  });

  it('stands still while paused, says where, and goes on', async () => {
    const opened = openSession();
    const paused = await startAndPause(opened);
    expect(paused * STEP_MILLISECONDS, 'the last step is told, thinned out or not').toBe(clockSteps(opened));
    await aWhile();
    expect(opened.stepsOf(1, 'progress').at(-1)).toBe(paused);
    await opened.session.handle({ type: 'resume' });
    await until(() => opened.stepsOf(1, 'progress').at(-1)! > paused);
    expect(opened.states(1)).toEqual(['running', 'paused', 'running']);
    await opened.session.handle({ type: 'stop' });
  });

  it('takes exactly one step when asked, with an evaluation', async () => {
    const opened = openSession();
    const paused = await startAndPause(opened);
    for (const next of [paused + 1, paused + 2]) {
      await opened.session.handle({ type: 'step' });
      await aWhile();
      for (const type of ['progress', 'evaluation', 'pairs'] as const) {
        expect(opened.stepsOf(1, type).at(-1)).toBe(next);
      }
    }
    await opened.session.handle({ type: 'stop' });
  });

  it('can start paused and step from there', async () => {
    const { session, stepsOf, states, start } = openSession();
    await start(1, ENDLESS, true);
    await session.handle({ type: 'step' });
    await aWhile();
    expect(stepsOf(1, 'progress')).toEqual([0, 1]);
    expect(stepsOf(1, 'evaluation')).toEqual([0, 1]);
    expect(new Set(states(1))).toEqual(new Set(['paused']));
    await session.handle({ type: 'stop' });
  });

  it.each(['running', 'paused'])('stops a %s run and keeps what it has', async (before) => {
    const opened = openSession();
    await startAndPause(opened);
    if (before === 'running') await opened.session.handle({ type: 'resume' });
    await opened.session.handle({ type: 'stop' });
    expect(opened.reports(1).some(({ report }) => report.type === 'finished')).toBe(true);
    expect(opened.states(1).at(-1)).toBe('stopped');
  });

  it('refuses a bad config and leaves alone what runs', async () => {
    const { session, events, stepsOf, states, start } = openSession();
    await start(1, ENDLESS);
    await start(2, { ...ENDLESS, seeds: 0 });
    const refused = events.find((event) => event.type === 'refused');
    expect(refused).toMatchObject({ id: 2, problems: [{ path: 'seeds' }] });
    const step = stepsOf(1, 'progress').at(-1) ?? 0;
    await until(() => (stepsOf(1, 'progress').at(-1) ?? 0) > step);
    expect(states(1)).toEqual(['running']);
    await session.handle({ type: 'stop' });
  });

  it('ends what runs before another run starts', async () => {
    const { session, events, states, start } = openSession();
    await start(1, ENDLESS);
    await until(() => events.length > 5);
    await start(2, ENDLESS);
    await until(() => states(2).length > 0);
    const ofFirst = events.findLastIndex((event) => 'id' in event && event.id === 1);
    const ofSecond = events.findIndex((event) => 'id' in event && event.id === 2);
    expect(states(1)).toEqual(['running', 'stopped']);
    expect(ofFirst).toBeLessThan(ofSecond);
    await session.handle({ type: 'stop' });
  });

  it('thins out progress and pairs, never evaluations', async () => {
    const { reports, stepsOf, states, start } = openSession();
    await start(1, configOf(200));
    await until(() => states(1).includes('finished'));
    const progress = stepsOf(1, 'progress');
    expect(progress.length).toBeGreaterThan(10);
    expect(progress.length, 'ten a second').toBeLessThanOrEqual(22);
    expect(stepsOf(1, 'pairs').length, 'two a second').toBeLessThanOrEqual(6);
    expect(progress.at(-1)).toBe(200);
    expect(stepsOf(1, 'pairs').at(-1)).toBe(200);
    expect(stepsOf(1, 'evaluation')).toEqual([0, 200]);
    expect(reports(1).at(-1)?.timing.seconds).toBeCloseTo(2);
  });

  it('counts no pause as running time', async () => {
    const opened = openSession();
    const paused = await startAndPause(opened);
    clock.milliseconds += 60_000;
    await opened.session.handle({ type: 'step' });
    await aWhile();
    const { timing } = opened.reports(1).at(-1)!;
    const seconds = ((paused + 1) * STEP_MILLISECONDS) / 1000;
    expect(timing.seconds).toBeCloseTo(seconds);
    expect(timing.pairsPerSecond).toBeCloseTo((4 * 1000) / STEP_MILLISECONDS);
    expect(timing.secondsLeft).toBeCloseTo(1000 - seconds);
    await opened.session.handle({ type: 'stop' });
  });

  it('refuses a task that cannot be prepared, and leaves what runs alone', async () => {
    let broken = false;
    const { session, events, states, start } = openSession(() =>
      broken ? Promise.reject(new CheckpointError('task.checkpoint', 'mine', 'it is broken')) : Promise.resolve(TASK),
    );
    await start(1, ENDLESS);
    broken = true;
    await start(2, configOf(1));
    expect(events.filter((event) => event.type === 'refused')).toEqual([
      {
        type: 'refused',
        id: 2,
        problems: [{ path: 'task.checkpoint', message: '"mine" cannot be used, it is broken' }],
      },
    ]);
    expect(states(1)).toEqual(['running']);
    await session.handle({ type: 'stop' });
  });

  it('stops while it waits for a policy that somebody wants to look at', async () => {
    const never = new Promise<Task>(() => undefined);
    const { session, states, start } = openSession(({ task }) =>
      task.kind === 'reviews' ? never : Promise.resolve(TASK),
    );
    await start(1, ENDLESS);
    await session.handle({ type: 'words', ticket: 5, of: { kind: 'shipped', name: 'x' }, prompt: 0, beginnings: [] });
    await session.handle({ type: 'stop' });
    expect(states(1)).toEqual(['running', 'stopped']);
  });

  it('trains on where its state cannot be made, and says so once', async () => {
    const stored = vi.spyOn(Runner.prototype, 'stored').mockImplementation(() => {
      throw new RangeError('Array buffer allocation failed');
    });
    const opened = openSession();
    await opened.start(1, configOf(5000));
    await until(() => opened.states(1).includes('finished'));
    const { calls } = stored.mock;
    stored.mockRestore();
    const said = opened.events.filter((event) => event.type === 'unstored');
    expect(said).toEqual([{ type: 'unstored', id: 1, reason: 'Array buffer allocation failed' }]);
    expect(calls.length, 'there may be memory again').toBeGreaterThan(1);
    expect(opened.stepsOf(1, 'evaluation').at(-1)).toBe(5000);
  });

  it('refuses what WebAssembly’s memory would not hold, and leaves what runs alone', async () => {
    const policy = { layout: [], rowFloats: { decoded: 1e6, read: 1e6, trained: 2e6 } } as unknown as Task['policy'];
    let task = TASK;
    const { events, states, start } = openSession(() => Promise.resolve(task), undefined, undefined, 'wasm');
    await start(1, ENDLESS);
    task = { ...TASK, policy };
    const large = { ...configOf(1), schedule: { steps: 1, pairs: 256 } };
    await start(2, large);
    const refusals = events.filter((event) => event.type === 'refused');
    expect(refusals).toMatchObject([{ id: 2, problems: [{ path: 'schedule.pairs' }] }]);
    expect(refusals[0]?.problems[0]?.message).toContain('WebAssembly has 3.8 GB; at most 250 would fit');
    expect(states(1)).toEqual(['running']);
  });

  it('prepares the task with the checkpoints that came with it, also where it goes on', async () => {
    const given: ImportedCheckpoints[] = [];
    const opened = openSession((_, checkpoints) => {
      given.push(checkpoints);
      return Promise.resolve(TASK);
    });
    await startAndPause(opened);
    await opened.restore(2, await parsed(opened.saved(1)[0]!.bytes));
    await opened.session.handle({ type: 'stop' });
    expect(given).toEqual([IMPORTED, IMPORTED]);
  });

  it('runs nothing on a device that computes wrong numbers', async () => {
    const { events, reports, start } = openSession(undefined, () => Promise.reject(new WrongNumbers('wrong')));
    await start(1, ENDLESS);
    await until(() => events.some((event) => event.type === 'wrong'));
    expect(events.at(-1)).toEqual({ type: 'wrong', message: 'wrong', rightAt: 0 });
    expect(reports(1)).toEqual([]);
  });

  it('ends a run whose device goes wrong later', async () => {
    let checks = 0;
    const check = () => (++checks > 1 ? Promise.reject(new WrongNumbers('wrong now')) : Promise.resolve());
    const { events, reports, states, start } = openSession(undefined, check);
    // Its only other evaluation comes at the end, where the check is whole.
    await start(1, configOf(4000));
    await until(() => events.some((event) => event.type === 'wrong'));
    expect(events.at(-1)).toMatchObject({ type: 'wrong', message: 'wrong now' });
    expect(states(1)).toEqual(['running']);
    expect(
      reports(1).filter(({ report }) => report.type === 'evaluation'),
      'no wrong number is shown',
    ).toHaveLength(1);
  });

  it('stores no state that a device which has gone wrong has computed', async () => {
    let wrong = false;
    const whole = () => (wrong ? Promise.reject(new WrongNumbers('wrong now')) : Promise.resolve());
    const { events, saved, start } = openSession(undefined, whole);
    await start(1, ENDLESS);
    await until(() => saved(1).length === 1);
    wrong = true;
    await until(() => events.some((event) => event.type === 'wrong'));
    expect(saved(1)).toHaveLength(1);
    expect(events.at(-1), 'what came until then is right').toMatchObject({ type: 'wrong', rightAt: saved(1)[0]!.step });
  });

  it('saves its state every ten seconds of running, with all it has said', async () => {
    const { saved, states, start } = openSession();
    await start(1, configOf(2500));
    await until(() => states(1).includes('finished'));
    expect(saved(1).map(({ step }) => step)).toEqual([1000, 2000]);
    const { results, snapshot } = await parsed(saved(1)[1]!.bytes);
    expect(snapshot).toEqual(SNAPSHOT(2000));
    expect(results).toMatchObject({ backend: { name: 'cpu', adapter: null }, config: { schedule: { steps: 2500 } } });
    expect(results.runs.map(({ evaluations }) => evaluations.map(({ step }) => step))).toEqual([[0]]);
    expect(results.timing.seconds).toBeCloseTo(20);
  });

  it('saves once where it stands still, and once after every single step', async () => {
    const opened = openSession();
    const paused = await startAndPause(opened);
    const steps = () => opened.saved(1).map(({ step }) => step);
    expect(steps()).toEqual([paused]);
    await aWhile();
    expect(steps()).toEqual([paused]);
    await opened.session.handle({ type: 'step' });
    await aWhile();
    expect(steps()).toEqual([paused, paused + 1]);
    await opened.session.handle({ type: 'stop' });
    expect(steps(), 'what is stopped is over').toEqual([paused, paused + 1]);
  });

  it('goes on from a stored state: steps, time and history', async () => {
    const first = openSession();
    await startAndPause(first);
    const state = await parsed(first.saved(1)[0]!.bytes);
    await first.session.handle({ type: 'stop' });
    const { step } = state.snapshot;

    const second = openSession();
    await second.restore(4, state);
    await until(() => second.stepsOf(4, 'progress').length > 3);
    expect(second.events[0]).toEqual({ type: 'started', id: 4, config: state.results.config, from: state.results });
    expect(second.stepsOf(4, 'progress')[0]).toBe(step);
    expect(second.stepsOf(4, 'evaluation'), 'no evaluation comes twice').toEqual([]);
    const { timing } = second.reports(4)[0]!;
    expect(timing.seconds).toBeCloseTo((step * STEP_MILLISECONDS) / 1000);
    expect(timing.pairsPerSecond).toBeCloseTo((4 * 1000) / STEP_MILLISECONDS);

    await second.session.handle({ type: 'pause' });
    await aWhile();
    const later = await parsed(second.saved(4).at(-1)!.bytes);
    expect(later.snapshot.step).toBe(second.stepsOf(4, 'progress').at(-1));
    expect(later.results.timing.seconds).toBeCloseTo((later.snapshot.step * STEP_MILLISECONDS) / 1000);
    const evaluated = later.results.runs[0]!.evaluations.map((evaluation) => evaluation.step);
    expect(evaluated.slice(0, 1)).toEqual([0]);
    await second.session.handle({ type: 'stop' });
  });

  it('refuses a damaged state and leaves alone what runs', async () => {
    const { session, events, states, start } = openSession();
    await start(1, ENDLESS);
    await session.handle({
      type: 'restore',
      id: 2,
      bytes: new Blob(['x'.repeat(20)]),
      paused: false,
      checkpoints: IMPORTED,
    });
    expect(events.find((event) => event.type === 'refused')).toMatchObject({
      id: 2,
      problems: [{ path: 'stored state' }],
    });
    expect(states(1)).toEqual(['running']);
    await session.handle({ type: 'stop' });
  });

  it('gives the weights of the step that it stands at, and of its last one', async () => {
    const opened = openSession();
    const { session, weights, start, states } = opened;
    const ask = (ticket: number, id: number) => session.handle({ type: 'weights', ticket, id, run: 0 });
    const paused = await startAndPause(opened);
    await ask(10, 1);
    expect(await weights(10)).toEqual({ step: paused, bytes: [paused, paused] });
    void session.handle({ type: 'step' });
    await aWhile();
    await ask(11, 1);
    expect(await weights(11)).toEqual({ step: paused + 1, bytes: [paused + 1, paused + 1] });
    await session.handle({ type: 'stop' });
    await start(2, configOf(3));
    await ask(12, 2);
    expect(await weights(12), 'not while it runs').toBeUndefined();
    await until(() => states(2).includes('finished'));
    await aWhile();
    expect(await weights(12)).toEqual({ step: 3, bytes: [3, 3] });
    await ask(13, 2);
    expect(await weights(13)).toEqual({ step: 3, bytes: [3, 3] });
    await ask(14, 1);
    expect(await weights(14), 'those of an older start are gone').toBeNull();
    await session.handle({ type: 'weights', ticket: 15, id: 2, run: 1 });
    expect(await weights(15), 'there is no such run').toBeNull();
  });

  it('ignores what comes after the end', async () => {
    const { session, events, states, start } = openSession();
    await start(1, configOf(1));
    await until(() => states(1).includes('finished'));
    const count = events.length;
    for (const type of ['pause', 'step', 'resume', 'stop'] as const) await session.handle({ type });
    await aWhile();
    expect(events).toHaveLength(count);
  });
});

/** How far the clock says that the run has come. */
function clockSteps({ reports }: Opened): number {
  return Math.round(reports(1).at(-1)!.timing.seconds * 1000);
}
