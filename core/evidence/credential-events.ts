import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1));

/** Says that readers should read the secret anew. May come more than once for one rotation. Holds no secret. */
export const credentialRotated = z.strictObject({
  schema: z.literal('streamkap-keyring/credential-rotated/1'),
  secretArn: text,
  /** Version id under AWSCURRENT. */
  token: text,
  strategy: z.enum(['single', 'alternating', 'admin']),
  /** False where a replay found it so. */
  movedNow: z.boolean(),
  at: z.iso.datetime(),
});

/** Says that what is stored and what Kafka accepts are not what they should be. Holds no secret. */
export const credentialDrift = z.strictObject({
  schema: z.literal('streamkap-keyring/credential-drift/1'),
  secretArn: text,
  token: text,
  strategy: z.enum(['single', 'alternating', 'admin']),
  kind: z.enum(['drift', 'previous-in-use', 'live-without-label']),
  at: z.iso.datetime(),
});

export type CredentialEvent =
  | { readonly detailType: 'credential rotated'; readonly detail: z.infer<typeof credentialRotated> }
  | { readonly detailType: 'credential drift'; readonly detail: z.infer<typeof credentialDrift> };
