import * as tf from '@tensorflow/tfjs-core';

/** Rows per tile: a thread on WebGPU computes this many rows at once, so they must share their weights. */
export const ROW_TILE = 4;

export const paddedRows = (rows: number): number => Math.ceil(rows / ROW_TILE) * ROW_TILE;

/**
 * Which weight set each row of a batch runs under. Rows of one set lie together and start at a multiple of four; rows
 * that only fill a tile up, and tiles without a set, hold nothing of meaning.
 */
export interface RowSets {
  /** Rows with their padding, and room to spare where a batch's size varies. */
  readonly capacity: number;
  /** The set of each tile of four rows, or −1 where there is none. // int32 [capacity / 4] */
  readonly tiles: tf.Tensor1D;
}

/** The same number of rows for every set. */
export function evenRowSets(sets: number, rows: number): RowSets {
  const tilesPerSet = paddedRows(rows) / ROW_TILE;
  const tiles = Int32Array.from({ length: sets * tilesPerSet }, (_, tile) => Math.floor(tile / tilesPerSet));
  return { capacity: tiles.length * ROW_TILE, tiles: tf.tensor1d(tiles, 'int32') };
}

/** Neighbouring tiles of one set. */
export interface RowGroup {
  readonly set: number;
  readonly start: number;
  /** Padding included. */
  readonly rows: number;
}

/** The groups of a batch, for the host's loops; rows without a set are in none. */
export function groupsOf(tiles: Int32Array): RowGroup[] {
  const groups: { set: number; start: number; rows: number }[] = [];
  tiles.forEach((set, tile) => {
    const last = groups[groups.length - 1];
    if (set < 0) return;
    if (last?.set === set && last.start + last.rows === tile * ROW_TILE) last.rows += ROW_TILE;
    else groups.push({ set, start: tile * ROW_TILE, rows: ROW_TILE });
  });
  return groups;
}

/** What kernels need to know of a batch's rows: floats from one weight set to the next, and positions in a row. */
export const rowNumbers = (weights: tf.Tensor2D, positions: number, { capacity }: RowSets) => ({
  stride: weights.shape[1],
  tokens: positions / capacity,
});
