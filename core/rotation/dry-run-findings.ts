import type { KeyringError } from '../errors.ts';
import type { SecretDescription } from '../secret-store.ts';
import * as errors from './errors.ts';
import { CURRENT, holderOf, MADE, PENDING, PREVIOUS, UNSENT } from './situation.ts';
import type { Proof } from './strategy.ts';

/** What a rotation would do now. Names and ids only. */
export interface DryRun {
  readonly secretArn: string;
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly logins: { readonly [which in 'current' | 'pending' | 'previous' | 'idle']?: Proof };
  /** Writes to Secrets Manager, in order. */
  readonly wouldWrite: readonly string[];
  /** Changes at Streamkap, in order. */
  readonly wouldChange: readonly string[];
  /** Deletions at Streamkap, after the move of AWSCURRENT. */
  readonly wouldDelete: readonly string[];
  /** Why it would fail, or wait. */
  readonly problems: readonly Pick<KeyringError, 'code' | 'message' | 'remedy'>[];
}

/** Every reason why a rotation would fail, gathered instead of thrown. */
export class Problems {
  readonly #problems: KeyringError[] = [];
  readonly #asProblem: (error: unknown) => KeyringError;

  /** @param asProblem what a rotation would make of an error */
  constructor(asProblem: (error: unknown) => KeyringError) {
    this.#asProblem = asProblem;
  }

  /** One that was met before is not told twice. */
  add(problem: KeyringError): void {
    const known = this.#problems.some(({ code, message }) => code === problem.code && message === problem.message);
    if (!known) this.#problems.push(problem);
  }

  /** @returns undefined when it threw, which is noted */
  async noting<T>(look: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await look();
    } catch (error) {
      this.add(this.#asProblem(error));
      return undefined;
    }
  }

  get list(): DryRun['problems'] {
    return this.#problems.map(({ code, message, remedy }) => ({ code, message, remedy }));
  }
}

/** @returns the token of the rotation that was begun and has not ended */
export function tokenUnderWay({ versions }: Pick<SecretDescription, 'versions'>): string | undefined {
  const token = holderOf(versions, PENDING);
  return token === holderOf(versions, CURRENT) ? undefined : token;
}

/** @throws RotationError when the pending version is not one that createSecret made for this rotation (1, 4) */
export function requireOwnPending({ arn, versions }: SecretDescription, token: string): void {
  const target = { secretId: arn, token };
  if (holderOf(versions, PREVIOUS) === token) throw errors.pendingIsPrevious(target);
  if (holderOf(versions, MADE) !== token) throw errors.pendingForeign(target);
}

/** @param pendingStored the rotation under way has its value already */
export function writesOf(secret: SecretDescription, pendingStored: boolean): string[] {
  const { arn, versions } = secret;
  const vouchedFor = pendingStored && holderOf(versions, UNSENT) === holderOf(versions, CURRENT);
  return [
    ...(pendingStored ? [] : [`PutSecretValue ${arn}: a new version with ${PENDING}, ${MADE} and ${UNSENT}`]),
    ...(vouchedFor ? [] : [`UpdateSecretVersionStage ${arn}: ${UNSENT} to the version under ${CURRENT}`]),
    `UpdateSecretVersionStage ${arn}: ${CURRENT} to the new version`,
  ];
}
