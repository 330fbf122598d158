import { backoffMs, type Clock } from '../clock.ts';
import { RotationError, SecretStoreError } from '../errors.ts';
import type { FunctionInvoker } from '../function-invoker.ts';
import { logSentence } from './log-address.ts';

/** One call of the function, in milliseconds: what Lambda allows at most would be 900,000; ours ask for no more than this. */
const CALL_MS = 300_000;
const POLL = { first: 1_000, max: 10_000 } as const;
/** finishSecret still runs when the label has moved already, and the labels may take a moment to be seen. */
const NOT_YET = 'ROTATION_UNDER_WAY';

interface RetireOrder {
  readonly functionArn: string;
  readonly secretId: string;
  /** Milliseconds within which a refusal for a rotation under way is waited out. */
  readonly waitMs: number;
}

/**
 * Has the rotation function put an end to the password that was current before, where two keys take turns.
 * @returns true when a login showed it refused; false when it had been retired before
 * @throws RotationError RETIRE_FAILED with the function's own code, or why it could not be called
 */
export async function retirePrevious(
  { functions, clock }: { readonly functions: FunctionInvoker; readonly clock: Clock },
  { functionArn, secretId, waitMs }: RetireOrder,
): Promise<boolean> {
  const end = clock.now() + waitMs;
  for (let calls = 0; ; calls++) {
    const outcome = await functions.invoke(functionArn, { action: 'retire', secretId }, CALL_MS).then(
      (answer) => (answer.outcome === 'returned' ? outcomeOf(answer.value) : codeOf(answer.message)),
      (error: unknown) => {
        if (error instanceof SecretStoreError) throw notRetired({ functionArn, secretId }, error);
        throw error;
      },
    );
    if (outcome === 'retired') return true;
    if (outcome === 'already-retired') return false;
    const pauseMs = backoffMs(calls, POLL);
    if (outcome !== NOT_YET || clock.now() + pauseMs > end) throw notRetired({ functionArn, secretId }, outcome);
    await clock.sleep(pauseMs);
  }
}

function outcomeOf(value: unknown): string {
  const { outcome } = (typeof value === 'object' && value !== null ? value : {}) as { outcome?: unknown };
  return typeof outcome === 'string' && /^[a-z-]{1,40}$/.test(outcome) ? outcome : 'an unexpected answer';
}

/** Our functions begin the text of an error with its code; the rest of it is not passed on. */
function codeOf(message: string): string {
  return /^([A-Z][A-Z_]{2,60}): /.exec(message)?.[1] ?? 'a failure without a code';
}

/** @param why the function's code, or why it could not be called */
function notRetired(
  { functionArn, secretId }: Omit<RetireOrder, 'waitMs'>,
  why: string | SecretStoreError,
): RotationError {
  const payload = JSON.stringify({ action: 'retire', secretId });
  const answer = typeof why === 'string' ? `the function answered ${why}` : why.message;
  const remedy =
    typeof why === 'string' ? `docs/rotate-alternating.md has the code. ${logSentence(functionArn)}` : why.remedy;
  return new RotationError({
    code: 'RETIRE_FAILED',
    message: `${secretId} is rotated, but the password of before may still work: ${answer}`,
    changed: 'yes',
    retryable: false,
    remedy: `${remedy} Then retire it: \`aws lambda invoke --function-name ${functionArn} --cli-binary-format raw-in-base64-out --payload '${payload}' /dev/stdout\`. Mode "lookup" hands the new credential out.`,
  });
}
