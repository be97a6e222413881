import { describe, expect, it } from 'vitest';
import { entropy, expectation, klDivergence, logSoftmax, logSumExp, softmax } from '../../src/math/logits';

describe('logSumExp', () => {
  it('neither overflows nor underflows', () => {
    expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.LN2, 12);
    expect(logSumExp([-1000, -1000])).toBeCloseTo(-1000 + Math.LN2, 12);
    expect(logSumExp(new Float32Array([0, Math.fround(-1e30)]))).toBe(0);
  });

  it('knows impossible, infinite and broken entries', () => {
    expect(logSumExp([])).toBe(-Infinity);
    expect(logSumExp([-Infinity, -Infinity])).toBe(-Infinity);
    expect(logSumExp([-Infinity, 2])).toBe(2);
    expect(logSumExp([Infinity, 2])).toBe(Infinity);
    expect(logSumExp([NaN, NaN])).toBeNaN();
    expect(logSumExp([1, NaN])).toBeNaN();
  });
});

describe('softmax', () => {
  it('gives hand values and ignores a shift', () => {
    const expected = [0.1, 0.2, 0.7];
    const logits = expected.map((p) => Math.log(p));
    for (const shift of [0, 5, -900, 1e6]) {
      const p = softmax(logits.map((h) => h + shift));
      expected.forEach((value, k) => expect(p[k]).toBeCloseTo(value, shift === 1e6 ? 9 : 12));
    }
  });

  it('keeps log-probabilities where probabilities vanish', () => {
    expect(logSoftmax([0, -5000])[1]).toBe(-5000);
    expect(softmax([0, -5000])[1]).toBe(0);
  });
});

describe('divergence and entropy', () => {
  const logP = [0.5, 0.25, 0.25].map(Math.log);
  const logQ = [0.25, 0.25, 0.5].map(Math.log);

  it('gives hand values in nats', () => {
    expect(klDivergence(logP, logQ)).toBeCloseTo(0.25 * Math.LN2, 15);
    expect(klDivergence(logP, logP)).toBe(0);
    expect(entropy(logP)).toBeCloseTo(1.5 * Math.LN2, 15);
  });

  it('counts impossible entries as nothing, unless the other side excludes what is possible', () => {
    expect(entropy([0, -Infinity])).toBeCloseTo(0, 15);
    expect(klDivergence([0, -Infinity], [-Math.LN2, -Math.LN2])).toBeCloseTo(Math.LN2, 15);
    expect(klDivergence([-Math.LN2, -Math.LN2], [0, -Infinity])).toBe(Infinity);
    expect(expectation([0, -Infinity], (k) => (k === 0 ? 3 : Infinity))).toBe(3);
  });

  it('lets NaN through', () => {
    expect(klDivergence([NaN, 0], [0, 0])).toBeNaN();
    expect(entropy([NaN, 0])).toBeNaN();
  });
});
