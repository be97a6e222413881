/**
 * Counts what a program asks of WebGPU, whoever wrote it: the prototypes' methods are wrapped, so tfjs and our own
 * kernels are counted alike. Works where WebGPU's classes are globals: in a browser's page or worker, and in Node after
 * `Object.assign(globalThis, globals)` of the `webgpu` package. Install before the device is made.
 */

export interface GpuCounts {
  /** Compute dispatches. */
  readonly launches: number;
  readonly submits: number;
  /** Buffers mapped for reading, and the bytes of what was mapped. */
  readonly readBacks: number;
  readonly readBytes: number;
  /** Buffers made and their bytes, also where a pool would have had one. */
  readonly buffers: number;
  readonly allocatedBytes: number;
}

/** What is held, of what was made since the installation. */
export interface HeldMemory {
  readonly liveBytes: number;
  /** The most that was held at once since `mark`. */
  readonly peakBytes: number;
}

export interface MemoryCounter {
  /** The peak counts from here on. */
  mark(): void;
  since(): HeldMemory;
}

export interface GpuCounters extends MemoryCounter {
  /** Since the last mark, or since the installation. */
  since(): GpuCounts & HeldMemory;
  /** Puts the methods back as they were. */
  uninstall(): void;
}

const NOTHING: GpuCounts = { launches: 0, submits: 0, readBacks: 0, readBytes: 0, buffers: 0, allocatedBytes: 0 };

/** GPUMapMode.READ, which a WebGPU without that global has as well. */
const READ = 1;

/** Throws an Error where there is no WebGPU to count. */
export function installCounters(): GpuCounters {
  if (!('GPUDevice' in globalThis)) throw new Error('there is no WebGPU here whose calls could be counted.');
  let counts: { -readonly [Name in keyof GpuCounts]: number } = { ...NOTHING };
  let liveBytes = 0;
  let peakBytes = 0;
  // A buffer may be destroyed twice, and destroying one that is older than the counters frees nothing counted.
  const live = new WeakMap<GPUBuffer, number>();
  const undo = [
    wrap(GPUComputePassEncoder.prototype, 'dispatchWorkgroups', () => (counts.launches += 1)),
    wrap(GPUComputePassEncoder.prototype, 'dispatchWorkgroupsIndirect', () => (counts.launches += 1)),
    wrap(GPUQueue.prototype, 'submit', () => (counts.submits += 1)),
    wrap(GPUBuffer.prototype, 'mapAsync', (buffer, [mode, offset, size]) => {
      if ((mode & READ) === 0) return;
      counts.readBacks += 1;
      counts.readBytes += size ?? buffer.size - (offset ?? 0);
    }),
    wrap(GPUDevice.prototype, 'createBuffer', (_device, [{ size }], buffer) => {
      counts.buffers += 1;
      counts.allocatedBytes += size;
      live.set(buffer, size);
      liveBytes += size;
      peakBytes = Math.max(peakBytes, liveBytes);
    }),
    wrap(GPUBuffer.prototype, 'destroy', (buffer) => {
      liveBytes -= live.get(buffer) ?? 0;
      live.delete(buffer);
    }),
  ];
  return {
    mark() {
      counts = { ...NOTHING };
      peakBytes = liveBytes;
    },
    since: () => ({ ...counts, liveBytes, peakBytes }),
    uninstall() {
      for (const restore of undo) restore();
    },
  };
}

type MethodNames<T> = { [Name in keyof T]: T[Name] extends (...args: never[]) => unknown ? Name : never }[keyof T];
type ArgumentsOf<F> = F extends (...args: infer A) => unknown ? A : never;
type ResultOf<F> = F extends (...args: never[]) => infer R ? R : never;

/** Calls `seen` after each successful call of the method; the returned function takes that back. */
function wrap<T extends object, Name extends MethodNames<T>>(
  prototype: T,
  name: Name,
  seen: (self: T, args: ArgumentsOf<T[Name]>, result: ResultOf<T[Name]>) => void,
): () => void {
  const original = prototype[name] as (this: T, ...args: unknown[]) => unknown;
  const wrapped = function (this: T, ...args: unknown[]): unknown {
    const result = original.apply(this, args);
    seen(this, args as ArgumentsOf<T[Name]>, result as ResultOf<T[Name]>);
    return result;
  };
  Object.assign(prototype, { [name]: wrapped });
  return () => Object.assign(prototype, { [name]: original });
}
