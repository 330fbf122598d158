import * as errors from '../../core/rotation/alternating/errors.ts';
import type { Retirement } from '../../core/rotation/alternating/retirement.ts';
import { asRotationError } from '../../core/rotation/errors.ts';
import type { Invocation } from '../rotation/invocation.ts';
import { errorFields, proofFields } from '../rotation/line-fields.ts';
import type { LogFields } from '../rotation/step-log.ts';

export interface RetireOrder {
  readonly retirement: Retirement;
  /** The one secret whose previous password has to go, at once; undefined: all that are old enough. */
  readonly secretId: string | undefined;
  /** Milliseconds that a previous password may live; undefined: for ever, unless a secret is named. */
  readonly afterMs: number | undefined;
}

/** What one retirement may take, in milliseconds: with less left, the rest is the next call's. */
const ONE_MS = 30_000;
/** Not now; no reason to wake anybody. */
const LATER = new Set(['ROTATION_UNDER_WAY', 'ROTATION_DUE', 'NO_PREVIOUS_KEY']);

/**
 * `{"action":"retire","secretId":...}`: the previous password of one secret, at once, for a compromise. `{"action":"retire"}`, sent
 * every hour: those of all secrets that this function rotates, once they are older than RETIRE_PREVIOUS_AFTER_HOURS.
 * @throws RotationError; RETIRE_INCOMPLETE when some of many failed
 */
export async function retirePrevious(invocation: Invocation, order: RetireOrder): Promise<LogFields> {
  const { retirement, secretId, afterMs } = order;
  if (secretId === undefined) return afterMs === undefined ? { outcome: 'never' } : await retireAll(invocation, order);
  const { outcome, proof } = await retirement.run(secretId, 0);
  return { outcome, ...(proof ? { outgoing_login: proofFields(proof) } : {}) };
}

async function retireAll(invocation: Invocation, { retirement, afterMs = 0 }: RetireOrder): Promise<LogFields> {
  const arns = await ownSecrets(invocation);
  const counts = { retired: 0, 'already-retired': 0, 'not-yet': 0, postponed: 0, failed: 0 };
  for (const arn of arns) {
    if (invocation.budget.left() < ONE_MS) {
      counts.postponed++;
      continue;
    }
    try {
      counts[(await retirement.run(arn, afterMs)).outcome]++;
    } catch (error) {
      const known = asRotationError(error);
      counts[LATER.has(known.code) ? 'postponed' : 'failed']++;
      const level = LATER.has(known.code) ? 'info' : 'error';
      invocation.log.write(level, 'previous password not retired', { secretId: arn, ...errorFields(known) });
    }
  }
  if (counts.failed > 0) throw errors.retireIncomplete(counts.failed, arns.length);
  return { outcome: 'done', secrets: arns.length, ...counts };
}

/** Those that this very function rotates, where Lambda says which one it is: another one's may be out of its reach. */
async function ownSecrets({ store, container }: Invocation): Promise<string[]> {
  const { AWS_LAMBDA_FUNCTION_NAME: name } = container.environment;
  const found = await store.secretsTagged('streamkap:strategy', 'alternating');
  return found
    .filter(({ tags }) => tags['streamkap:role'] !== 'standby')
    .filter(({ rotationFunction }) => !name || rotationFunction?.split(':')[6] === name)
    .map(({ arn }) => arn);
}
