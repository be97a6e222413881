/** The reviews' reward is bound·tanh(Σ contributions / scale), between −bound and bound. */
export const BOUNDS = { bound: 4, scale: 5.5 } as const;
