import type { Mode } from '../../charts/colours';
import type { ChartTheme } from '../../charts/figure';
import { recall, remember } from './remembered';

const NAME = 'theme';

/** Light or dark: the system's choice until the reader makes one, which is remembered. */
class Theme {
  mode = $state<Mode>('light');
  /** The plots' share of the style sheet. */
  chart = $state.raw<ChartTheme>({ ink: '', muted: '', grid: '', surface: '', font: '' });

  /** Called once the style sheet is there. */
  open(): void {
    const system = matchMedia('(prefers-color-scheme: dark)');
    const systemMode = () => (system.matches ? 'dark' : 'light');
    this.#show(remembered() ?? systemMode());
    system.addEventListener('change', () => {
      if (remembered() === null) this.#show(systemMode());
    });
  }

  toggle(): void {
    const mode = this.mode === 'dark' ? 'light' : 'dark';
    this.#show(mode);
    remember(NAME, mode);
  }

  #show(mode: Mode): void {
    this.mode = mode;
    document.documentElement.dataset['theme'] = mode;
    const style = getComputedStyle(document.documentElement);
    const value = (name: string) => style.getPropertyValue(name).trim();
    this.chart = {
      ink: value('--ink'),
      muted: value('--muted'),
      grid: value('--grid'),
      surface: value('--surface'),
      font: value('--font'),
    };
  }
}

function remembered(): Mode | null {
  const stored = recall(NAME);
  return stored === 'light' || stored === 'dark' ? stored : null;
}

export const theme = new Theme();
