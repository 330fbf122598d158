import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { OPERATIONS } from './streamkap/routes.ts';

const WHEN = z.enum(['before', 'after']);
const PASSWORD_CHANGE = 'PATCH /project-keys/{id}';

const ACTION = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['drop', 'hang']), when: WHEN }),
  z.strictObject({
    kind: z.literal('status'),
    when: WHEN,
    status: z.int().min(200).max(599),
    code: z.string().optional(),
    body: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  z.strictObject({ kind: z.literal('propagation'), delayMs: z.int().min(0) }),
]);

const FAULT = z
  .strictObject({
    service: z.enum(['streamkap', 'secretsmanager', 'lambda', 'kafka']),
    operation: z.string(),
    skip: z.int().min(0).optional(),
    times: z.int().min(1).optional(),
    action: ACTION,
  })
  .superRefine(({ service, operation, action }, context) => {
    const known = {
      streamkap: OPERATIONS.includes(operation),
      secretsmanager: /^[A-Z][A-Za-z]+$/.test(operation),
      lambda: operation === 'Invoke',
      kafka: operation === 'login',
    };
    const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (operation !== '*' && !known[service]) refuse(['operation'], `no such operation of ${service}`);
    if (action.kind === 'propagation' && (service !== 'streamkap' || operation !== PASSWORD_CHANGE)) {
      refuse(['action', 'kind'], `propagation is only for ${PASSWORD_CHANGE} of streamkap`);
    }
  });

/** Body of `POST /faults`: one fault or several. */
export const FAULTS = z.union([FAULT.transform((fault) => [fault]), z.array(FAULT).min(1)]);

/** Body of `POST /handler`. `bundle: null` takes the handler away. */
export const HANDLER = z.strictObject({
  bundle: z
    .string()
    .refine(isAbsolute, 'must be an absolute path')
    .refine((path) => existsSync(path), 'there is no such file')
    .nullable(),
  env: z.record(z.string(), z.string()).default({}),
  pendingAfterSuccess: z.enum(['left', 'removed']).optional(),
  timeoutMs: z.int().min(1).optional(),
});

/** Body of `POST /tenant`: what only Streamkap itself can bring about. */
export const TENANT = z.strictObject({
  failNextCreates: z.int().min(0).optional(),
  failNextDeletes: z.int().min(0).optional(),
  revokeTokens: z.literal(true).optional(),
});

/** @returns what is wrong, one line, each part with its path; never a value */
export function complaint(error: z.ZodError): string {
  return error.issues
    .flatMap((issue) => (issue.code === 'invalid_union' ? issue.errors.flat() : [issue]))
    .map(({ path, message }) => `${path.length === 0 ? 'body' : path.join('.')}: ${message}`)
    .join('; ');
}
