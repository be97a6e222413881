const RUNS = '#runs';

/** Which view the address asks for: exactly `#runs`, or the race with whatever else the hash says. */
class Route {
  view = $state<'race' | 'runs'>('race');
  /** Where the race view was left. */
  race = $state('#race');

  /** Returns what stops it. */
  open(): () => void {
    const follow = () => {
      const { hash } = location;
      this.view = hash === RUNS ? 'runs' : 'race';
      if (this.view === 'race' && hash !== '') this.race = hash;
    };
    follow();
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }

  showRace(): void {
    if (this.view !== 'race') location.hash = this.race;
  }
}

export const route = new Route();
