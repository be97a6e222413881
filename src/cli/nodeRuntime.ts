import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BackendInfo, BackendName } from '../experiment/documents/results';
import type { RunnerEnvironment } from '../run/runner';
import { GPU_CHECK } from '../training/checkDevice';
import { chooseBackend, type ChosenBackend } from '../runtime/backends';
import { LOSS_DELAY } from '../runtime/webgpu';
import { sentence } from './errors';

/** tfjs' .wasm files, which lie beside the bundle, by file name. */
function wasmPaths(): Record<string, string> {
  const folder = dirname(fileURLToPath(import.meta.url));
  const names = readdirSync(folder).filter((name) => name.endsWith('.wasm'));
  return Object.fromEntries(names.map((name) => [name, join(folder, name)]));
}

/** Dawn's WebGPU under the global names that a browser has; the returned function lets Node exit again. */
async function installDawn(): Promise<() => void> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const navigator: { gpu?: unknown } = { gpu: create([]) };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true, writable: true });
  return () => {
    delete navigator.gpu;
  };
}

/** What a runner needs of this process. A GPU may be right in small and wrong at an experiment's size, or later. */
export const nodeEnvironment = (backend: BackendInfo): RunnerEnvironment => ({
  backend,
  check: backend.name === 'webgpu' ? GPU_CHECK : undefined,
  now: () => performance.now(),
});

/** The GPU under a running experiment is gone. */
export class GpuLost extends Error {}

/**
 * The same work, but on a GPU it fails a moment later. A step on a lost GPU may fail before the loss is told, and in
 * words that help nobody.
 */
export const afterLoss = <T>({ name }: BackendInfo, work: Promise<T>): Promise<T> =>
  work.catch(async (error: unknown) => {
    if (name === 'webgpu') await wait(LOSS_DELAY);
    throw error;
  });

export interface NodeBackend extends ChosenBackend {
  /** Rejects with GpuLost when the GPU goes away; never resolves. */
  readonly lost: Promise<never>;
  /** Lets go of the GPU, so that the process can end. */
  release(): void;
}

/** Work on a backend; rejects with GpuLost where its GPU goes away meanwhile. */
export const untilLost = <T>({ info, lost }: NodeBackend, work: Promise<T>): Promise<T> =>
  Promise.race([afterLoss(info, work), lost]);

/** What somebody can do whose GPU does not start. */
export const WITHOUT_GPU = 'The same command with --backend wasm does without the GPU.';

/**
 * The backend that was asked for, or the best that passes its self-test; a software GPU only where it was asked for.
 * Throws an Error that says why when it cannot run, and what can.
 */
export const startBackend = (only?: BackendName): Promise<NodeBackend> =>
  startInPool(only).catch((error: unknown) => {
    if (only !== 'webgpu') throw error;
    throw new Error(`${sentence(error)} ${WITHOUT_GPU}`, { cause: error });
  });

/**
 * The same in a process of a pool, whose owner knows what else can be done.
 *
 * @param isTested whether another process has tested it
 */
export async function startInPool(only?: BackendName, isTested = false): Promise<NodeBackend> {
  const { reason, release } = await offerWebGPU(only);
  let onLost: (message: string) => void = () => undefined;
  const lost = new Promise<never>((_, reject) => {
    onLost = (message) => reject(new GpuLost(`The GPU stopped working: ${message}`));
  });
  lost.catch(() => undefined); // whoever waits for it hears of it
  try {
    const chosen = await chooseBackend({ wasmPaths: wasmPaths(), onLost, isTested, ...(only ? { only } : {}) });
    // Where WebGPU was not offered, that nobody found it is no reason.
    const reasons = reason === null ? chosen.reasons : [reason, ...chosen.reasons.slice(1)];
    if (chosen.info.name !== 'webgpu') release();
    return { info: chosen.info, reasons, lost, release };
  } catch (error) {
    release();
    throw error;
  } finally {
    removeEmscriptenHandlers();
  }
}

/** Installs WebGPU where it is wanted and worth it; else says why not. */
async function offerWebGPU(only?: BackendName): Promise<{ reason: string | null; release: () => void }> {
  let release = (): void => undefined;
  if (only !== undefined && only !== 'webgpu') return { reason: null, release };
  try {
    release = await installDawn();
  } catch (error) {
    const reason = `WebGPU was passed over: it does not start in Node, ${sentence(error)}`;
    if (only) throw new Error(reason, { cause: error });
    return { reason, release };
  }
  return { reason: null, release };
}

/** Emscripten rethrows what nobody caught, under a source line of many kilobytes; main says it in a sentence. */
function removeEmscriptenHandlers(): void {
  process.removeAllListeners('uncaughtException');
  process.removeAllListeners('unhandledRejection');
}
