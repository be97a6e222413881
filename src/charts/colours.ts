import type { SamplerName } from '../experiment/samplers/table';
import type { ArmConfig } from '../experiment/config/schema';
import { contrast, mixed, readable } from './contrast';

/**
 * One colour and one marker per sampler, everywhere in the page. The colours keep apart under the common colour
 * deficiencies as far as so many colours can; the marker, the dash and the name carry the rest.
 */

export type Mode = 'light' | 'dark';

export const MARKERS = [
  'circle',
  'diamond',
  'square',
  'triangle-up',
  'triangle-down',
  'cross',
  'x',
  'hexagon',
  'triangle-right',
  'pentagon',
  'triangle-left',
  'star-diamond',
  'star',
  'bowtie',
  'hourglass',
  'star-square',
] as const;
export type Marker = (typeof MARKERS)[number];

interface SamplerLook {
  readonly light: string;
  readonly dark: string;
  readonly marker: Marker;
}

export const SAMPLER_LOOKS: Readonly<Record<SamplerName, SamplerLook>> = {
  vanilla: { light: '#60687b', dark: '#8e90a4', marker: 'circle' },
  pilaf: { light: '#d54459', dark: '#ff6a7d', marker: 'diamond' },
  't-pilaf': { light: '#70044a', dark: '#f2a4dd', marker: 'square' },
  hybrid: { light: '#1f77b4', dark: '#48a6ed', marker: 'triangle-up' },
  uniform: { light: '#b07d05', dark: '#e6b639', marker: 'triangle-down' },
  'best-of-n': { light: '#00a37f', dark: '#45e0b8', marker: 'cross' },
  'best-of-n-oracle': { light: '#356117', dark: '#7fb23f', marker: 'x' },
  reference: { light: '#6e4d34', dark: '#a28367', marker: 'hexagon' },
  'dpo-mix-p': { light: '#6b4fd0', dark: '#9d85ff', marker: 'triangle-right' },
  simplemix: { light: '#1b2a9e', dark: '#4d6bff', marker: 'triangle-left' },
  'closest-of-n': { light: '#008fa8', dark: '#00e5ff', marker: 'star-diamond' },
  'best-design': { light: '#3a1b02', dark: '#fffb0d', marker: 'star' },
  'implicit-design': { light: '#1f02fa', dark: '#885ba0', marker: 'bowtie' },
  'dpo-mix-p-table': { light: '#0e0154', dark: '#5e751f', marker: 'hourglass' },
  'dpo-mix-r-table': { light: '#0303bf', dark: '#ecfca6', marker: 'star-square' },
  custom: { light: '#17191f', dark: '#f4f4f4', marker: 'pentagon' },
};

/** No two arms of a race have the same marker. Arms of one sampler share its hue; each has a shade of its own. */
export interface ArmLook {
  readonly colour: string;
  /** The colour as small text takes it. */
  readonly text: string;
  readonly marker: Marker;
  readonly hollow: boolean;
  readonly dash: (typeof DASHES)[number];
}

export const DASHES = ['solid', 'dash', 'dot', 'dashdot'] as const;

/** What the page draws on, and towards what shades go: the theme's surface and ink. */
const GROUND: Readonly<Record<Mode, string>> = { light: '#ffffff', dark: '#1c1e25' };
const INK: Readonly<Record<Mode, string>> = { light: '#14171d', dark: '#eef0f4' };

/** Shades of a sampler's colour: towards ink, or away from it where the colour itself is nearly ink. */
function shade(colour: string, share: number, mode: Mode): string {
  const isStrong = contrast(colour, GROUND[mode]) > 8;
  return isStrong ? mixed(colour, GROUND[mode], 0.4 * share) : mixed(colour, INK[mode], 0.7 * share);
}

export function armLooks(arms: readonly Pick<ArmConfig, 'sampler'>[], mode: Mode): ArmLook[] {
  const seen = new Map<SamplerName, number>();
  const own = new Set(arms.map(({ sampler }) => SAMPLER_LOOKS[sampler].marker));
  const free = [
    ...MARKERS.filter((marker) => !own.has(marker)).map((marker) => ({ marker, hollow: false })),
    ...MARKERS.map((marker) => ({ marker, hollow: true })),
  ];
  return arms.map(({ sampler }) => {
    const twin = seen.get(sampler) ?? 0;
    seen.set(sampler, twin + 1);
    const look = SAMPLER_LOOKS[sampler];
    const twins = arms.filter((other) => other.sampler === sampler).length;
    const colour = shade(look[mode], twin / Math.max(3, twins), mode);
    const { marker, hollow } = (twin > 0 && free.shift()) || { marker: look.marker, hollow: false };
    const dash = DASHES[twin % DASHES.length] ?? 'solid';
    return { colour, text: readable(colour, INK[mode], GROUND[mode]), marker, hollow, dash };
  });
}

/** `#rrggbb` with an opacity, as Plotly takes it. */
export function withAlpha(hex: string, alpha: number): string {
  const channel = (at: number) => Number.parseInt(hex.slice(at, at + 2), 16);
  return `rgba(${channel(1)}, ${channel(3)}, ${channel(5)}, ${alpha})`;
}

/** The outline of a marker in a 16 × 16 box, for legends. */
export function markerPath(marker: Marker): string {
  switch (marker) {
    case 'circle':
      return 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11Z';
    case 'diamond':
      return 'M8 1 15 8 8 15 1 8Z';
    case 'square':
      return 'M3 3H13V13H3Z';
    case 'triangle-up':
      return 'M8 2 15 14H1Z';
    case 'triangle-down':
      return 'M8 14 1 2H15Z';
    case 'triangle-right':
      return 'M14 8 2 15V1Z';
    case 'triangle-left':
      return 'M2 8 14 15V1Z';
    case 'star-diamond':
      return 'M8 1 9.8 6.2 15 8 9.8 9.8 8 15 6.2 9.8 1 8 6.2 6.2Z';
    case 'star':
      return 'M8 1 9.8 5.9 15 6.1 10.9 9.3 12.4 14.4 8 11.4 3.6 14.4 5.1 9.3 1 6.1 6.2 5.9Z';
    case 'bowtie':
      return 'M2 2 8 6.5 14 2V14L8 9.5 2 14Z';
    case 'hourglass':
      return 'M2 2H14L9.5 8 14 14H2L6.5 8Z';
    case 'star-square':
      return 'M2 2 8 5 14 2 11 8 14 14 8 11 2 14 5 8Z';
    case 'cross':
      return 'M6 2H10V6H14V10H10V14H6V10H2V6H6Z';
    case 'x':
      return 'M4.5 1.7 8 5.2 11.5 1.7 14.3 4.5 10.8 8 14.3 11.5 11.5 14.3 8 10.8 4.5 14.3 1.7 11.5 5.2 8 1.7 4.5Z';
    case 'hexagon':
      return 'M8 1.5 13.6 4.7V11.3L8 14.5 2.4 11.3V4.7Z';
    case 'pentagon':
      return 'M8 1.5 14.5 6.2 12 14H4L1.5 6.2Z';
  }
}
