import * as z from 'zod/mini';
import { AuthorisedClient } from './authorised-client.ts';
import { anything, pathOf, shaped } from './calls.ts';

// Shapes: Streamkap's API reference, "Create Client Credential". Only what is used is demanded.
const text = z.string().check(z.minLength(1));
const optionalText = z.optional(z.nullable(z.string()));

const listed = z.looseObject({
  client_id: text,
  description: optionalText,
  service_id: optionalText,
  /** Empty for a credential that was made from permissions, which are not shown. */
  roles: z.optional(z.nullable(z.array(z.looseObject({ id: z.string(), name: optionalText })))),
  created_at: optionalText,
});
const made = z.extend(listed, { secret: text });

/** A client credential as lists show it. Its secret is masked there, and dropped here. */
export type ListedCredential = z.infer<typeof listed>;
/** The only time that `secret` is the whole secret. */
export type MadeCredential = z.infer<typeof made>;

/** Body of `POST /auth/client-credentials`. */
export interface CreateClientCredential {
  readonly description: string;
  readonly service_id?: string;
  /** One of the two, with one item at least. */
  readonly role_ids?: readonly string[];
  readonly permission_ids?: readonly string[];
}

const PATH = '/auth/client-credentials';

/** Streamkap's API as far as client credentials ("API tokens") need it. */
export class ClientCredentials extends AuthorisedClient {
  /** All that the caller sees, those of project keys too; which services that covers is not documented. */
  async list(): Promise<ListedCredential[]> {
    const found = await this.calls.make({ method: 'GET', path: PATH, route: PATH, read: shaped(z.array(listed)) });
    return found.map(({ secret: _, ...rest }) => rest);
  }

  /** Sent once. A StreamkapError with `changed: 'unknown'` means that a credential may exist whose secret nobody has. */
  create(body: CreateClientCredential): Promise<MadeCredential> {
    return this.calls.make({ method: 'POST', path: PATH, route: PATH, body, read: shaped(made) });
  }

  /** Gone already is success. @throws StreamkapError 409 when a project key owns it */
  async delete(clientId: string): Promise<void> {
    await this.calls.makeUnlessGone({ method: 'DELETE', ...pathOf(PATH, clientId, 'client-id'), read: anything });
  }
}

/**
 * What is not known is no difference: roles are not shown of a credential made from permissions, the service not of every one.
 * @returns the field in which a credential is not what was asked for; unknown fields of a request are ignored without a word
 */
export function differenceOf(
  made: ListedCredential,
  asked: CreateClientCredential,
): 'service_id' | 'roles' | undefined {
  if (asked.service_id && made.service_id && made.service_id !== asked.service_id) return 'service_id';
  if (!asked.role_ids || !made.roles) return undefined;
  return roleIdsOf(made).join() === [...asked.role_ids].sort().join() ? undefined : 'roles';
}

/** @returns the ids of a credential's roles, sorted */
export function roleIdsOf({ roles }: ListedCredential): string[] {
  return (roles ?? []).map(({ id }) => id).sort();
}
