import type { HostDevice } from './hostDevice';

/** How a kernel on WebGPU sees a buffer: array<f32>, array<vec4<f32>> (whose length must divide by 4) or array<i32>. */
export type ElementType = 'f32' | 'vec4<f32>' | 'i32';

type Buffers = Readonly<Record<string, ElementType>>;

/** The same buffers for the host's loops: plain arrays of numbers, row-major. */
export type Arrays<B extends Buffers> = { readonly [K in keyof B]: B[K] extends 'i32' ? Int32Array : Float32Array };

/**
 * One computation of ours, written twice: as WGSL for WebGPU, and as loops over plain arrays for the backends whose
 * tensors lie in this thread's memory (WASM and CPU). Both are held against a composed form in tests.
 */
export interface Kernel<I extends Buffers = Buffers, O extends Buffers = Buffers, N extends string = string> {
  readonly name: string;
  readonly inputs: I;
  /** Written in place; they may be read as well. Fresh ones hold anything. */
  readonly outputs: O;
  /** Integers compiled into the WGSL text as `const NAME: i32`; a new value means a new pipeline. Upper case. */
  readonly constants: readonly N[];
  /** Integers handed over per launch as `attributes.name`. Keep their distinct values few: each set is a buffer. */
  readonly attributes: readonly N[];
  /** How many indices WebGPU computes, from the numbers and the tensors' sizes in numbers. */
  threads(numbers: Readonly<Record<N, number>>, sizes: Readonly<Record<keyof (I & O), number>>): number;
  /**
   * WGSL with `fn compute(index: i32)`, called once for every index 0 … threads − 1. No barriers: a thread computes
   * its part of the outputs from what it reads. They do not pay for the short rows of our tensors on a GPU, and they
   * are slow on a software adapter.
   */
  readonly code: string;
  /** Floats of scratch memory that the host's loops need, from the numbers and the buffers' sizes in elements. */
  scratch?(numbers: Readonly<Record<N, number>>, sizes: Readonly<Record<keyof (I & O), number>>): number;
  host(arrays: Arrays<I & O>, numbers: Readonly<Record<N, number>>, device: HostDevice): void;
}

/** Checks a kernel's types where it is written. */
export const defineKernel = <const I extends Buffers, const O extends Buffers, const N extends string>(
  kernel: Kernel<I, O, N>,
): Kernel<I, O, N> => kernel;
