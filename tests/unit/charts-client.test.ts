import { describe, expect, it } from 'vitest';
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

const running = (id: number): WorkerEvent => ({ type: 'state', id, state: 'running' });

describe('the worker’s client', () => {
  it('opens one worker and tells it where the page lives', () => {
    const { client, workers } = clientWithWorkers();
    client.open();
    expect(workers).toHaveLength(1);
    expect(workers[0]?.received).toEqual([{ type: 'open', base: 'https://page.example/lab/', estimates: true }]);
  });

  it('hands a saved state over, as a start that counts', () => {
    const { client, workers, events } = clientWithWorkers();
    client.start({}, false, []);
    const bytes = new Blob(['state']);
    const checkpoints = [{ name: 'mine-0123abcd', bytes: new Blob(['weights']) }];
    client.continue(bytes, checkpoints);
    expect(workers[0]?.received.at(-1)).toEqual({ type: 'continue', id: 2, bytes, checkpoints });
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
    expect(events.at(-1)).toMatchObject({ type: 'failed', id: 1 });
    expect(JSON.stringify(events.at(-1))).toContain('out of memory');
    client.start({}, true, []);
    expect(workers).toHaveLength(2);
    expect(workers[1]?.received.map((command) => command.type)).toEqual(['open', 'start']);
  });
});
