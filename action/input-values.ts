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
  const text = read(name);
  if (text === '') return fallback;
  if (/^\d{1,4}$/.test(text) && Number(text) <= 3600) return Number(text);
  throw new InputError(
    name,
    `"${text.slice(0, 60)}" is no number of seconds`,
    `${name} is a whole number from 0 to 3600.`,
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
