import type { BackendInfo } from '../../src/experiment/documents/results';
import { Executor } from '../../src/run/executor';
import type { Note, OrderKind, OrderOf, Outcomes } from '../../src/run/orders';
import { Pool, WorkerGone, type PoolWorker } from '../../src/run/pool';
import type { Task } from '../../src/training/task';

/** Workers of this thread, one after the other: the engine is real, only the messages are left out. */
/** @param ordersLeft how many orders a worker carries out before it dies, by its number */
export function localPool(backend: BackendInfo, task: Task, ordersLeft: (worker: number) => number = () => Infinity) {
  const workers: LocalWorker[] = [];
  const environment = {
    backend,
    prepare: () => Promise.resolve(task),
    now: () => performance.now(),
    breathe: () => new Promise<void>((resolve) => setTimeout(resolve)),
    memory: () => 1,
    release: () => undefined,
  };
  const pool = new Pool(() => {
    const worker = new LocalWorker(backend, new Executor(environment), ordersLeft(workers.length));
    workers.push(worker);
    return worker;
  }, backend.name);
  return { pool, workers };
}

export class LocalWorker implements PoolWorker {
  readonly ready: Promise<{ readonly backend: BackendInfo; readonly reasons: readonly string[] }>;
  gone = false;

  constructor(
    backend: BackendInfo,
    private readonly executor: Executor,
    public ordersLeft: number,
  ) {
    this.ready = Promise.resolve({ backend, reasons: [] });
  }

  async run<Kind extends OrderKind>(order: OrderOf<Kind>, onNote?: (note: Note) => void): Promise<Outcomes[Kind]> {
    const outcome = await this.executor.execute(order, (note) => onNote?.(note));
    if (this.gone || --this.ordersLeft < 0) throw new WorkerGone('it died');
    return structuredClone(outcome);
  }

  halt(): void {
    this.executor.halt();
  }

  end(): void {
    this.gone = true;
    void this.executor.drop();
  }
}
