import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { routinesOf } from '../../src/ops/device/host';
import { PLAIN_ROUTINES } from '../../src/ops/routines/plain';
import { base64 } from '../../src/ops/simd/binary';
import { useBackend } from '../support/backends';

/** The ops' own tests hold the routines' numbers against stock ops; here, that WASM really runs them, and safely. */

/** Ids of a module's sections (WebAssembly core specification, 5.5.2). */
function sectionsOf(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let at = 8;
  while (at < bytes.length) {
    ids.push(bytes[at++]!);
    let size = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = bytes[at++]!;
      size |= (byte & 127) << shift;
      shift += 7;
    } while (byte & 128);
    at += size;
  }
  return ids;
}

const DATA_SECTION = 11;

describe('SIMD routines', () => {
  beforeAll(() => useBackend('wasm'));

  it('are what the WASM backend runs', () => {
    expect(routinesOf(tf.backend() as BackendWasm)).not.toBe(PLAIN_ROUTINES);
  });

  it('bring no data of their own, which would lie in tfjs’ heap', () => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    expect(sectionsOf(bytes)).not.toContain(DATA_SECTION);
    expect(WebAssembly.Module.imports(new WebAssembly.Module(bytes))).toEqual([
      { module: 'env', name: 'memory', kind: 'memory' },
    ]);
  });

  it('compute silu within 6·10⁻⁷ of itself from −80 to 80, and pass NaN on', () => {
    const routines = routinesOf(tf.backend() as BackendWasm);
    const count = 4004;
    const held = (tf.backend() as BackendWasm).makeOutput([2 * count], 'float32');
    const view = (tf.backend() as BackendWasm).typedArrayFromHeap(held) as Float32Array;
    const [gate, up] = [view.subarray(0, count), view.subarray(count)];
    const x = Float32Array.from({ length: count }, (_, i) => -80 + (160 * i) / (count - 1));
    gate.set(x);
    up.fill(1);
    const out = (tf.backend() as BackendWasm).makeOutput([count], 'float32');
    const result = (tf.backend() as BackendWasm).typedArrayFromHeap(out) as Float32Array;
    routines.siluProduct(gate, up, result);
    x.forEach((value, i) => {
      const expected = value / (1 + Math.exp(-value));
      expect(Math.abs(result[i]! - expected), `x = ${value}`).toBeLessThanOrEqual(6e-7 * Math.abs(expected));
    });
    gate.fill(NaN);
    routines.siluProduct(gate, up, result);
    expect(result.every(Number.isNaN)).toBe(true);
    for (const { dataId } of [held, out]) tf.backend().disposeData(dataId);
  });
});
