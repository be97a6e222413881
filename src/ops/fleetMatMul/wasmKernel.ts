import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/**
 * tfjs' WASM backend multiplies two plain matrices some twenty times faster than it multiplies a batch of them,
 * and it keeps the packed form of a right-hand matrix until that tensor is disposed. So the fleet's product runs
 * as one plain product per run, on views into the batched tensors: nothing is copied, and weights that are used
 * again (at every token of a decoding) stay packed.
 */
export const FLEET_MAT_MUL = 'FleetMatMul';

interface WasmModule {
  cwrap(name: string, result: null, types: string[]): (...values: unknown[]) => void;
  tfjs: { registerTensor(id: number, size: number, offset: number): void; disposeData(id: number): void };
}

type Product = (
  a: number,
  aShape: Uint8Array,
  aRank: number,
  b: number,
  bShape: Uint8Array,
  bRank: number,
  ta: boolean,
  tb: boolean,
  out: number,
) => void;

interface Internals {
  readonly module: WasmModule;
  readonly product: Product;
  /** Views into right-hand tensors, one per run, by the id of the tensor they look into. */
  readonly views: Map<number, { readonly columns: number; readonly ids: readonly number[] }>;
}

const internalsOf = new WeakMap<BackendWasm, Internals>();

function attach(backend: BackendWasm): Internals {
  const known = internalsOf.get(backend);
  if (known) return known;
  const module = backend.wasm as unknown as WasmModule;
  const types = ['number', 'array', 'number', 'number', 'array', 'number', 'number', 'number', 'number'];
  const internals: Internals = {
    module,
    product: module.cwrap('BatchMatMul', null, types) as Product,
    views: new Map(),
  };
  dropViewsOnDisposal(backend, internals);
  internalsOf.set(backend, internals);
  return internals;
}

/** A view, and the packed matrix kept under its id, must go when the memory it looks at goes. */
function dropViewsOnDisposal(backend: BackendWasm, { module, views }: Internals): void {
  const dispose = backend.disposeData.bind(backend);
  backend.disposeData = (dataId, force) => {
    const id = idOf(backend, dataId);
    const gone = dispose(dataId, force);
    if (gone && id !== undefined) {
      views.get(id)?.ids.forEach((view) => module.tfjs.disposeData(view));
      views.delete(id);
    }
    return gone;
  };
}

const entryOf = (backend: BackendWasm, dataId: object) =>
  (backend as unknown as { dataIdMap: tf.DataStorage<{ id: number; memoryOffset: number }> }).dataIdMap.get(dataId);

const idOf = (backend: BackendWasm, dataId: object): number | undefined => entryOf(backend, dataId)?.id;

function makeViews(backend: BackendWasm, module: WasmModule, tensor: tf.TensorInfo): number[] {
  const [runs, rows, columns] = tensor.shape as [number, number, number];
  const counter = backend as unknown as { dataIdNextNumber: number };
  const { memoryOffset } = entryOf(backend, tensor.dataId);
  return Array.from({ length: runs }, (_, run) => {
    const id = counter.dataIdNextNumber++;
    module.tfjs.registerTensor(id, rows * columns, memoryOffset + run * rows * columns * 4);
    return id;
  });
}

/** The kept views of a right-hand tensor; made anew where a reshaped twin of it was used before. */
function rightViews(backend: BackendWasm, { module, views }: Internals, w: tf.TensorInfo): readonly number[] {
  const id = idOf(backend, w.dataId)!;
  const kept = views.get(id);
  if (kept && kept.columns === w.shape[2] && kept.ids.length === w.shape[0]) return kept.ids;
  kept?.ids.forEach((view) => module.tfjs.disposeData(view));
  const ids = makeViews(backend, module, w);
  views.set(id, { columns: w.shape[2]!, ids });
  return ids;
}

const shapeBytes = (rows: number, columns: number) => new Uint8Array(new Int32Array([1, rows, columns]).buffer);

tf.registerKernel({
  kernelName: FLEET_MAT_MUL,
  backendName: 'wasm',
  kernelFunc: (call) => {
    const { x, w } = call.inputs as { x: tf.TensorInfo; w: tf.TensorInfo };
    const backend = call.backend as BackendWasm;
    const { module, product } = attach(backend);
    const [runs, rows, inner] = x.shape as [number, number, number];
    const columns = w.shape[2]!;
    const out = backend.makeOutput([runs, rows, columns], 'float32');
    const right = rightViews(backend, attach(backend), w);
    const left = makeViews(backend, module, x);
    const target = makeViews(backend, module, out);
    const leftShape = shapeBytes(rows, inner);
    const rightShape = shapeBytes(inner, columns);
    for (let run = 0; run < runs; run++) {
      product(left[run]!, leftShape, 3, right[run]!, rightShape, 3, false, false, target[run]!);
    }
    [...left, ...target].forEach((view) => module.tfjs.disposeData(view));
    return out;
  },
});
