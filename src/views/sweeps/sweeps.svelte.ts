import { sweepFingerprint } from '../../analysis/sweepFingerprint';
import { cellConfig, cellCount, cellName, cellValues, type SweepDocument } from '../../experiment/documents/sweep';
import {
  SWEEP_FORMAT,
  SWEEP_VERSION,
  type ArmSummary,
  type SweepResults,
} from '../../experiment/documents/sweepResults';
import { backendText, isSameBackend, type BackendInfo, type BackendName } from '../../experiment/documents/results';
import type { TaskKind } from '../../experiment/config/tasks';
import { CellError, runCells, type Cell, type CellProgress } from '../../run/cells';
import { Pool } from '../../run/pool';
import { createThread } from '../../worker/createThread';
import { WebPoolWorker } from '../../worker/poolWorker';
import type { Checkpoints } from '../browser/checkpoints.svelte';
import { now, today } from '../browser/clock';
import { newId } from '../browser/ids';
import { reasonOf } from '../runs/library.svelte';
import { holdLock, takeLock } from '../browser/locks';
import { withCellsOf, type Storage, type StoredSweep } from '../browser/storage';

const MOST_WORKERS = 4;

/** All sweeps that this browser keeps, and the one that runs. A finished cell is never lost: a sweep goes on with what it lacks. */
export class Sweeps {
  /** Newest first. */
  kept = $state.raw<readonly StoredSweep[]>([]);
  /** The id of the one that runs. */
  running = $state<string | null>(null);
  progress = $state.raw<CellProgress | null>(null);
  /** What it runs on, in words. */
  engine = $state('');
  /** Why the last one broke off. */
  problem = $state<string | null>(null);
  /** The id of a sweep that broke off on a backend that not every browser has: its missing cells may run elsewhere. */
  stuck = $state<string | null>(null);
  /** What is not stored, in a sentence. */
  trouble = $state<string | null>(null);
  /** The one that was deleted last and can come back. */
  removed = $state.raw<StoredSweep | null>(null);

  readonly #storage: Storage;
  readonly #checkpoints: Checkpoints;
  readonly #wanted: (task: TaskKind) => BackendName | undefined;
  #abort: AbortController | null = null;
  #release: (() => void) | null = null;
  /** Sweeps that are being stored, and whether they have grown since. */
  readonly #storing: Record<string, { grown: boolean }> = {};

  /** @param wanted the backend for a task; undefined: the engine's own choice */
  constructor(storage: Storage, checkpoints: Checkpoints, wanted: (task: TaskKind) => BackendName | undefined) {
    this.#wanted = wanted;
    this.#storage = storage;
    this.#checkpoints = checkpoints;
  }

  async open(): Promise<void> {
    try {
      const stored = await this.#storage.sweeps();
      const ids = stored.map(({ id }) => id);
      const merged = stored.map((sweep) => {
        const own = this.#find(sweep.id);
        return own ? withCellsOf(own, sweep) : sweep;
      });
      this.#show([...this.kept.filter(({ id }) => !ids.includes(id)), ...merged]);
    } catch (error) {
      this.trouble = `This browser does not let the page store anything (${reasonOf(error)}), so sweeps are kept only until the page closes.`;
    }
  }

  /** Starts a sweep; what runs ends, its finished cells stay. Returns its id. */
  start(document: SweepDocument, name: string): string {
    const sweep: StoredSweep = {
      id: newId(),
      name,
      date: today(),
      source: 'page',
      results: {
        format: SWEEP_FORMAT,
        version: SWEEP_VERSION,
        fingerprint: sweepFingerprint(document),
        sweep: document,
        backend: null,
        cells: [],
      },
    };
    this.#show([sweep, ...this.kept]);
    this.#run(sweep.id, holdLock(lockName(sweep.id)));
    return sweep.id;
  }

  /**
   * Runs the cells that a sweep lacks, unless another tab does.
   *
   * @param elsewhere another backend than its earlier cells had; the new ones say so
   */
  async restore(id: string, elsewhere?: BackendName): Promise<void> {
    const release = await takeLock(lockName(id));
    if (!release) {
      this.problem = `“${this.#find(id)?.name ?? ''}” runs in another tab.`;
      return;
    }
    // Another tab may have run cells since this one has read them.
    await this.open();
    this.#run(id, release, elsewhere);
  }

  stop(): void {
    this.#abort?.abort();
    this.#end(null);
  }

  async add(name: string, results: SweepResults): Promise<string> {
    const twin = this.kept.find((sweep) => JSON.stringify(sweep.results) === JSON.stringify(results));
    if (twin) return twin.id;
    const sweep: StoredSweep = { id: newId(), name, date: today(), source: 'import', results };
    this.#show([sweep, ...this.kept]);
    await this.#store(sweep.id);
    return sweep.id;
  }

  async remove(id: string): Promise<void> {
    if (this.running === id) this.stop();
    this.removed = this.kept.find((sweep) => sweep.id === id) ?? null;
    this.#show(this.kept.filter((sweep) => sweep.id !== id));
    await this.#storage.removeSweep(id).catch((error: unknown) => {
      this.trouble = `“${this.removed?.name ?? ''}” could not be deleted for good (${reasonOf(error)}).`;
    });
  }

  async undo(): Promise<void> {
    const sweep = this.removed;
    this.removed = null;
    if (!sweep) return;
    this.#show([sweep, ...this.kept]);
    await this.#store(sweep.id);
  }

  /** @param release lets go of the sweep's lock, when it ends */
  #run(id: string, release: () => void, elsewhere?: BackendName): void {
    this.stop();
    const sweep = this.#find(id);
    if (!sweep) return release();
    this.#release = release;
    const cells = missingCells(sweep, this.#checkpoints);
    this.problem = null;
    this.stuck = null;
    this.engine = '';
    this.running = id;
    this.progress = null;
    const abort = new AbortController();
    this.#abort = abort;
    const [cell] = cells;
    const first = elsewhere ?? sweep.results.backend?.name ?? (cell && this.#wanted(cell.order().config.task.kind));
    const pool = new Pool(
      (backend) => new WebPoolWorker(document.baseURI, backend ?? first, backend !== undefined, createThread),
    );
    const running = runCells(cells, pool, {
      workers: { gpu: 1, cores: Math.min(MOST_WORKERS, navigator.hardwareConcurrency) },
      signal: abort.signal,
      now,
      onReady: (backend, workers) => {
        const { backend: before = null, cells = [] } = this.#find(id)?.results ?? {};
        const isOther = before !== null && cells.length > 0 && !isSameBackend(before, backend);
        if (isOther && elsewhere === undefined) {
          throw new Error(`its earlier cells ran on ${backendText(before)}, and this is ${backendText(backend)}`);
        }
        this.engine = `${backendText(backend)}${workers === 1 ? '' : `, ${workers} workers`}`;
        if (!isOther) this.#change(id, { backend });
      },
      onProgress: (progress) => (this.progress = progress),
      onCell: (number, { arms }, backend) => this.#addCell(id, number, arms, backend),
    });
    const end = (problem: string): void => {
      const backend = this.#find(id)?.results.backend;
      this.#end(problem);
      this.stuck = backend && backend.name !== 'wasm' ? id : null;
    };
    running.then(
      ([first, ...others]) => {
        if (abort.signal.aborted) return;
        if (!first) return this.#end(null);
        const broken = others.length === 0 ? 'One of its cells' : `${others.length + 1} of its cells`;
        end(`${broken} broke, and all others are done. ${brokenText(sweep.results.sweep, first)}`);
      },
      (error: Error) => end(`The sweep broke off. ${brokenText(sweep.results.sweep, error)}`),
    );
  }

  #end(problem: string | null): void {
    const sweep = this.running === null ? undefined : this.#find(this.running);
    this.#abort = null;
    this.#release?.();
    this.#release = null;
    this.running = null;
    this.progress = null;
    this.problem = problem;
    // Without a cell there is nothing to keep, unless somebody wants to know why.
    if (sweep && sweep.results.cells.length === 0 && problem === null)
      this.#show(this.kept.filter(({ id }) => id !== sweep.id));
  }

  #addCell(id: string, number: number, arms: readonly ArmSummary[], backend: BackendInfo): void {
    const results = this.#find(id)?.results;
    if (!results) return;
    const isOther = results.backend !== null && !isSameBackend(results.backend, backend);
    const values = cellValues(results.sweep, number);
    const cell = { number, values, arms: [...arms], ...(isOther ? { backend } : {}) };
    this.#change(id, { cells: [...results.cells, cell].sort((a, b) => a.number - b.number) });
    void this.#store(id);
  }

  #find(id: string): StoredSweep | undefined {
    return this.kept.find((sweep) => sweep.id === id);
  }

  #change(id: string, change: Partial<StoredSweep['results']>): void {
    this.kept = this.kept.map((sweep) =>
      sweep.id === id ? { ...sweep, results: { ...sweep.results, ...change } } : sweep,
    );
  }

  /** Stores a sweep as it is now; one that grows while it is being stored is stored once more, not once a cell. */
  async #store(id: string): Promise<void> {
    const before = this.#storing[id];
    if (before) {
      before.grown = true;
      return;
    }
    const now = { grown: false };
    this.#storing[id] = now;
    const sweep = this.#find(id);
    try {
      const whole = sweep && (await this.#storage.saveSweep(sweep));
      if (whole) this.kept = this.kept.map((one) => (one.id === id ? withCellsOf(one, whole) : one));
    } catch (error) {
      this.trouble = `“${sweep?.name ?? ''}” is not stored (${reasonOf(error)}): it is kept only until the page closes, so download it to keep it.`;
    }
    delete this.#storing[id];
    if (now.grown) await this.#store(id);
  }

  #show(sweeps: readonly StoredSweep[]): void {
    this.kept = sweeps.toSorted((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0));
  }
}

function brokenText(sweep: SweepDocument, error: Error): string {
  return error instanceof CellError ? `${cellName(sweep, error.cell)}: ${error.message}` : error.message;
}

const lockName = (id: string): string => `pilaf-lab/sweep/${id}`;

/** Cells that a sweep has not run yet. */
function missingCells({ results }: StoredSweep, checkpoints: Checkpoints): Cell[] {
  const done = new Set(results.cells.map(({ number }) => number));
  return Array.from({ length: cellCount(results.sweep) }, (_, i) => i).flatMap((number) => {
    const config = done.has(number) ? null : cellConfig(results.sweep, number);
    if (!config?.ok) return [];
    const order = { kind: 'cell', config: config.value, checkpoints: checkpoints.namedIn(config.value) } as const;
    return [{ number, steps: config.value.schedule.steps, order: () => order }];
  });
}
