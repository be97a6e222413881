import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { COMPLETION_LOG_PROBS } from '../../src/ops/completionLogProb/kernels';
import type { Kernel } from '../../src/ops/device/kernel';
import { DRAW_AND_READ_TOKENS } from '../../src/ops/drawTokens/kernels';
import { selfTest } from '../../src/runtime/selfTest';
import { forEachBackend, type BackendName } from '../support/backends';

/** What happens to an output behind a kernel's back. */
interface Damage {
  readonly what: string;
  /** Statements in WGSL, after each thread's own work. */
  readonly code: string;
  /** The same for all threads on a host. */
  readonly host: (out: Float32Array | Int32Array) => void;
}

/** Lets a kernel spoil one of its outputs on one backend, not on the CPU that it is compared with, while `body` runs. */
async function withSpoiled(
  kernel: Kernel,
  output: string,
  { what, code, host }: Damage,
  backend: BackendName,
  body: () => Promise<void>,
): Promise<void> {
  const whole = { ...kernel };
  Object.assign(kernel, {
    // Compiled kernels are known by their names.
    name: `${kernel.name}, ${what}`,
    code: `${kernel.code.replace('fn compute(', 'fn computeWell(')}
fn compute(index: i32) {
  computeWell(index);
  ${code}
}`,
    host: (...given: Parameters<Kernel['host']>) => {
      whole.host(...given);
      if (tf.getBackend() === backend) host((given[0] as Record<string, Float32Array | Int32Array>)[output]!);
    },
  });
  try {
    await body();
  } finally {
    Object.assign(kernel, whole);
  }
}

/** WGSL refuses a NaN that it sees coming. */
const NAN = 'bitcast<f32>(u32(max(attributes.threads, 0x7fc00000)))';

const WRONG_NUMBERS: readonly Damage[] = [
  {
    what: 'a little off',
    code: 'result[index] *= 1.01;',
    host: (out) => out.forEach((value, i) => (out[i] = 1.01 * value)),
  },
  { what: 'NaN', code: `result[index] = ${NAN};`, host: (out) => out.fill(NaN) },
  {
    what: 'NaN in one place',
    code: `if (index == 3) { result[index] = ${NAN}; }`,
    host: (out) => (out[3] = NaN),
  },
];

/** Of a row whose log-probs are all found while it is decoded: they stay right. */
const WRONG_TOKEN: Damage = {
  what: 'another token in one place',
  code: 'if (index == 2) { tokens[index] += 1; }',
  host: (out) => (out[2] = out[2]! + 1),
};

describe('the self-test', () => {
  forEachBackend(
    (name) => {
      it('passes a backend that computes what the CPU does', async () => {
        await selfTest(name);
        expect(tf.getBackend()).toBe(name);
      });

      it.each(WRONG_NUMBERS)('refuses one whose log-probs are $what', async (damage) => {
        await withSpoiled(COMPLETION_LOG_PROBS, 'result', damage, name, () =>
          expect(selfTest(name)).rejects.toThrow(/wrong numbers/),
        );
      });

      it('refuses one that draws other tokens', async () => {
        await withSpoiled(DRAW_AND_READ_TOKENS, 'tokens', WRONG_TOKEN, name, () =>
          expect(selfTest(name)).rejects.toThrow(/other tokens/),
        );
      });
    },
    ['wasm', 'webgpu'],
  );
});
