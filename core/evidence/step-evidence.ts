import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1));
const time = z.iso.datetime();
const count = z.number().check(z.int(), z.minimum(0));

const OUTCOMES = [
  'made',
  'found',
  'applied',
  'in-force',
  'proven',
  'unproven',
  'moved',
  'already-current',
  'failed',
] as const;

const login = z.strictObject({
  outcome: z.enum(['accepted', 'rejected', 'unknown']),
  code: z.optional(text),
  broker: z.optional(text),
  milliseconds: z.number().check(z.minimum(0)),
});

/**
 * What one call of one step did: names, ids, codes and times, never a value or a part of one. Written once, never changed. Steps
 * that ran in processes of their own do not know of each other: the consumer gap is then from `sentAt` of setSecret to `movedAt` of
 * finishSecret.
 */
export const stepEvidence = z.strictObject({
  schema: z.literal('streamkap-keyring/rotation-step/1'),
  secretArn: text,
  /** Of the rotation; the version id that it makes current. */
  token: text,
  step: z.enum(['createSecret', 'setSecret', 'testSecret', 'finishSecret']),
  strategy: z.enum(['single', 'alternating', 'admin']),
  mode: z.literal('rotation'),
  functionRequestId: text,
  startedAt: time,
  finishedAt: time,
  outcome: z.enum(OUTCOMES),
  /** With the credential that the rotation makes current. */
  login: z.optional(login),
  /** With the one before it, after the move. */
  outgoingLogin: z.optional(login),
  sentAt: z.optional(time),
  movedAt: z.optional(time),
  consumerGapMs: z.optional(count),
  error: z.optional(
    z.strictObject({
      code: text,
      changed: z.enum(['no', 'yes', 'unknown']),
      retryable: z.boolean(),
      /** Streamkap's or AWS's. */
      requestId: z.optional(text),
    }),
  ),
});

export type StepEvidence = z.infer<typeof stepEvidence>;

/** @returns where a fragment lies: `<secret's name with the suffix of its ARN>/<token>/<step>/<request id>.json` */
export function evidenceKey({ secretArn, token, step, functionRequestId }: StepEvidence): string {
  return `${evidencePrefix(secretArn)}${token}/${step}/${functionRequestId}.json`;
}

/** @returns what the keys of all fragments of a secret begin with, and those of no other */
export function evidencePrefix(secretArn: string): string {
  return `${secretArn.split(':secret:')[1] ?? secretArn}/`;
}
