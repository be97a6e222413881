import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { Product } from './hostDevice';

/**
 * tfjs' WASM backend multiplies two plain matrices some twenty times faster than it multiplies a batch of them, and it
 * keeps the packed form of a right-hand matrix under that tensor's id. So our products run one by one on views into
 * the heap: nothing is copied but transposed factors, and weights that are used again, at every token of a decoding,
 * stay packed.
 */
interface WasmModule {
  cwrap(name: string, result: null, types: string[]): (...values: unknown[]) => void;
  _malloc(bytes: number): number;
  _free(at: number): void;
  readonly HEAPF32: Float32Array;
  tfjs: { registerTensor(id: number, size: number, offset: number): void; disposeData(id: number): void };
}

type BatchMatMul = (
  a: number,
  aShape: Uint8Array,
  aRank: number,
  b: number,
  bShape: Uint8Array,
  bRank: number,
  transposeA: boolean,
  transposeB: boolean,
  out: number,
) => void;

interface Internals {
  readonly module: WasmModule;
  readonly multiply: BatchMatMul;
  /** Ids of packed right-hand matrices by their place, by the tensor that they are parts of. */
  readonly packed: Map<object, Map<string, number>>;
}

const internalsOf = new WeakMap<BackendWasm, Internals>();

function attach(): Internals {
  const backend = tf.backend() as BackendWasm;
  const known = internalsOf.get(backend);
  if (known) return known;
  const module = backend.wasm as unknown as WasmModule;
  const types = ['number', 'array', 'number', 'number', 'array', 'number', 'number', 'number', 'number'];
  const internals: Internals = {
    module,
    multiply: module.cwrap('BatchMatMul', null, types) as BatchMatMul,
    packed: new Map(),
  };
  const dispose = backend.disposeData.bind(backend);
  backend.disposeData = (dataId, force) => {
    const gone = dispose(dataId, force);
    if (gone) forget(internals, dataId);
    return gone;
  };
  internalsOf.set(backend, internals);
  return internals;
}

function forget({ module, packed }: Internals, dataId: object): void {
  packed.get(dataId)?.forEach((id) => module.tfjs.disposeData(id));
  packed.delete(dataId);
}

/** To be called when a tensor has been written to. */
export const forgetPacked = ({ dataId }: tf.TensorInfo): void => forget(attach(), dataId);

/** Grows the heap now, if at all, so that the next `bytes` of allocations leave views of it valid. */
export function reserve(bytes: number): void {
  const { module } = attach();
  module._free(module._malloc(bytes));
}

/** A name for tfjs of a piece of the heap. */
function register({ module }: Internals, at: number, size: number): number {
  const counter = tf.backend() as unknown as { dataIdNextNumber: number };
  const id = counter.dataIdNextNumber++;
  module.tfjs.registerTensor(id, size, at);
  return id;
}

/** [rows, columns] → [columns, rows] in fresh memory of the heap; the caller frees it. */
function transposed({ module }: Internals, x: Float32Array, rows: number, columns: number): number {
  const at = module._malloc(4 * rows * columns) >>> 0;
  const out = module.HEAPF32.subarray(at / 4, at / 4 + rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[column * rows + row] = x[row * columns + column]!;
  }
  return at;
}

const shapeBytes = (rows: number, columns: number) => new Uint8Array(new Int32Array([1, rows, columns]).buffer);

/** Sizes of transposed factors and packed matrices, which `reserve` must cover, in bytes. */
export const productBytes = (floats: number): number => 8 * floats + 65_536;

/** @param weights the tensor that `b` may be a part of and stay packed for */
export function wasmProduct(product: Product, weights: tf.TensorInfo | undefined): void {
  const internals = attach();
  const { module, multiply } = internals;
  const { a, out, rows, inner, columns, transposeA } = product;
  const left = transposeA ? transposed(internals, a, inner, rows) : a.byteOffset;
  const leftId = register(internals, left, rows * inner);
  const outId = register(internals, out.byteOffset, rows * columns);
  const right = rightId(internals, product, weights);
  multiply(leftId, shapeBytes(rows, inner), 3, right.id, shapeBytes(inner, columns), 3, false, false, outId);
  if (!right.kept) module.tfjs.disposeData(right.id);
  if (right.fresh !== null) module._free(right.fresh);
  module.tfjs.disposeData(leftId);
  module.tfjs.disposeData(outId);
  if (transposeA) module._free(left);
}

/** A right-hand matrix's id; the packed form is made from `fresh` memory at its first product, then lives by itself. */
function rightId(
  internals: Internals,
  { b, inner, columns, transposeB }: Product,
  weights: tf.TensorInfo | undefined,
): { id: number; kept: boolean; fresh: number | null } {
  const key = `${b.byteOffset} ${inner} ${columns} ${transposeB ?? false}`;
  const kept = weights !== undefined && isPartOf(b, weights);
  const known = kept ? internals.packed.get(weights.dataId)?.get(key) : undefined;
  if (known !== undefined) return { id: known, kept, fresh: null };
  const fresh = transposeB ? transposed(internals, b, columns, inner) : null;
  const id = register(internals, fresh ?? b.byteOffset, inner * columns);
  if (kept) {
    const ofTensor = internals.packed.get(weights.dataId) ?? new Map<string, number>();
    internals.packed.set(weights.dataId, ofTensor.set(key, id));
  }
  return { id, kept, fresh };
}

function isPartOf(part: Float32Array, tensor: tf.TensorInfo): boolean {
  const whole = (tf.backend() as BackendWasm).typedArrayFromHeap(tensor);
  return part.byteOffset >= whole.byteOffset && part.byteOffset < whole.byteOffset + whole.byteLength;
}
