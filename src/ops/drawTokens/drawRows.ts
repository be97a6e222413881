import type { HostDevice } from '../device/hostDevice';
import { logSumExpOfRow } from '../logSumExp/rows';
import type { Routines } from '../routines/routines';
import { drawBits, drawToken } from './draw';

interface DrawArrays {
  readonly logits: Float32Array; // [Mr, V]
  readonly modelRows: Int32Array; // [2, B]
  readonly settings: Float32Array; // [2, B]
  readonly seeds: Int32Array; // [R + 2]
  readonly tokens: Int32Array; // [C, B]
  readonly next?: Int32Array; // [Mr]
  readonly logProbs?: Float32Array; // [C, 2, B]
  readonly measures?: Float32Array; // [C, 2, B]
}

interface DrawNumbers {
  readonly VOCABULARY: number;
  readonly rows: number;
  readonly rowsPerRun: number;
  readonly stream: number;
  readonly token: number;
}

/** The host's loops of `drawTokens`; runs of one seed share their random bits. */
export function drawRows(arrays: DrawArrays, numbers: DrawNumbers, { routines }: HostDevice): void {
  const { modelRows, seeds } = arrays;
  const { VOCABULARY, rows, rowsPerRun, stream, token } = numbers;
  const runs = rows / rowsPerRun;
  const address = { stream, step: seeds[runs]!, token };
  const firstRow = seeds[runs + 1]!;
  const bits = new Uint32Array(VOCABULARY);
  for (const [seed, runsOfSeed] of bySeed(seeds, runs)) {
    for (let row = 0; row < rowsPerRun; row++) {
      drawBits(bits, seed, firstRow + row, address);
      for (const run of runsOfSeed) {
        const index = run * rowsPerRun + row;
        if (modelRows[index]! >= 0 || modelRows[rows + index]! >= 0) drawRow(routines, arrays, numbers, index, bits);
      }
    }
  }
}

/** The runs of each seed. */
function bySeed(seeds: Int32Array, runs: number): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let run = 0; run < runs; run++) {
    const known = groups.get(seeds[run]!);
    if (known) known.push(run);
    else groups.set(seeds[run]!, [run]);
  }
  return groups;
}

function drawRow(
  routines: Routines,
  { logits, modelRows, settings, tokens, next, logProbs, measures }: DrawArrays,
  { VOCABULARY, rows, token }: DrawNumbers,
  index: number,
  bits: Uint32Array,
): void {
  const policyRow = modelRows[index]!;
  const referenceRow = modelRows[rows + index]!;
  const both = policyRow >= 0 && referenceRow >= 0;
  // A row under one model draws from that one.
  const policy = VOCABULARY * (policyRow >= 0 ? policyRow : referenceRow);
  const reference = VOCABULARY * (referenceRow >= 0 ? referenceRow : policyRow);
  const drawn = drawToken(logits, policy, reference, both ? settings[index]! : 0, settings[rows + index]!, bits);
  tokens[token * rows + index] = drawn;
  if (!next || !logProbs) return;
  const at = 2 * token * rows + index;
  const policyTotal = logSumExpOfRow(routines, logits, policy, VOCABULARY);
  const referenceTotal = both ? logSumExpOfRow(routines, logits, reference, VOCABULARY) : policyTotal;
  if (policyRow >= 0) {
    next[policyRow] = drawn;
    logProbs[at] = logits[policy + drawn]! - policyTotal.top - policyTotal.below;
  }
  if (referenceRow >= 0) {
    next[referenceRow] = drawn;
    logProbs[at + rows] = logits[reference + drawn]! - referenceTotal.top - referenceTotal.below;
  }
  if (!measures || !both) return;
  let kl = 0;
  let entropy = 0;
  for (let v = 0; v < VOCABULARY; v++) {
    const logP = logits[policy + v]! - policyTotal.top - policyTotal.below;
    const p = Math.exp(logP);
    kl += p * (logP - (logits[reference + v]! - referenceTotal.top - referenceTotal.below));
    entropy -= p * logP;
  }
  measures[at] = kl;
  measures[at + rows] = entropy;
}
