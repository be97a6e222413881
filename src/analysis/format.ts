import type { Interval } from '../math/statistics';

/** Numbers as the page and the plots write them. */

const THIN_SPACE = '\u202f';
const MINUS = '−';

/** 12 400 */
export function whole(value: number): string {
  const digits = Math.abs(Math.round(value)).toString();
  const grouped = digits.replace(/\B(?=(\d{3})+$)/g, THIN_SPACE);
  return (value < 0 && digits !== '0' ? MINUS : '') + grouped;
}

/** 128k, 1.2M, 400 */
export function short(value: number): string {
  if (Math.abs(value) >= 999_500) return `${trimmed(value / 1e6)}M`;
  if (Math.abs(value) >= 9_999.5) return `${trimmed(value / 1e3)}k`;
  return whole(value);
}

/** A fixed number of decimals with a true minus sign. */
export function fixed(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  return (value < 0 && Number(text) !== 0 ? MINUS : '') + text;
}

/** As `fixed`, with a plus sign on what is above zero. */
export function signed(value: number, decimals: number): string {
  const text = fixed(value, decimals);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** Decimals that show an interval to about two digits, or a lone number to about three. */
function decimalsFor({ mean, half }: Interval): number {
  const scale = half !== null && half > 0 ? half * 10 : Math.abs(mean);
  if (scale === 0) return 2;
  return Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(scale))));
}

/** 1.38 ± 0.04: the one rule for an interval's digits, in tables, cards and documents. */
export function withInterval(interval: Interval | null, plus = false): string {
  if (!interval) return '–';
  const decimals = decimalsFor(interval);
  const mean = plus ? signed(interval.mean, decimals) : fixed(interval.mean, decimals);
  return interval.half === null ? mean : `${mean} ± ${fixed(interval.half, decimals)}`;
}

/** "8", or "7 of 8" where not all of them count. */
export const countText = (count: number, all: number): string => (count === all ? String(all) : `${count} of ${all}`);

/** A number of seconds, as somebody would say it. */
export function duration(seconds: number): string {
  if (seconds < 1) return 'under 1 s';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Number((seconds / 3600).toPrecision(2))} h`;
}

/** At most four significant digits, no needless zeros: for labels and settings. */
export function compact(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    return value
      .toExponential(2)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e')
      .replace('-', MINUS);
  }
  return String(Number(value.toPrecision(4))).replace('-', MINUS);
}

function trimmed(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
