/** Colours by their channels, and how well they read on one another. */

export type Rgb = readonly [number, number, number];

/** The channels of `#rrggbb`, 0 to 255. */
export const channels = (hex: string): Rgb =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;

const hexOf = (rgb: Rgb): string => `#${rgb.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;

/** From one colour to another by a share of the way, each channel interpolated and rounded. */
export const between = (from: Rgb, to: Rgb, share: number): Rgb =>
  from.map((channel, i) => Math.round(channel + share * (to[i]! - channel))) as unknown as Rgb;

export const mixed = (from: string, to: string, share: number): string =>
  hexOf(between(channels(from), channels(to), share));

/** WCAG 2.2's relative luminance. */
export function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG 2.2's contrast ratio, 1 to 21. */
export function contrast(one: string, other: string): number {
  const [low, high] = [luminance(channels(one)), luminance(channels(other))].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** The colour, moved towards `ink` as far as small text in it needs to read on `ground` (4.5 : 1). */
export function readable(colour: string, ink: string, ground: string): string {
  for (let share = 0; share < 1; share += 0.05) {
    const found = mixed(colour, ink, share);
    if (contrast(found, ground) >= 4.5) return found;
  }
  return ink;
}
