/** Which arms the plots leave out: one choice for all of them, by name, so that it outlives a race. */
class ShownArms {
  #hidden = $state.raw<readonly string[]>([]);

  /** Of these arms, by index; none where all would be. */
  hiddenOf(names: readonly string[]): number[] {
    const hidden = names.flatMap((name, i) => (this.#hidden.includes(name) ? [i] : []));
    return hidden.length === names.length ? [] : hidden;
  }

  toggle(name: string, names: readonly string[]): void {
    const hidden = this.hiddenOf(names).map((i) => names[i]!);
    this.#hidden = hidden.includes(name) ? hidden.filter((one) => one !== name) : [...hidden, name];
  }

  /** Shows one alone; all, where it is alone already. */
  isolate(name: string, names: readonly string[]): void {
    const others = names.filter((one) => one !== name);
    const hidden = this.hiddenOf(names).map((i) => names[i]!);
    const isAlone = others.length > 0 && others.every((one) => hidden.includes(one));
    this.#hidden = isAlone ? [] : others;
  }
}

export const shownArms = new ShownArms();
