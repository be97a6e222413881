const VIEWS = ['learn', 'runs', 'sweeps'] as const;

export type View = 'race' | (typeof VIEWS)[number];

/** Which view the address asks for: exactly its name, or the race with whatever else the hash says. */
class Route {
  view = $state<View>('race');
  /** What the address says beyond the view's name: `prompt?beta=2` of `#learn/prompt?beta=2`. New whenever it is followed. */
  place = $state.raw({ rest: '' });

  /** Returns what stops it. */
  open(): () => void {
    const follow = () => {
      const [, name, rest] = /^#([a-z]+)(?:[/](.*))?$/s.exec(location.hash) ?? [];
      // Only Learn has places within it.
      const view = VIEWS.find((one) => one === name && (rest === undefined || one === 'learn'));
      this.view = view ?? 'race';
      this.place = { rest: view ? (rest ?? '') : '' };
    };
    follow();
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }

  showRace(): void {
    if (this.view !== 'race') location.hash = '#race';
  }

  /** Writes a place within a view into the address; Back leads to where the reader came from, not to every state. */
  note(view: View, rest: string): void {
    history.replaceState(history.state, '', `#${view}/${rest}`);
  }
}

export const route = new Route();
