import type { BackendName } from '../experiment/documents/results';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { CellOrder, CellResult, CellWorker } from '../run/pool';
import { LabClient } from './client';
import type { ImportedCheckpoints, Notice } from './protocol';

export interface WebCellOrder extends CellOrder {
  readonly config: ExperimentConfig;
  /** Imported ones that the config names. */
  readonly checkpoints: ImportedCheckpoints;
}

type Ready = Awaited<CellWorker<WebCellOrder>['ready']>;

/** A Web Worker as one of a sweep's, beside the one that runs the race. */
export class WebCellWorker implements CellWorker<WebCellOrder> {
  readonly ready: Promise<Ready>;
  readonly #client: Pick<LabClient, 'open' | 'cell' | 'close'>;
  readonly #started = deferred<Ready>();
  #cell: Deferred<CellResult> | null = null;
  #onStep: (step: number) => void = () => undefined;

  /** @param only the backend to run on; undefined: the first that passes its test */
  constructor(
    only?: BackendName,
    create: (onEvent: (event: Notice) => void) => Pick<LabClient, 'open' | 'cell' | 'close'> = (onEvent) =>
      new LabClient(onEvent),
  ) {
    this.ready = this.#started.promise;
    this.ready.catch(() => undefined); // whoever waits for it hears of it
    this.#client = create((event) => this.#receive(event));
    this.#client.open(only);
  }

  run({ config, checkpoints }: WebCellOrder, onStep: (step: number) => void): Promise<CellResult> {
    this.#cell = deferred();
    this.#onStep = onStep;
    this.#client.cell(config, checkpoints);
    return this.#cell.promise;
  }

  end(): void {
    this.#client.close();
    this.#fail('it was ended');
  }

  #fail(message: string): void {
    this.#started.reject(new Error(message));
    this.#cell?.reject(new Error(message));
  }

  #receive(event: Notice): void {
    switch (event.type) {
      case 'ready':
        this.#started.resolve(event);
        return;
      case 'cellStep':
        this.#onStep(event.step);
        return;
      case 'cellDone':
        this.#cell?.resolve(event.result);
        return;
      case 'unavailable':
      case 'lost':
      case 'failed':
        this.#fail(event.message);
        return;
      default: // a cell's worker says nothing else
    }
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function deferred<T>(): Deferred<T> {
  let [resolve, reject] = [(_: T): void => undefined, (_: Error): void => undefined];
  const promise = new Promise<T>((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}
