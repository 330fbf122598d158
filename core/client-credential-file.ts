import * as z from 'zod/mini';
import { NotACredentialFile } from './credential-file.ts';
import { describeIssues } from './json.ts';

const text = z.string().check(z.minLength(1));

const clientCredentialFile = z.looseObject({
  client_id: text,
  client_secret: text,
  service_id: z.optional(z.nullable(z.string())),
  /** What it may do, as Streamkap said when it was made; empty for one made from permissions. */
  roles: z.optional(z.nullable(z.array(z.looseObject({ id: z.string(), name: z.optional(z.string()) })))),
});

/** A client credential ("API token") as it is stored: an admin secret's value is of the same shape. More fields may be there. */
export type ClientCredentialFile = z.infer<typeof clientCredentialFile>;

/**
 * Checks a parsed JSON value against the shape of a stored client credential.
 * @returns the very object that was given, or what is wrong with it
 */
export function checkClientCredential(value: unknown): ClientCredentialFile | NotACredentialFile {
  const result = clientCredentialFile.safeParse(value);
  if (!result.success) return new NotACredentialFile(describeIssues(result.error.issues));
  return value as ClientCredentialFile;
}
