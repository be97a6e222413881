import { describe, expect, it } from 'vitest';
import { philox4x32 } from '../../src/math/philox';

interface KnownAnswer {
  readonly name: string;
  readonly counter: readonly [number, number, number, number];
  readonly key: readonly [number, number];
  readonly output: readonly number[];
}

/** kat_vectors of Random123, lines "philox4x32 10": counter, key, output. */
const KNOWN_ANSWERS: KnownAnswer[] = [
  {
    name: 'zeros',
    counter: [0, 0, 0, 0],
    key: [0, 0],
    output: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  },
  {
    name: 'ones',
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    output: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    name: 'digits of π',
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    output: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

describe('philox4x32', () => {
  it.each(KNOWN_ANSWERS)('equals the published vector of $name', ({ counter, key, output }) => {
    const out = new Uint32Array(4);
    philox4x32(out, ...counter, ...key);
    expect([...out]).toEqual(output);
  });

  it('reads signed and unsigned words alike', () => {
    const signed = new Uint32Array(4);
    const unsigned = new Uint32Array(4);
    philox4x32(signed, -1, -2, -3, -4, -5, -6);
    philox4x32(unsigned, 0xffffffff, 0xfffffffe, 0xfffffffd, 0xfffffffc, 0xfffffffb, 0xfffffffa);
    expect(signed).toEqual(unsigned);
  });
});
