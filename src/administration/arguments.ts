/** Arguments of a command as they came over the wire, read by name and type. */
import { DomainError } from '../errors.ts';

export class Arguments {
  private readonly values: ReadonlyMap<string, unknown>;

  constructor(given: unknown) {
    this.values = new Map(typeof given === 'object' && given !== null ? Object.entries(given) : []);
  }

  text(name: string): string {
    const value = this.values.get(name);
    if (typeof value !== 'string') throw new DomainError('invalid-data', `The command needs "${name}".`);
    return value;
  }

  optional(name: string): string | undefined {
    return this.values.get(name) === undefined ? undefined : this.text(name);
  }

  /** A whole number, with the letter that ids are shown with before it or without. */
  id(name: string): number {
    const value = this.values.get(name);
    const match = /^[a-z]?(\d{1,15})$/i.exec(String(value));
    if (match === null)
      throw new DomainError('invalid-data', `"${String(value).slice(0, 40)}" is no number of a list.`);
    return Number(match[1]);
  }

  /** A time in milliseconds; null or missing is none. */
  time(name: string): number | null {
    const value = this.values.get(name);
    if (value === undefined || value === null) return null;
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new DomainError('invalid-data', `"${name}" is no time.`);
    return value;
  }

  texts(name: string): string[] | undefined {
    const value = this.values.get(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
      throw new DomainError('invalid-data', `"${name}" is no list.`);
    return value as string[];
  }

  flag(name: string): boolean {
    return this.values.get(name) === true;
  }
}
