/** A sampled completion that nobody has judged. */
export interface Draw {
  /** Ids up to and including the end token. */
  readonly ids: readonly number[];
  /** The row's place in one token's slice of the sampled arrays, run · rows + row. */
  readonly position: number;
  /** log π_ref(y|x), nats. */
  readonly referenceLogProb: number;
  /** log π_θ(y|x) − log π_ref(y|x), nats, when it was sampled. */
  readonly logRatio: number;
}

/** A completion as labelling sees it; what the page shows beyond this is looked up when it is shown. */
export interface Completion extends Draw {
  /** The oracle's score r*. */
  readonly reward: number;
}

export interface PreferencePair {
  readonly prompt: readonly number[];
  readonly chosen: Completion;
  readonly rejected: Completion;
  /** The labeller's probability of this label, before it was drawn. */
  readonly probability: number;
  /** The labeller could not tell: it is counted, and not trained on. */
  readonly tie?: true | undefined;
}
