import { paddedRows, ROW_TILE } from '../ops/rowSets';

/** A completion row under one model. */
interface Wanted {
  /** 0: the policy, 1: the reference. */
  readonly model: 0 | 1;
  /** Row over all runs, 0 … R·B − 1. */
  readonly row: number;
  /** The model's weight set. */
  readonly set: number;
}

/**
 * The rows that a transformer really computes: a completion row that takes one model has one, a row that interpolates
 * two has two. Rows of one weight set lie together, from whatever runs they come, and fill tiles of four.
 */
export interface ModelRows {
  readonly capacity: number;
  /** Weight set of each tile, −1 where there is none. // [capacity / 4] */
  readonly tiles: Int32Array;
  /** model·rows + row of each model row, −1 where there is none. // [capacity] */
  readonly slots: Int32Array;
  /** The model row of each completion row under the policy, then under the reference; −1 where absent. // [2, rows] */
  readonly places: Int32Array;
}

/**
 * @param rows completion rows over all runs
 * @param capacity model rows to make room for, so that shapes stay the same from step to step
 */
export function planModelRows(wanted: readonly Wanted[], rows: number, capacity: number): ModelRows {
  const plan = {
    capacity,
    tiles: new Int32Array(capacity / ROW_TILE).fill(-1),
    slots: new Int32Array(capacity).fill(-1),
    places: new Int32Array(2 * rows).fill(-1),
  };
  const bySet = [...wanted].sort((a, b) => a.set - b.set || a.model - b.model || a.row - b.row);
  let at = 0;
  bySet.forEach(({ model, row, set }, i) => {
    if (i > 0 && set !== bySet[i - 1]!.set) at = paddedRows(at);
    const slot = model * rows + row;
    plan.slots[at] = slot;
    plan.places[slot] = at;
    plan.tiles[Math.floor(at / ROW_TILE)] = set;
    at++;
  });
  if (at > capacity) throw new Error(`${at} model rows in room for ${capacity}`);
  return plan;
}

/** Each model row's completion row, 0 where there is none. */
export const rowOf = (slot: number, rows: number): number => (slot < 0 ? 0 : slot % rows);
