import { rangeText, type NumberField } from '../../experiment/config/fields';
import { shown, type Problem } from '../../experiment/reading';

/** What the address of a lesson says after its question mark: every setting that is not as usual. */

export interface Setting extends NumberField {
  readonly usual: number;
}

export const setting = (
  path: string,
  label: string,
  range: { readonly min: number; readonly max: number; readonly integer?: boolean },
  usual: number,
  help: string,
): Setting => ({ path, label, help, usual, min: range.min, max: range.max, integer: range.integer ?? false });

export const isAllowed = ({ min, max, integer }: NumberField, value: unknown): value is number =>
  typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value));

export const problemOf = (field: NumberField, value: unknown): Problem => ({
  path: field.path,
  message: `${shown(value)} is not allowed; give ${rangeText(field)}`,
});

/** Reads settings, lists and choices by name; what is wrong stays as usual and is told. */
export class Query {
  readonly problems: Problem[] = [];
  readonly #said: URLSearchParams;

  /** @param text without the question mark */
  constructor(text: string) {
    this.#said = new URLSearchParams(text);
  }

  number(field: Setting): number {
    const text = this.#said.get(field.path);
    if (text === null) return field.usual;
    return this.#numberIn(field, text) ?? field.usual;
  }

  /** Null where it is not said. */
  optional(field: Setting): number | null {
    const text = this.#said.get(field.path);
    return text === null ? null : this.#numberIn(field, text);
  }

  /** As many numbers as `usual` has. */
  list(field: Setting, usual: readonly number[]): number[] {
    const text = this.#said.get(field.path);
    if (text === null) return [...usual];
    const parts = text.split(',');
    if (parts.length !== usual.length) {
      this.problems.push({ path: field.path, message: `there are ${parts.length} numbers; give ${usual.length}` });
      return [...usual];
    }
    return parts.map((part, i) => this.#numberIn(field, part) ?? usual[i]!);
  }

  choice<const Name extends string>(path: string, names: readonly Name[], usual: Name): Name {
    const text = this.#said.get(path);
    const found = names.find((name) => name === text);
    if (text !== null && found === undefined) {
      this.problems.push({ path, message: `${shown(text)} is not allowed; give ${names.join(', ')}` });
    }
    return found ?? usual;
  }

  /** Several of some names, with commas between, in the names' order. */
  choices<const Name extends string>(path: string, names: readonly Name[], usual: readonly Name[]): readonly Name[] {
    const text = this.#said.get(path);
    if (text === null) return usual;
    const parts = text.split(',').filter((part) => part !== '');
    const strange = parts.find((part) => !names.some((name) => name === part));
    if (strange === undefined) return names.filter((name) => parts.includes(name));
    this.problems.push({ path, message: `${shown(strange)} is not allowed; give ${names.join(', ')}` });
    return usual;
  }

  #numberIn(field: Setting, text: string): number | null {
    const value = text.trim() === '' ? NaN : Number(text);
    if (isAllowed(field, value)) return value;
    this.problems.push(problemOf(field, text));
    return null;
  }
}

/** Settings as an address has them; those that are as usual are left out. */
export function queryText(said: Readonly<Record<string, string | number | null>>): string {
  const kept = Object.entries(said).filter(([, value]) => value !== null);
  // Commas stay readable.
  return kept.map(([name, value]) => `${name}=${encodeURIComponent(value!).replaceAll('%2C', ',')}`).join('&');
}

export const unlessUsual = (field: Setting, value: number): number | null => (value === field.usual ? null : value);
