import type * as tf from '@tensorflow/tfjs-core';

/** One of the products that an input went into: y = x·W, and the gradient that came back to it. */
export interface Term {
  /** Gradients, position-major; a position's row may hold more than this product's. */
  readonly dy: tf.Tensor;
  /** Where the product's first column lies in a row of dy. */
  readonly column: number;
  /** Columns of the product; the same for all terms of a launch. */
  readonly inner: number;
  /** Where the matrix [width, inner] lies in each set. */
  readonly offset: number;
}

/**
 * The buffer that each term reads, for the arrangements that occur: a single matrix; two matrices with a buffer each
 * (gate and up); queries, and keys and values side by side in one buffer.
 */
export const ARRANGEMENTS = [[0], [0, 1], [0, 1, 1]] as const;

export type TermBuffer = `dy${number}`;
type TermNumber = `${'length' | 'column' | 'offset'}${number}`;

export const termInputs = (buffers: readonly number[]): Readonly<Record<TermBuffer, 'vec4<f32>'>> =>
  Object.fromEntries(buffers.map((buffer) => [`dy${buffer}`, 'vec4<f32>' as const]));

/** Per term: floats from one row of dy to the next, its first column, its matrix. */
export const termAttributes = (buffers: readonly number[]): TermNumber[] =>
  buffers.flatMap((_, term): TermNumber[] => [`length${term}`, `column${term}`, `offset${term}`]);

/** What a launch needs to know of its terms. */
export interface TermArguments {
  /** Into ARRANGEMENTS. */
  readonly arrangement: number;
  readonly tensors: Readonly<Record<TermBuffer, tf.Tensor>>;
  readonly numbers: Readonly<Record<TermNumber, number>> & { readonly INNER: number };
}

export function termArguments(terms: readonly Term[], positions: number): TermArguments {
  const tensors = [...new Set(terms.map(({ dy }) => dy))];
  const buffers = terms.map(({ dy }) => tensors.indexOf(dy));
  const arrangement = ARRANGEMENTS.findIndex((known) => known.join() === buffers.join());
  if (arrangement < 0) throw new Error(`No kernel for terms that read buffers ${buffers.join()}`);
  const { inner } = terms[0]!;
  if (terms.some((term) => term.inner !== inner)) throw new Error('Terms of different widths');
  const numbers = terms.flatMap(({ dy, column, offset }, term) => [
    [`length${term}`, dy.size / positions],
    [`column${term}`, column],
    [`offset${term}`, offset],
  ]);
  return {
    arrangement,
    tensors: Object.fromEntries(tensors.map((tensor, buffer) => [`dy${buffer}`, tensor])),
    numbers: { INNER: inner, ...(Object.fromEntries(numbers) as Record<TermNumber, number>) },
  };
}
