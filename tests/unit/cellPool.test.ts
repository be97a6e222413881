import { describe, expect, it, vi } from 'vitest';
import { PRESETS } from '../../src/experiment/presets/presets';
import type { ArmSummary } from '../../src/experiment/documents/sweepResults';
import { CellPool, type CellOrder, type CellPoolEvents } from '../../src/worker/cellPool';
import type { WorkerEvent } from '../../src/worker/protocol';

const WASM = { name: 'wasm', adapter: null } as const;

/** A worker that does what the test says. */
class FakeClient {
  readonly cells: CellOrder['config'][] = [];
  closed = false;
  constructor(readonly say: (event: WorkerEvent) => void) {}
  open = vi.fn();
  cell(config: CellOrder['config']): void {
    this.cells.push(config);
  }
  close(): void {
    this.closed = true;
  }
}

function poolOf(count: number, mostWorkers: number, answer: string | null = null) {
  const clients: FakeClient[] = [];
  const events = {
    onReady: vi.fn<CellPoolEvents['onReady']>(() => answer),
    onProgress: vi.fn<CellPoolEvents['onProgress']>(),
    onCell: vi.fn<CellPoolEvents['onCell']>(),
    onEnd: vi.fn<CellPoolEvents['onEnd']>(),
  };
  const schedule = { ...PRESETS[0]!.config.schedule, steps: 100 };
  const orders = Array.from({ length: count }, (_, number) => ({
    number: 10 + number,
    config: { ...PRESETS[0]!.config, schedule },
    checkpoints: [],
  }));
  const pool = new CellPool(orders, mostWorkers, events, (say) => {
    const client = new FakeClient(say);
    clients.push(client);
    return client;
  });
  const ready = (i: number) => clients[i]!.say({ type: 'ready', backend: WASM, reasons: [], life: null });
  const done = (i: number, arms: ArmSummary[] = []) =>
    clients[i]!.say({ type: 'cellDone', id: clients[i]!.cells.length, arms });
  return { pool, clients, events, ready, done };
}

describe('the workers of a sweep', () => {
  it('take a cell each until all are done', () => {
    const { clients, events, ready, done } = poolOf(3, 2);
    expect(clients).toHaveLength(1);
    expect(clients[0]!.open).toHaveBeenCalledOnce();
    ready(0);
    expect(events.onReady).toHaveBeenCalledWith(WASM, 2);
    expect(clients).toHaveLength(2);
    ready(1);
    done(1);
    done(1);
    expect(events.onCell.mock.calls.map(([number]) => number)).toEqual([11, 12]);
    expect(events.onEnd).not.toHaveBeenCalled();
    done(0);
    expect(events.onCell.mock.calls.map(([number]) => number)).toEqual([11, 12, 10]);
    expect(events.onEnd.mock.calls).toEqual([[null, null]]);
    expect(clients.every(({ closed }) => closed)).toBe(true);
  });

  it('are one on a GPU, and no more than there are cells', () => {
    const gpu = poolOf(3, 4);
    gpu.clients[0]!.say({ type: 'ready', backend: { name: 'webgpu', adapter: 'a GPU' }, reasons: [], life: null });
    expect(gpu.clients).toHaveLength(1);
    const few = poolOf(2, 4);
    few.ready(0);
    expect(few.clients).toHaveLength(2);
  });

  it('tell how far they are together', () => {
    const { clients, events, ready, done } = poolOf(2, 2);
    ready(0);
    ready(1);
    clients[0]!.say({ type: 'cellStep', id: 1, step: 30 });
    clients[1]!.say({ type: 'cellStep', id: 1, step: 20 });
    expect(events.onProgress.mock.lastCall?.[0]).toMatchObject({ steps: 200, done: 50 });
    expect(events.onProgress.mock.lastCall?.[0].secondsLeft).toBeGreaterThanOrEqual(0);
    done(0);
    expect(events.onProgress.mock.lastCall?.[0]).toMatchObject({ steps: 200, done: 120 });
  });

  it('end with the reason when one breaks, naming its cell', () => {
    const { clients, events, ready } = poolOf(3, 2);
    ready(0);
    ready(1);
    clients[1]!.say({ type: 'failed', id: 1, message: 'out of memory' });
    expect(events.onEnd.mock.calls).toEqual([['out of memory', 11]]);
    expect(clients.every(({ closed }) => closed)).toBe(true);
    clients[0]!.say({ type: 'cellDone', id: 1, arms: [] });
    expect(events.onCell).not.toHaveBeenCalled();
  });

  it('do not begin where the backend is not wanted', () => {
    const { clients, events, ready } = poolOf(3, 2, 'it is another backend');
    ready(0);
    expect(events.onEnd.mock.calls).toEqual([['it is another backend', null]]);
    expect(clients).toHaveLength(1);
    expect(clients[0]!.cells).toHaveLength(0);
  });

  it('say nothing after they were stopped', () => {
    const { pool, clients, events, ready, done } = poolOf(3, 2);
    ready(0);
    pool.stop();
    expect(clients.every(({ closed }) => closed)).toBe(true);
    done(0);
    expect(events.onCell).not.toHaveBeenCalled();
    expect(events.onEnd).not.toHaveBeenCalled();
  });
});
