const VIEWS = ['runs', 'sweeps'] as const;

export type View = 'race' | (typeof VIEWS)[number];

/** Which view the address asks for: exactly its name, or the race with whatever else the hash says. */
class Route {
  view = $state<View>('race');

  /** Returns what stops it. */
  open(): () => void {
    const follow = () => (this.view = VIEWS.find((view) => location.hash === `#${view}`) ?? 'race');
    follow();
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }

  showRace(): void {
    if (this.view !== 'race') location.hash = '#race';
  }
}

export const route = new Route();
