import { parseConfig, problemText } from '../experiment/config';
import type { Results } from '../experiment/results';
import { encodeSafetensors, parseSafetensors } from '../policy/safetensors';
import type { ExperimentSnapshot, FleetSnapshot, MemorySnapshot } from './snapshot';

/** An experiment between two steps, with all that it has said so far: what a file or the browser's storage keeps. */
export interface SavedExperiment {
  readonly results: Results;
  readonly snapshot: ExperimentSnapshot;
}

const FORMAT = 'pilaf-lab/experiment';
const VERSION = '1';
const TENSORS = ['weights', 'mean', 'square'] as const;

/** What is no tensor. */
interface Books {
  readonly results: Results;
  readonly step: number;
  readonly fingerprints: ExperimentSnapshot['fingerprints'];
  readonly fleets: readonly (readonly MemorySnapshot[])[];
}

/** A safetensors file: the fleets' weights and AdamW's averages, and everything else as JSON in its metadata. */
export function encodeSaved({ results, snapshot }: SavedExperiment): Uint8Array<ArrayBuffer> {
  const { step, fingerprints, fleets } = snapshot;
  const books: Books = { results, step, fingerprints, fleets: fleets.map(({ memories }) => memories) };
  const tensors = fleets.flatMap((fleet, f) =>
    TENSORS.map((name) => ({ name: `${f}.${name}`, shape: [fleet[name].length], values: fleet[name] })),
  );
  return encodeSafetensors({ metadata: { format: FORMAT, version: VERSION, books: JSON.stringify(books) }, tensors });
}

/** Throws an Error that says what is wrong with the file. */
export function parseSaved(bytes: Uint8Array): SavedExperiment {
  const { metadata, tensors } = parseSafetensors(bytes);
  if (metadata['format'] !== FORMAT) throw new Error('the file is safetensors, but not a saved experiment');
  if (metadata['version'] !== VERSION)
    throw new Error(`version ${metadata['version']} of saved experiments is not known`);
  const { results, step, fingerprints, fleets } = parseBooks(metadata['books'] ?? '');
  const config = parseConfig(results.config);
  if (!config.ok) throw new Error(`the saved config is not valid, ${problemText(config.problems)}`);
  const values = new Map(tensors.map((tensor) => [tensor.name, tensor.values]));
  const tensorOf = (name: string): Float32Array => {
    const found = values.get(name);
    if (!found) throw new Error(`the saved experiment lacks the tensor ${name}`);
    return found;
  };
  const fleetOf = (memories: readonly MemorySnapshot[], f: number): FleetSnapshot => ({
    weights: tensorOf(`${f}.weights`),
    mean: tensorOf(`${f}.mean`),
    square: tensorOf(`${f}.square`),
    memories,
  });
  return {
    results: { ...results, config: config.config },
    snapshot: { step, fingerprints, fleets: fleets.map(fleetOf) },
  };
}

function parseBooks(text: string): Books {
  let books: Partial<Books> | null = null;
  try {
    books = JSON.parse(text) as Partial<Books> | null;
  } catch {
    // Said below.
  }
  const lists = [books?.fingerprints, books?.fleets, books?.results?.runs];
  if (!books || !Number.isInteger(books.step) || !lists.every(Array.isArray)) {
    throw new Error('the saved experiment’s books are damaged');
  }
  return books as Books;
}
