import type { AuditedKey } from './inventory.ts';

type Remedy = { readonly command: string };

/** What a shell takes as one word, whatever a name holds: names come from outside. */
export function quoted(text: string): string {
  return /^[\w/+=.@:,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const one =
  (verb: string) =>
  (subject: string): Remedy => ({ command: `keyring ${verb} ${quoted(subject)}` });

/** Commands that a finding's remedy is, ready to be run. */
export const commandFor = {
  rotate: (secret: string): Remedy => ({ command: `keyring rotate ${quoted(secret)} --wait` }),
  doctor: one('doctor'),
  reconcile: one('reconcile'),
  adopt: one('adopt'),
  /** With the function and the schedule that it had. */
  switchOn: (secret: string): Remedy => ({ command: `aws secretsmanager rotate-secret --secret-id ${quoted(secret)}` }),
  deleteKey: ({ kind, id }: Pick<AuditedKey, 'kind' | 'id'>): Remedy => ({
    command: `keyring decommission ${kind === 'project-key' ? '--project-key-id' : '--client-id'} ${quoted(id)}`,
  }),
};
