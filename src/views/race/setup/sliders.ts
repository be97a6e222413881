/** A slider's scale: where a value stands between 0 and 1, and what a position means. */
export interface Slider {
  readonly step: number;
  positionOf(value: number): number;
  valueAt(position: number): number;
}

const clamped = (x: number) => Math.min(1, Math.max(0, x));

/** Equal ratios at equal distances; values are rounded to two significant digits. */
export function logarithmic(low: number, high: number, integer: boolean): Slider {
  const span = Math.log(high / low);
  return {
    step: 0.005,
    positionOf: (value) => (value > 0 ? clamped(Math.log(value / low) / span) : 0),
    valueAt: (position) => {
      const value = Number((low * Math.exp(position * span)).toPrecision(2));
      return integer ? Math.round(value) : value;
    },
  };
}

export function linear(low: number, high: number, step: number): Slider {
  return {
    step: step / (high - low),
    positionOf: (value) => clamped((value - low) / (high - low)),
    valueAt: (position) => Number((Math.round((low + position * (high - low)) / step) * step).toPrecision(6)),
  };
}
