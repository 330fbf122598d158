import * as z from 'zod/mini';
import { InputError } from '../errors.ts';
import { describeIssues } from '../json.ts';
import type { AcceptedException } from './finding.ts';

const text = z.string().check(z.minLength(1));

/** The register as it is kept in a file. Findings that it names are still shown, with reason, owner and expiry. */
const register = z.array(
  z.strictObject({ id: text, reason: text, owner: text, expires: z.union([z.iso.date(), z.iso.datetime()]) }),
);

/**
 * @param value parsed JSON: `[{"id","reason","owner","expires"}]`, `expires` a date or a time in UTC
 * @returns by finding id @throws InputError that names the entry, or an id that stands there twice
 */
export function readExceptions(value: unknown): Map<string, AcceptedException> {
  const result = register.safeParse(value);
  if (!result.success) throw wrong(describeIssues(result.error.issues));
  const exceptions = new Map<string, AcceptedException>();
  for (const { id, reason, owner, expires } of result.data) {
    if (exceptions.has(id)) throw wrong(`${id} stands there twice`);
    exceptions.set(id, { findingId: id, reason, owner, expiresAt: Date.parse(expires) });
  }
  return exceptions;
}

function wrong(problem: string): InputError {
  return new InputError(
    'exceptions',
    problem,
    'Give a list of {"id","reason","owner","expires"}, each finding once; `expires` is a date, such as 2027-03-31.',
  );
}
