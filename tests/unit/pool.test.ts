import { describe, expect, it, vi } from 'vitest';
import { runCells, type CellOptions } from '../../src/run/cells';
import { drawInPool } from '../../src/run/drawInPool';
import type { CellResult, OrderOf } from '../../src/run/orders';
import { Pool, WorkerGone, type PoolWorker } from '../../src/run/pool';
import { WebPoolWorker, type PoolThread } from '../../src/worker/poolWorker';
import type { PoolCommand, PoolEvent } from '../../src/worker/protocol';
import { PRESETS } from '../../src/experiment/presets/presets';

const WASM = { name: 'wasm', adapter: null } as const;
const RESULT: CellResult = { arms: [], seconds: 1 };
const BASE = 'https://page.example/lab/';

/** A worker that says what the test has it say. */
class FakeThread implements PoolThread {
  readonly heard: PoolCommand[] = [];
  terminated = false;
  onmessage: PoolThread['onmessage'] = null;
  onerror: PoolThread['onerror'] = null;
  onmessageerror: PoolThread['onmessageerror'] = null;
  postMessage(command: PoolCommand): void {
    this.heard.push(command);
  }
  terminate(): void {
    this.terminated = true;
  }
  say(data: PoolEvent): void {
    this.onmessage?.({ data } as MessageEvent<PoolEvent>);
  }
  get orders(): number {
    return this.heard.filter(({ type }) => type === 'order').length;
  }
}

/** Lets everybody hear what was said. */
const settled = () => new Promise<void>((resolve) => setTimeout(resolve));

function poolOf(count: number, cores: number, refusal: string | null = null) {
  const threads: FakeThread[] = [];
  const abort = new AbortController();
  const events = {
    onReady: vi.fn<CellOptions['onReady']>(() => {
      if (refusal !== null) throw new Error(refusal);
    }),
    onProgress: vi.fn<CellOptions['onProgress']>(),
    onCell: vi.fn<CellOptions['onCell']>(),
  };
  const order = { kind: 'cell', config: PRESETS[0]!.config, checkpoints: [] } as const;
  const cells = Array.from({ length: count }, (_, i) => ({ number: 10 + i, steps: 100, order: () => order }));
  const pool = new Pool(
    (backend) =>
      new WebPoolWorker(BASE, backend, backend !== undefined, () => {
        const thread = new FakeThread();
        threads.push(thread);
        return thread;
      }),
  );
  let time = 0;
  const running = runCells(cells, pool, {
    workers: { gpu: 1, cores },
    signal: abort.signal,
    now: () => (time += 1000),
    ...events,
  });
  /** The cells that broke, or what ended it. */
  const ended = running.catch((error: unknown) => error);
  const say = async (i: number, event: PoolEvent) => {
    threads[i]!.say(event);
    await settled();
  };
  const ready = (i: number) => say(i, { type: 'ready', backend: WASM, reasons: [], life: null });
  const done = (i: number) => say(i, { type: 'outcome', outcome: RESULT });
  const numbers = () => events.onCell.mock.calls.map(([number]) => number);
  const sleep = (milliseconds: number) => void (time += milliseconds);
  return { abort, threads, events, ended, say, ready, done, numbers, sleep };
}

describe('a worker of a pool', () => {
  it('that has gone between two orders says so at the next', async () => {
    const thread = new FakeThread();
    const worker = new WebPoolWorker(BASE, 'wasm', true, () => thread);
    thread.say({ type: 'ready', backend: WASM, reasons: [], life: null });
    await worker.ready;
    thread.onerror?.({ message: 'it crashed', preventDefault: () => undefined } as ErrorEvent);
    await expect(worker.run({ kind: 'snapshot' })).rejects.toThrow(WorkerGone);
    expect(thread.orders).toBe(0);
  });
});

describe('the workers of a sweep', () => {
  it('tell a time left that counts no hour that the machine slept', async () => {
    const { events, ready, say, sleep } = poolOf(1, 1);
    await ready(0);
    const left = async (step: number) => {
      await say(0, { type: 'note', note: { type: 'step', step } });
      return events.onProgress.mock.lastCall![0].secondsLeft!;
    };
    for (const step of [10, 20, 30]) await left(step);
    const before = await left(40);
    expect(before).toBeGreaterThan(0);
    sleep(3_600_000);
    expect(await left(50)).toBeLessThan(before);
  });

  it('take a cell each until all are done', async () => {
    const { threads, events, ended, ready, done, numbers } = poolOf(3, 2);
    expect(threads).toHaveLength(1);
    expect(threads[0]!.heard).toEqual([{ type: 'open', base: BASE, only: undefined, isTested: false }]);
    await ready(0);
    expect(events.onReady).toHaveBeenCalledWith(WASM, 2, []);
    expect(threads).toHaveLength(2);
    expect(threads[1]!.heard, 'on what the first one runs on').toEqual([
      { type: 'open', base: BASE, only: 'wasm', isTested: true },
    ]);
    await ready(1);
    await done(1);
    await done(1);
    expect(numbers()).toEqual([11, 12]);
    expect(threads.some(({ terminated }) => terminated)).toBe(false);
    await done(0);
    expect(numbers()).toEqual([11, 12, 10]);
    expect(await ended).toEqual([]);
    expect(threads.every(({ terminated }) => terminated)).toBe(true);
  });

  it('are one on a GPU, and no more than there are cells', async () => {
    const gpu = poolOf(3, 4);
    await gpu.say(0, { type: 'ready', backend: { name: 'webgpu', adapter: 'a GPU' }, reasons: [], life: null });
    expect(gpu.threads).toHaveLength(1);
    const few = poolOf(2, 4);
    await few.ready(0);
    expect(few.threads).toHaveLength(2);
  });

  it('tell how far they are together', async () => {
    const { events, say, ready, done } = poolOf(2, 2);
    await ready(0);
    await ready(1);
    await say(0, { type: 'note', note: { type: 'step', step: 30 } });
    await say(1, { type: 'note', note: { type: 'step', step: 20 } });
    expect(events.onProgress.mock.lastCall?.[0]).toMatchObject({ steps: 200, done: 50, cells: 0 });
    expect(events.onProgress.mock.lastCall?.[0].secondsLeft).toBeGreaterThan(0);
    await done(0);
    expect(events.onProgress.mock.lastCall?.[0]).toMatchObject({ steps: 200, done: 120, cells: 1 });
  });

  it('run all other cells where some break, and end with the first of these', async () => {
    const { threads, events, ended, say, ready, done, numbers } = poolOf(4, 2);
    await ready(0);
    await ready(1);
    await say(1, { type: 'broken', message: 'out of memory', isWrong: false });
    expect(threads[1]!.terminated, 'its memory may be in any state').toBe(true);
    await ready(2);
    await say(2, { type: 'broken', message: 'too large', isWrong: false });
    await done(0);
    await ready(3);
    await done(3);
    expect(numbers()).toEqual([10, 13]);
    const broken = [
      { message: 'out of memory', cell: 11 },
      { message: 'too large', cell: 12 },
    ];
    expect(await ended).toMatchObject(broken);
    expect(events.onProgress.mock.lastCall?.[0]).toMatchObject({ steps: 200, done: 200, cells: 2 });
    expect(threads.every(({ terminated }) => terminated)).toBe(true);
  });

  it('end at once where none can be had any more', async () => {
    const { ended, say, ready, numbers } = poolOf(3, 1);
    await ready(0);
    await say(0, { type: 'lost', message: 'the GPU is gone' });
    await say(1, { type: 'unavailable', message: 'there is no GPU' });
    expect(await ended).toMatchObject({ message: 'there is no GPU', cell: 10 });
    expect(numbers()).toEqual([]);
  });

  it('end at once where the device computes wrong numbers', async () => {
    const { threads, events, ended, say, ready } = poolOf(3, 2);
    await ready(0);
    await ready(1);
    await say(0, { type: 'broken', message: 'it is wrong', isWrong: true });
    expect(await ended).toMatchObject({ message: 'it is wrong', cell: 10 });
    expect(threads, 'no other is begun').toHaveLength(2);
    expect(events.onProgress, 'nothing is said after the end').not.toHaveBeenCalled();
  });

  it('run a cell again where its worker dies, on the same backend, but not for ever', async () => {
    const { threads, ended, say, ready, done, numbers } = poolOf(2, 1);
    await ready(0);
    await say(0, { type: 'lost', message: 'the GPU is gone' });
    expect(threads[1]!.heard).toEqual([{ type: 'open', base: BASE, only: 'wasm', isTested: true }]);
    await ready(1);
    expect(threads[1]!.orders).toBe(1);
    await done(1);
    expect(numbers()).toEqual([10]);
    for (const i of [1, 2, 3]) {
      await say(i, { type: 'lost', message: 'the GPU is gone' });
      if (i < 3) await ready(i + 1);
    }
    expect(await ended).toMatchObject([{ cell: 11, message: 'the GPU is gone' }]);
    expect(threads).toHaveLength(4);
  });

  it('make the draws again of a worker that dies', async () => {
    let born = 0;
    const pool = new Pool(() => {
      const isFirst = born++ === 0;
      const run = ({ draws }: OrderOf<'mixture'>) =>
        isFirst ? Promise.reject(new WorkerGone('it died')) : Promise.resolve([draws.first]);
      const ready = Promise.resolve({ backend: WASM, reasons: [] });
      return { ready, run, halt: () => undefined, end: () => undefined } as unknown as PoolWorker;
    });
    const drawing = drawInPool(pool, 2, PRESETS[0]!.config)({ policies: [], seed: 0, first: 100, count: 20 });
    let next = await drawing.next();
    while (!next.done) next = await drawing.next();
    expect(next.value).toEqual([100, 108, 116]);
    expect(born).toBe(3);
  });

  it('end with the reason when one does not start', async () => {
    const { ended, say } = poolOf(3, 2);
    await say(0, { type: 'unavailable', message: 'no backend' });
    expect(await ended).toEqual(new Error('no backend'));
  });

  it('do not begin where the backend is not wanted', async () => {
    const { threads, ended, ready } = poolOf(3, 2, 'it is another backend');
    await ready(0);
    expect(await ended).toEqual(new Error('it is another backend'));
    expect(threads).toHaveLength(1);
    expect(threads[0]!.orders).toBe(0);
  });

  it('end where one runs on another backend than the first', async () => {
    const { ended, ready, say } = poolOf(3, 2);
    await ready(0);
    await say(1, { type: 'ready', backend: { name: 'cpu', adapter: null }, reasons: [], life: null });
    expect(await ended).toEqual(new Error('one worker runs on cpu, the others on wasm'));
  });

  it('say nothing after they were stopped', async () => {
    const { abort, threads, events, ended, ready, done } = poolOf(3, 2);
    await ready(0);
    abort.abort();
    expect(threads.every(({ terminated }) => terminated)).toBe(true);
    await done(0);
    expect(events.onCell).not.toHaveBeenCalled();
    expect(await ended).toEqual([]);
  });
});
