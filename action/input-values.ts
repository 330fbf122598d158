import { InputError } from '../core/errors.ts';

/** Reads one input by the name the user wrote it with; empty when unset, trimmed. */
export type ReadInput = (name: string) => string;

export function choice<T extends string>(read: ReadInput, name: string, allowed: readonly T[], fallback: T): T {
  return optionalChoice(read, name, allowed) || fallback;
}

export function optionalChoice<T extends string>(read: ReadInput, name: string, allowed: readonly T[]): T | '' {
  const text = read(name);
  if (text === '') return '';
  const found = allowed.find((each) => each === text);
  if (found) return found;
  throw new InputError(
    name,
    `"${text.slice(0, 60)}" is not one of its values`,
    `${name} is one of ${allowed.join(', ')}.`,
  );
}

// YAML 1.2's core schema, as @actions/core's getBooleanInput reads it.
export function flag(read: ReadInput, name: string, fallback: boolean): boolean {
  const text = read(name);
  if (text === '') return fallback;
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  throw new InputError(name, `"${text.slice(0, 60)}" is neither true nor false`, `${name} is true or false.`);
}

export function seconds(read: ReadInput, name: string, fallback: number): number {
  return wholeNumber(read, name, { fallback, min: 0, max: 3600, of: 'seconds' });
}

interface Range {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
  /** The unit, in the plural. */
  readonly of: string;
}

export function wholeNumber(read: ReadInput, name: string, { fallback, min, max, of }: Range): number {
  const text = read(name);
  if (text === '') return fallback;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new InputError(
    name,
    `"${text.slice(0, 60)}" is no number of ${of}`,
    `${name} is a whole number from ${min} to ${max}.`,
  );
}

export function words(text: string): string[] {
  return [
    ...new Set(
      text
        .split(/[,\n]/)
        .map((word) => word.trim())
        .filter(Boolean),
    ),
  ];
}
