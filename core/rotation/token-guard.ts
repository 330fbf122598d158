import { SecretStoreError } from '../errors.ts';
import { STEP_LASTS_AT_MOST_MS } from '../provisioning/update/lock.ts';
import { INTENT_LABEL } from '../provisioning/update/update-intent.ts';
import type { SecretDescription, SecretVersion } from '../secret-store.ts';
import type { CurrentCredential } from './credential-reading.ts';
import * as errors from './errors.ts';
import type { LabelMoves } from './label-moves.ts';
import { holderOf, PREVIOUS, type Situation, situationOf, UNSENT } from './situation.ts';
import type { RotationSignal, Strategy, StrategyName } from './strategy.ts';
import type { TimeBudget } from './time-budget.ts';
import type { VersionReading } from './version-reading.ts';

/** The strategy a secret was made for; without the tag any will do. */
const STRATEGY_TAG = 'streamkap:strategy';

/** @throws RotationError WRONG_STRATEGY */
export function requireTaggedStrategy({ arn, tags }: SecretDescription, own: StrategyName): void {
  const tagged = tags[STRATEGY_TAG];
  if (tagged !== undefined && tagged !== own) throw errors.wrongStrategy({ secretId: arn, tagged, own });
}

/**
 * A value made of the current one while the key is being changed would undo the change once it is current. Updates look for
 * AWSPENDING after they set their label, createSecret for the label after AWSPENDING is set: see UpdateLock.
 * @param secret as it was described before the current credential was read
 * @throws RotationError UPDATE_UNDER_WAY
 */
export async function requireNoUpdate<Value>(
  from: { readonly reading: VersionReading; readonly strategy: Pick<Strategy<Value>, 'isUnfinishedUpdate'> },
  secret: SecretDescription,
  current: CurrentCredential<Value>,
): Promise<void> {
  const { reading, strategy } = from;
  const holder = holderOf(secret.versions, INTENT_LABEL);
  if (holder === undefined || holder === current.versionId) return;
  const labelled = await reading.find(secret.arn, holder);
  const isYoung = !labelled || labelled.readAt - labelled.createdAt < STEP_LASTS_AT_MOST_MS;
  if (isYoung || strategy.isUnfinishedUpdate?.(labelled.value, current.value)) throw errors.updateUnderWay(secret.name);
}

interface GuardPorts<Value> {
  readonly strategy: Strategy<Value>;
  readonly reading: VersionReading;
  readonly labels: LabelMoves;
  readonly budget: TimeBudget;
  /** Must not throw. */
  readonly signal: (signal: RotationSignal) => void;
}

/** Decides whether a rotation may go on. Changes nothing but a label that keeps a password from being lost. */
export class TokenGuard<Value> {
  readonly #ports: GuardPorts<Value>;

  constructor(ports: GuardPorts<Value>) {
    this.#ports = ports;
  }

  /** @throws RotationError WRONG_STRATEGY */
  requireStrategy(secret: SecretDescription): void {
    requireTaggedStrategy(secret, this.#ports.strategy.name);
  }

  /** {@link requireNoUpdate} @throws RotationError UPDATE_UNDER_WAY */
  async requireNoUpdate(secret: SecretDescription, current: CurrentCredential<Value>): Promise<void> {
    await requireNoUpdate(this.#ports, secret, current);
  }

  /**
   * @param stages labels of the token's version, undefined when DescribeSecret does not list it
   * @param version the same version with its value, where it was read
   * @returns `current` when the rotation is done (3), another one when it goes on (1, 2, 8)
   * @throws RotationError for what is neither (4, 5, 6)
   */
  async situation(
    target: errors.RotationTarget,
    stages: readonly string[] | undefined,
    version?: SecretVersion,
  ): Promise<Exclude<Situation, 'pending-is-previous' | 'stopped' | 'unlisted'>> {
    const situation = situationOf(stages);
    switch (situation) {
      case 'pending-is-previous':
        throw errors.pendingIsPrevious(target);
      case 'stopped':
      case 'unlisted': {
        const stopped = version ?? (await this.#ports.reading.peek(target.secretId, target.token));
        throw stopped ? await this.#stopped(target, stopped) : errors.unknownToken(target);
      }
      default:
        return situation;
    }
  }

  /** 5: nothing is sent. If the change had got through, its password must not be lost with its version. */
  async #stopped(target: errors.RotationTarget, version: SecretVersion): Promise<Error> {
    const { labels, signal, strategy } = this.#ports;
    const isLate = strategy.outgoingStaysValid && version.stages.includes(PREVIOUS);
    if (version.stages.includes(UNSENT) || isLate || strategy.findsLeftovers)
      return errors.abandoned(target, { live: false, changed: 'no' });
    try {
      if (!(await this.#isLive(target, version))) return errors.abandoned(target, { live: false, changed: 'no' });
      await labels.recordLive(target);
    } catch (error) {
      if (error instanceof SecretStoreError) return error;
      return errors.abandoned(target, { live: false, changed: 'unknown' });
    }
    const detail = `Kafka accepts the password of version ${target.token}, which is neither current nor pending`;
    signal({ kind: 'live-without-label', detail });
    return errors.abandoned(target, { live: true, changed: 'yes', spares: strategy.outgoingStaysValid });
  }

  /** One login at most; a value that is current under another version id is no loss. */
  async #isLive(target: errors.RotationTarget, version: SecretVersion): Promise<boolean> {
    const { strategy, reading, budget } = this.#ports;
    const value = strategy.parse(version.value, { role: 'pending', secretId: version.arn });
    const current = await reading.current(target.secretId);
    if (current.value === version.value) return false;
    return (await strategy.prove(value, { budget, patient: false })).outcome === 'accepted';
  }
}
