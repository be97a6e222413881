import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LabClient, type WorkerLike } from '../../src/worker/client';
import type { Command, WorkerEvent } from '../../src/worker/protocol';

class FakeWorker implements WorkerLike {
  readonly received: Command[] = [];
  terminated = false;
  onmessage: WorkerLike['onmessage'] = null;
  onerror: WorkerLike['onerror'] = null;
  onmessageerror: WorkerLike['onmessageerror'] = null;

  postMessage(command: Command): void {
    this.received.push(command);
  }

  terminate(): void {
    this.terminated = true;
  }

  say(event: WorkerEvent): void {
    this.onmessage?.({ data: event } as MessageEvent<WorkerEvent>);
  }

  crash(message: string): void {
    this.onerror?.({ message, preventDefault: () => undefined } as ErrorEvent);
  }
}

function clientWithWorkers() {
  const workers: FakeWorker[] = [];
  const events: WorkerEvent[] = [];
  const create = () => {
    const worker = new FakeWorker();
    workers.push(worker);
    return worker;
  };
  const client = new LabClient((event) => events.push(event), create, 'https://page.example/lab/');
  client.open();
  return { client, workers, events };
}

const ready: WorkerEvent = { type: 'ready', backend: { name: 'cpu', adapter: null }, reasons: [], life: null };
const running = (id: number): WorkerEvent => ({ type: 'state', id, state: 'running' });

describe('the worker’s client', () => {
  it('opens one worker and tells it where the page lives', () => {
    const { client, workers } = clientWithWorkers();
    client.open();
    expect(workers).toHaveLength(1);
    expect(workers[0]?.received).toEqual([{ type: 'open', base: 'https://page.example/lab/' }]);
  });

  it('hands a stored state over, as a start that counts', () => {
    const { client, workers, events } = clientWithWorkers();
    client.start({}, false, []);
    const bytes = new Blob(['state']);
    const checkpoints = [{ name: 'mine-0123abcd', bytes: new Blob(['weights']) }];
    client.restore(bytes, checkpoints);
    expect(workers[0]?.received.at(-1)).toEqual({ type: 'restore', id: 2, bytes, checkpoints, paused: false });
    workers[0]?.say(running(2));
    workers[0]?.say(running(1));
    expect(events).toEqual([running(2)]);
  });

  it('drops what an older start still says', () => {
    const { client, workers, events } = clientWithWorkers();
    client.start({}, false, []);
    workers[0]?.say(running(1));
    client.start({}, false, []);
    workers[0]?.say(running(2));
    workers[0]?.say(running(1));
    expect(events).toEqual([running(1), running(2)]);
  });

  it('goes on listening to what runs when a start is refused', () => {
    const { client, workers, events } = clientWithWorkers();
    client.start({}, false, []);
    workers[0]?.say(running(1));
    client.start({ bad: true }, false, []);
    workers[0]?.say({ type: 'refused', id: 2, problems: [] });
    workers[0]?.say({ type: 'state', id: 1, state: 'paused' });
    expect(events.map((event) => event.type)).toEqual(['state', 'refused', 'state']);
  });

  it('brings a question its answer, or the reason why there is none', async () => {
    const { client, workers, events } = clientWithWorkers();
    client.start({}, false, []);
    workers[0]?.say(running(1));
    const [first, second] = [client.weights(0), client.weights(3)];
    expect(workers[0]?.received.slice(-2)).toEqual([
      { type: 'weights', ticket: 2, id: 1, run: 0 },
      { type: 'weights', ticket: 3, id: 1, run: 3 },
    ]);
    const answer = { type: 'weights', ticket: 3, step: 7, bytes: null } as const;
    workers[0]?.say(answer);
    expect(await second).toEqual(answer);
    expect(events, 'for nobody else').toEqual([running(1)]);
    workers[0]?.crash('out of memory');
    await expect(first).rejects.toThrow('the worker that runs the experiments has stopped');
    await expect(client.weights(0)).rejects.toThrow('has stopped');
  });

  it('reports a crash in a sentence and starts a new worker with the next run', () => {
    const { client, workers, events } = clientWithWorkers();
    client.start({}, false, []);
    workers[0]?.crash('out of memory');
    expect(workers[0]?.terminated).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'lost' });
    expect(JSON.stringify(events.at(-1))).toContain('out of memory');
    client.start({}, true, []);
    expect(workers).toHaveLength(2);
    expect(workers[1]?.received.map((command) => command.type)).toEqual(['open', 'start']);
  });

  it.each<WorkerEvent>([
    { type: 'failed', id: 1, message: 'WebAssembly’s memory is full' },
    { type: 'lost', message: 'The GPU stopped working' },
    { type: 'unavailable', message: 'nothing works' },
  ])('never uses a worker again after $type', (event) => {
    const { client, workers, events } = clientWithWorkers();
    client.start({}, false, []);
    workers[0]?.say(running(1));
    workers[0]?.say(event);
    expect(workers[0]?.terminated).toBe(true);
    expect(events.at(-1)).toEqual(event);
    client.start({}, false, []);
    expect(workers[1]?.received.map((command) => command.type)).toEqual(['open', 'start']);
  });
});

describe('the worker’s client, with a worker that it has replaced', () => {
  it.each<[string, (worker: FakeWorker) => void]>([
    ['that its GPU is lost', (worker) => worker.say({ type: 'lost', message: 'The GPU stopped working' })],
    [
      'that its numbers are wrong',
      (worker) => worker.say({ type: 'wrong', message: 'The GPU computes wrong numbers', rightAt: 0 }),
    ],
    ['that it cannot run', (worker) => worker.say({ type: 'unavailable', message: 'nothing works' })],
    ['that it is ready', (worker) => worker.say(ready)],
    ['an error', (worker) => worker.crash('out of memory')],
  ])('does not hear %s', (_, speak) => {
    const { client, workers, events } = clientWithWorkers();
    workers[0]?.say({ type: 'lost', message: 'The GPU stopped working' });
    client.start({}, false, []);
    workers[1]?.say(running(1));
    const heard = [...events];
    speak(workers[0]!);
    expect(events).toEqual(heard);
    expect(workers[1]?.terminated).toBe(false);
  });
});

describe('the worker’s client, with a worker that is silent', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('gives up the start, and says what it was waiting for', () => {
    const { workers, events } = clientWithWorkers();
    vi.advanceTimersByTime(80_000);
    workers[0]?.say({ type: 'waiting', what: 'WebAssembly' });
    vi.advanceTimersByTime(80_000);
    expect(workers[0]?.terminated).toBe(false);
    vi.advanceTimersByTime(10_000);
    expect(workers[0]?.terminated).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'failed', message: expect.stringContaining('for WebAssembly.') });
  });

  it('lives on after a question for which it had to fetch something', async () => {
    const { client, workers, events } = clientWithWorkers();
    workers[0]?.say(ready);
    const asked = client.words('reviews-pilaf', 0, [[]]);
    workers[0]?.say({ type: 'waiting', what: 'the checkpoint' });
    workers[0]?.say({ type: 'words', ticket: 1, found: { ok: false, problem: 'none' } });
    await asked;
    vi.advanceTimersByTime(10_000_000);
    expect(workers[0]?.terminated).toBe(false);
    expect(events.at(-1)).toMatchObject({ type: 'waiting' });
  });

  it('waits for a running experiment as long as it takes', () => {
    const { client, workers, events } = clientWithWorkers();
    client.start({}, false, []);
    workers[0]?.say(running(1));
    vi.advanceTimersByTime(10_000_000);
    expect(events).toEqual([running(1)]);
  });

  it('ends a worker that does not answer Stop for five seconds, reports or not', () => {
    const { client, workers, events } = clientWithWorkers();
    client.start({}, false, []);
    workers[0]?.say(running(1));
    client.stop();
    vi.advanceTimersByTime(4000);
    workers[0]?.say(running(1));
    expect(workers[0]?.terminated).toBe(false);
    vi.advanceTimersByTime(1000);
    expect(workers[0]?.terminated).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'failed', id: 1, message: expect.stringContaining('Stop') });
  });

  it('leaves a worker that refuses the start that Stop was for', () => {
    const { client, workers } = clientWithWorkers();
    client.start({}, false, []);
    client.stop();
    workers[0]?.say({ type: 'refused', id: 1, problems: [] });
    vi.advanceTimersByTime(100_000);
    expect(workers[0]?.terminated).toBe(false);
  });

  it('ends it after five seconds also where Stop is pressed again and again', () => {
    const { client, workers } = clientWithWorkers();
    client.start({}, false, []);
    workers[0]?.say(running(1));
    client.stop();
    vi.advanceTimersByTime(4000);
    client.stop();
    vi.advanceTimersByTime(1000);
    expect(workers[0]?.terminated).toBe(true);
  });

  it('gives up a start of which nothing is heard after the worker was ready', () => {
    const { client, workers, events } = clientWithWorkers();
    client.start({}, false, []);
    workers[0]?.say(ready);
    vi.advanceTimersByTime(90_000);
    expect(workers[0]?.terminated).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'failed', id: 1 });
  });

  it('is not put off by what an older start still says', () => {
    const { client, workers } = clientWithWorkers();
    client.start({}, false, []);
    workers[0]?.say(running(1));
    client.start({}, false, []);
    workers[0]?.say(running(1));
    vi.advanceTimersByTime(90_000);
    expect(workers[0]?.terminated).toBe(true);
  });

  it('leaves a worker that answers Stop in time', () => {
    const { client, workers } = clientWithWorkers();
    client.start({}, false, []);
    workers[0]?.say(running(1));
    client.stop();
    vi.advanceTimersByTime(4000);
    workers[0]?.say({ type: 'state', id: 1, state: 'stopped' });
    vi.advanceTimersByTime(100_000);
    expect(workers[0]?.terminated).toBe(false);
  });
});
