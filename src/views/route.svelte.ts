const RUNS = '#runs';

/** Which view the address asks for: exactly `#runs`, or the race with whatever else the hash says. */
class Route {
  view = $state<'race' | 'runs'>('race');

  /** Returns what stops it. */
  open(): () => void {
    const follow = () => (this.view = location.hash === RUNS ? 'runs' : 'race');
    follow();
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }

  showRace(): void {
    if (this.view !== 'race') location.hash = '#race';
  }
}

export const route = new Route();
