import * as z from 'zod/mini';
import { RotationError } from '../../core/errors.ts';
import { describeIssues } from '../../core/json.ts';
import { STEPS, type StepRequest } from '../../core/rotation/protocol.ts';

const text = z.string().check(z.minLength(1));

// AWS Secrets Manager user guide, "Rotation function"; RotationToken is missing from @types/aws-lambda.
const rotationEvent = z.object({
  Step: z.enum(STEPS),
  SecretId: text,
  ClientRequestToken: text,
  RotationToken: z.optional(text),
});

const ACTIONS = ['dry-run', 'retire'] as const;
/** What the function does when it is called directly. */
export type Action = (typeof ACTIONS)[number];

const actionEvent = z.object({ action: z.enum(ACTIONS), secretId: z.optional(text) });

export type FunctionEvent =
  | { readonly kind: 'rotation'; readonly request: StepRequest }
  | { readonly kind: 'action'; readonly action: Action; readonly secretId: string | undefined };

/** @throws RotationError naming the field; the event holds a token as secret as the value, so nothing of it is quoted */
export function parseEvent(event: unknown): FunctionEvent {
  if (typeof event === 'object' && event !== null && 'action' in event) {
    const result = actionEvent.safeParse(event);
    if (result.success) return { kind: 'action', action: result.data.action, secretId: result.data.secretId };
    throw badEvent(describeIssues(result.error.issues));
  }
  const result = rotationEvent.safeParse(event);
  if (!result.success) throw badEvent(describeIssues(result.error.issues));
  const { Step: step, SecretId: secretId, ClientRequestToken: token, RotationToken: rotationToken } = result.data;
  return { kind: 'rotation', request: { step, secretId, token, rotationToken } };
}

function badEvent(problem: string): RotationError {
  return new RotationError({
    code: 'BAD_EVENT',
    message: `this is no event of Secrets Manager's: ${problem}`,
    changed: 'no',
    retryable: false,
    remedy: 'Let Secrets Manager call this function, or send {"action": ..., "secretId": ...}.',
  });
}
