import { describe, expect, it, vi } from 'vitest';
import { CellError, runCells, type CellResult, type PoolOptions } from '../../src/run/pool';
import { WebCellWorker, type WebCellOrder } from '../../src/worker/cellWorker';
import { PRESETS } from '../../src/experiment/presets/presets';
import type { Notice } from '../../src/worker/protocol';

const WASM = { name: 'wasm', adapter: null } as const;
const RESULT: CellResult = { arms: [], seconds: 1 };

/** The page's end of a worker, which says what the test has it say. */
class FakeClient {
  readonly cells: WebCellOrder['config'][] = [];
  closed = false;
  constructor(readonly say: (event: Notice) => void) {}
  open = vi.fn();
  cell(config: WebCellOrder['config']): void {
    this.cells.push(config);
  }
  close(): void {
    this.closed = true;
  }
}

/** Lets everybody hear what was said. */
const settled = () => new Promise<void>((resolve) => setTimeout(resolve));

function poolOf(count: number, cores: number, refusal: string | null = null) {
  const clients: FakeClient[] = [];
  const abort = new AbortController();
  const events = {
    onReady: vi.fn<PoolOptions<WebCellOrder>['onReady']>(() => {
      if (refusal !== null) throw new Error(refusal);
    }),
    onProgress: vi.fn<PoolOptions<WebCellOrder>['onProgress']>(),
    onCell: vi.fn<PoolOptions<WebCellOrder>['onCell']>(),
  };
  const orders = Array.from({ length: count }, (_, i) => ({
    number: 10 + i,
    steps: 100,
    config: PRESETS[0]!.config,
    checkpoints: [],
  }));
  const create = (backend?: 'webgpu' | 'wasm' | 'cpu') =>
    new WebCellWorker(backend, (say) => {
      const client = new FakeClient(say);
      clients.push(client);
      return client;
    });
  let time = 0;
  const running = runCells(orders, {
    create,
    workers: { gpu: 1, cores },
    signal: abort.signal,
    now: () => (time += 1000),
    ...events,
  });
  const ended = running.then(
    () => null,
    (error: Error) => error,
  );
  const say = async (i: number, event: Notice) => {
    clients[i]!.say(event);
    await settled();
  };
  const ready = (i: number) => say(i, { type: 'ready', backend: WASM, reasons: [], life: null });
  const done = (i: number) => say(i, { type: 'cellDone', id: clients[i]!.cells.length, result: RESULT });
  const numbers = () => events.onCell.mock.calls.map(([number]) => number);
  return { abort, clients, events, ended, say, ready, done, numbers };
}

describe('the workers of a sweep', () => {
  it('take a cell each until all are done', async () => {
    const { clients, events, ended, ready, done, numbers } = poolOf(3, 2);
    expect(clients).toHaveLength(1);
    expect(clients[0]!.open).toHaveBeenCalledOnce();
    await ready(0);
    expect(events.onReady).toHaveBeenCalledWith(WASM, 2, []);
    expect(clients).toHaveLength(2);
    expect(clients[1]!.open, 'on what the first one runs on').toHaveBeenCalledWith('wasm');
    await ready(1);
    await done(1);
    await done(1);
    expect(numbers()).toEqual([11, 12]);
    expect(clients.some(({ closed }) => closed)).toBe(false);
    await done(0);
    expect(numbers()).toEqual([11, 12, 10]);
    expect(await ended).toBeNull();
    expect(clients.every(({ closed }) => closed)).toBe(true);
  });

  it('are one on a GPU, and no more than there are cells', async () => {
    const gpu = poolOf(3, 4);
    await gpu.say(0, { type: 'ready', backend: { name: 'webgpu', adapter: 'a GPU' }, reasons: [], life: null });
    expect(gpu.clients).toHaveLength(1);
    const few = poolOf(2, 4);
    await few.ready(0);
    expect(few.clients).toHaveLength(2);
  });

  it('tell how far they are together', async () => {
    const { events, say, ready, done } = poolOf(2, 2);
    await ready(0);
    await ready(1);
    await say(0, { type: 'cellStep', id: 1, step: 30 });
    await say(1, { type: 'cellStep', id: 1, step: 20 });
    expect(events.onProgress.mock.lastCall?.[0]).toMatchObject({ steps: 200, done: 50, cells: 0 });
    expect(events.onProgress.mock.lastCall?.[0].secondsLeft).toBeGreaterThan(0);
    await done(0);
    expect(events.onProgress.mock.lastCall?.[0]).toMatchObject({ steps: 200, done: 120, cells: 1 });
  });

  it('end with the reason when one breaks, naming its cell', async () => {
    const { clients, ended, say, ready, done, numbers } = poolOf(3, 2);
    await ready(0);
    await ready(1);
    await say(1, { type: 'failed', id: 1, message: 'out of memory' });
    const error = await ended;
    expect(error).toBeInstanceOf(CellError);
    expect(error).toMatchObject({ message: 'out of memory', cell: 11 });
    expect(clients.every(({ closed }) => closed)).toBe(true);
    await done(0);
    expect(numbers()).toEqual([]);
  });

  it('end with the reason when one does not start', async () => {
    const { ended, say } = poolOf(3, 2);
    await say(0, { type: 'unavailable', message: 'no backend' });
    expect(await ended).toEqual(new Error('no backend'));
  });

  it('do not begin where the backend is not wanted', async () => {
    const { clients, ended, ready } = poolOf(3, 2, 'it is another backend');
    await ready(0);
    expect(await ended).toEqual(new Error('it is another backend'));
    expect(clients).toHaveLength(1);
    expect(clients[0]!.cells).toHaveLength(0);
  });

  it('end where one runs on another backend than the first', async () => {
    const { ended, ready, say } = poolOf(3, 2);
    await ready(0);
    await say(1, { type: 'ready', backend: { name: 'cpu', adapter: null }, reasons: [], life: null });
    expect(await ended).toEqual(new Error('one worker runs on cpu, the first on wasm'));
  });

  it('say nothing after they were stopped', async () => {
    const { abort, clients, events, ended, ready, done } = poolOf(3, 2);
    await ready(0);
    abort.abort();
    expect(clients.every(({ closed }) => closed)).toBe(true);
    await done(0);
    expect(events.onCell).not.toHaveBeenCalled();
    expect(await ended).toBeNull();
  });
});
