/** Which arms the plots leave out: one choice for all of them, by name, so that it outlives a race. */
class ShownArms {
  #hidden = $state.raw<readonly string[]>([]);

  hides = (name: string): boolean => this.#hidden.includes(name);

  /** Of these arms, by index; none where all would be. */
  hiddenOf(names: readonly string[]): number[] {
    const hidden = names.flatMap((name, i) => (this.hides(name) ? [i] : []));
    return hidden.length === names.length ? [] : hidden;
  }

  toggle(name: string): void {
    this.#hidden = this.hides(name) ? this.#hidden.filter((one) => one !== name) : [...this.#hidden, name];
  }

  /** Shows one alone; all, where it is alone already. */
  isolate(name: string, names: readonly string[]): void {
    const others = names.filter((one) => one !== name);
    const isAlone = !this.hides(name) && others.every(this.hides);
    this.#hidden = isAlone ? [] : others;
  }
}

export const shownArms = new ShownArms();
