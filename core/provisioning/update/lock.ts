import type { Clock } from '../../clock.ts';
import type { CredentialFile } from '../../credential-file.ts';
import type { SecretDescription, SecretStore } from '../../secret-store.ts';
import { putSurely } from '../durable-write.ts';
import { successorOf } from '../version-id.ts';
import { rotationPending, takesTurns } from './errors.ts';
import { type AddingIntent, INTENT_LABEL, labelledBy, type UpdateIntent } from './update-intent.ts';

/** A rotation's step lasts no longer, in milliseconds: what read the labels before that has ended. */
export const STEP_LASTS_AT_MOST_MS = 900_000;
/** A run that stored a file this long ago, in milliseconds, and did not make it current, is helped. */
const HELP_AFTER_MS = 5_000;

/** The file that was current when it was read. */
export interface CurrentFile {
  readonly arn: string;
  readonly versionId: string;
  readonly file: CredentialFile;
}

/** The version under KEYRING_INTENT that is ours to go on from. */
export interface Held {
  readonly versionId: string;
  /** What is stored there. */
  readonly value: string;
  /**
   * Whether a rotation without a value cannot get one: its createSecret looks at the labels only after AWSPENDING is there, and the
   * label has been there since before that. So it is for our own label until another run may take it over, and for any label that
   * is older than every step.
   */
  readonly keepsRotationsOut: () => boolean;
}

export type Taken =
  | { readonly state: 'own'; readonly held: Held }
  /** Begun by a run that counts as dead. */
  | { readonly state: 'inherited'; readonly held: Held; readonly intent: AddingIntent }
  /** New secrets are stored, and the current file lacks them. */
  | { readonly state: 'stored'; readonly held: Held; readonly file: CredentialFile }
  /** Another run is at it. */
  | { readonly state: 'busy' }
  /** The secret is not as it was read any more: read again. */
  | { readonly state: 'moved' };

/**
 * KEYRING_INTENT on a version that is not current keeps other updates waiting and rotations from making a pending value; AWSPENDING
 * keeps updates from beginning. Each side sets its label first and looks for the other's then, so that of two that begin at once at
 * least one sees the other. Nothing is locked by time: who finds a dead run's intent goes on from it.
 */
export class UpdateLock {
  readonly #store: SecretStore;
  readonly #secretId: string;
  readonly #clock: Clock;
  readonly #takeOverAfterMs: number;

  constructor(
    { store, clock }: { readonly store: SecretStore; readonly clock: Clock },
    { secretId, takeOverAfterMs }: { secretId: string; takeOverAfterMs: number },
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#secretId = secretId;
    this.#takeOverAfterMs = takeOverAfterMs;
  }

  /**
   * Stores the intent and holds the label, or says who does.
   * @throws ProvisioningError ROTATION_PENDING, KEY_TAKES_TURNS; nothing was changed then
   */
  async take(current: CurrentFile, intent: UpdateIntent): Promise<Taken> {
    const secret = await this.#describe();
    if (secret.tags['streamkap:strategy'] === 'alternating') throw takesTurns(this.#secretId);
    const others = await this.#others(secret, current);
    if (others) return others;
    await this.#requireNoRotation(secret, false);
    const begun = this.#clock.now();
    const value = JSON.stringify(intent);
    const versionId = await this.#begin(current.versionId, value, holderOf(secret, INTENT_LABEL));
    if (versionId === undefined) return { state: 'moved' };
    const now = await this.#describe();
    const isOurs = holderOf(now, INTENT_LABEL) === versionId && holderOf(now, 'AWSCURRENT') === current.versionId;
    if (!isOurs) return await this.#leave(versionId);
    await this.#requireNoRotation(now, false).catch(async (error: unknown) => {
      await this.release(versionId);
      throw error;
    });
    const keepsRotationsOut = () => this.#clock.now() - begun < this.#takeOverAfterMs;
    return { state: 'own', held: { versionId, value, keepsRotationsOut } };
  }

  /** What an update that began earlier has come to, where it matters. */
  async #others(secret: Labels, current: CurrentFile): Promise<Taken | undefined> {
    const holder = holderOf(secret, INTENT_LABEL);
    if (holder === undefined || holder === current.versionId) return undefined;
    const version = await this.#store.read(this.#secretId, { versionId: holder });
    if (typeof version !== 'object') return undefined;
    const labelled = labelledBy(version, current.file);
    const ageMs = version.readAt - version.createdAt;
    const outlasts = ageMs > STEP_LASTS_AT_MOST_MS;
    const held = { versionId: holder, value: version.value, keepsRotationsOut: () => outlasts };
    // Also a file that brings no secret: whoever took the label away then would keep it from becoming current.
    const helpAfterMs =
      labelled.state === 'begun' ? this.#takeOverAfterMs : Math.min(HELP_AFTER_MS, this.#takeOverAfterMs);
    if (ageMs < helpAfterMs) return { state: 'busy' };
    if (labelled.state === 'over') return undefined;
    await this.#requireNoRotation(secret, outlasts);
    if (labelled.state === 'stored') return { state: 'stored', held, file: labelled.file };
    const { intent } = labelled;
    return isAdding(intent) ? { state: 'inherited', held, intent } : undefined;
  }

  /**
   * @param left the version on which a dead update left its label, if one did: it holds nobody up
   * @returns undefined when another run's update of the same version is under way
   */
  async #begin(currentId: string, value: string, left: string | undefined): Promise<string | undefined> {
    for (let versionId = successorOf(currentId); ; versionId = successorOf(versionId)) {
      const write = { secretId: this.#secretId, versionId, value, stages: [INTENT_LABEL] };
      if ((await putSurely(this.#store, write)) === 'stored') return versionId;
      if (versionId === left) continue;
      const there = await this.#store.read(this.#secretId, { versionId });
      if (typeof there === 'object' && there.stages.includes(INTENT_LABEL)) return undefined;
    }
  }

  async #leave(versionId: string): Promise<Taken> {
    await this.release(versionId);
    return { state: 'moved' };
  }

  /** Stores what follows from the version held and takes the label along. New secrets exist only here until then: any free id will do. */
  async store(held: Held, value: string): Promise<Held> {
    let versionId = successorOf(held.versionId);
    for (;;) {
      const write = { secretId: this.#secretId, versionId, value, stages: [INTENT_LABEL] };
      if ((await putSurely(this.#store, write)) === 'stored') return { ...held, versionId, value };
      versionId = successorOf(versionId);
    }
  }

  /**
   * Makes the version held the current one, if `from` still is, no rotation has begun, and the label is where it was left.
   * @returns whether it is current now
   * @throws ProvisioningError ROTATION_PENDING; the label stays, so that what is stored is found
   */
  async promote(from: string, { versionId: to, keepsRotationsOut }: Held): Promise<boolean> {
    const secret = await this.#describe();
    await this.#requireNoRotation(secret, keepsRotationsOut());
    if (holderOf(secret, INTENT_LABEL) !== to) return false;
    return (await this.#store.move({ secretId: this.#secretId, label: 'AWSCURRENT', from, to })) === 'moved';
  }

  async isHeld({ versionId }: Held): Promise<boolean> {
    return holderOf(await this.#describe(), INTENT_LABEL) === versionId;
  }

  /** Best effort: a label left behind is told from one that matters by what it lies on. */
  async release(versionId: string): Promise<void> {
    await this.#store.move({ secretId: this.#secretId, label: INTENT_LABEL, from: versionId }).catch(() => undefined);
  }

  /** @param keptOut whether a rotation that has no value yet cannot get one while the label is there */
  async #requireNoRotation(secret: Labels, keptOut: boolean): Promise<void> {
    const pending = holderOf(secret, 'AWSPENDING');
    if (pending === undefined || pending === holderOf(secret, 'AWSCURRENT')) return;
    if (keptOut && (await this.#store.read(this.#secretId, { versionId: pending })) === 'no-value') return;
    throw rotationPending(this.#secretId);
  }

  async #describe(): Promise<Labels> {
    const secret = await this.#store.describe(this.#secretId);
    return secret === 'no-secret' ? NOTHING : secret;
  }
}

type Labels = Pick<SecretDescription, 'tags' | 'versions'>;

/** A secret that was deleted meanwhile: the next read says so. */
const NOTHING: Labels = { tags: {}, versions: {} };

function holderOf({ versions }: Labels, label: string): string | undefined {
  return Object.entries(versions).find(([, stages]) => stages.includes(label))?.[0];
}

function isAdding(intent: UpdateIntent): intent is AddingIntent {
  return intent.adds !== null;
}
