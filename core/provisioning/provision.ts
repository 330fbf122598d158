import { backoffMs } from '../clock.ts';
import { KeyringError, ProvisioningError, SecretStoreError } from '../errors.ts';
import type { SecretVersion } from '../secret-store.ts';
import { statusOf } from '../streamkap/schemas.ts';
import { createSurely, putSurely, type WriteOutcome } from './durable-write.ts';
import { afterWriting, creationFailed, noSuchArn, unstorable } from './errors.ts';
import { type Held, type Intent, intentKindOf } from './intent.ts';
import { keysOfIntent, removeKey, waitUntilActive } from './keys.ts';
import type { Credential } from './kind.ts';
import { type MadeKey, makeKey } from './making.ts';
import {
  type KindPorts,
  LIMITS,
  type ProvisioningPorts,
  type ProvisioningRequest,
  type ProvisioningResult,
} from './ports.ts';
import { projectKeys } from './project-keys.ts';
import { contentIn, readSituation } from './situation.ts';
import { SWEEP_LABEL, sweepLateKeys } from './sweep.ts';
import { successorOf } from './version-id.ts';

/** On a new key's file until it is active, and after. */
export const CREATED_LABEL = 'KEYRING_CREATED';
/** A holder that stored its file this long ago, in milliseconds, and did not finish, is helped. */
const HELP_AFTER_MS = 5_000;

/**
 * Makes a project key exactly once, whoever else tries at the same time and wherever earlier runs died; or finds it made.
 *
 * AWSCURRENT goes from nothing to an intent, perhaps to a taker's intent, to the key's file. Each of these is written under the
 * id that only one writer can win (successorOf), so: a stored file cannot be overtaken, and an overtaken holder cannot store.
 * The protocol is DESIGN.md section 4; test/faults enumerates its interleavings on this code.
 *
 * @throws ProvisioningError, SecretStoreError, StreamkapError; after any of them the same call may be made again, and finishes or
 * undoes what was begun
 */
export function provision(ports: ProvisioningPorts, request: ProvisioningRequest): Promise<ProvisioningResult> {
  return provisionKind({ ...ports, kind: projectKeys(ports.streamkap) }, request);
}

/** The same for any kind of credential: what is said of keys here holds for all of them. */
export function provisionKind<C extends Credential>(
  ports: KindPorts<C>,
  request: ProvisioningRequest,
): Promise<ProvisioningResult<C>> {
  return new Provisioner(ports, request).run();
}

class Provisioner<C extends Credential> {
  readonly #ports: KindPorts<C>;
  readonly #request: ProvisioningRequest;
  /** Keys this run made or adopted and could not store; ours to delete once a file is current that names another. */
  readonly #unstored = new Set<string>();
  /** Errors speak of the whole run: once an intent is stored, "nothing was changed" is not true any more. */
  #wrote = false;
  /** What this run had stored, or finished for a run that had. */
  #made: { readonly keyId: string; readonly outcome: 'created' | 'adopted' } | undefined;

  constructor(ports: KindPorts<C>, request: ProvisioningRequest) {
    this.#ports = ports;
    this.#request = request;
  }

  async run(): Promise<ProvisioningResult<C>> {
    try {
      return await this.#run();
    } catch (error) {
      throw error instanceof KeyringError && this.#wrote ? afterWriting(error) : error;
    }
  }

  async #run(): Promise<ProvisioningResult<C>> {
    const { clock, kind } = this.#ports;
    const end = clock.now() + this.#request.takeOverAfterMs + LIMITS.patienceMs;
    for (let looks = 0; clock.now() <= end; ) {
      const situation = await readSituation(this.#ports.store, this.#request.secretId, kind.format);
      switch (situation.state) {
        case 'file':
          return await this.#found(situation.version, situation.file);
        case 'absent':
        case 'empty':
          // Lost to another run whose intent the next read may not show yet.
          if (!(await this.#begin(situation.state, undefined))) await clock.sleep(backoffMs(looks++, LIMITS.poll));
          break;
        case 'intent':
          if (!(await this.#advance(situation))) await this.#wait(situation.version, looks++);
      }
    }
    throw new ProvisioningError({
      code: 'CREATION_NOT_FINISHED',
      message: `Another run is still making the ${kind.format.noun} for ${this.#request.secretId}`,
      changed: 'no',
      retryable: true,
      remedy: 'Run again later; look for the other run in the intent that the secret holds.',
    });
  }

  /** @returns false when there is nothing to do but to wait for the holder */
  async #advance({ version, intent }: { version: SecretVersion; intent: Intent }): Promise<boolean> {
    const held = { versionId: version.versionId, intent };
    const next = await this.#ports.store.read(this.#request.secretId, { versionId: successorOf(version.versionId) });
    if (typeof next === 'object') {
      const content = contentIn(next, this.#ports.kind.format);
      // An intent there: AWSCURRENT has moved on since it was read. A young file: its holder is about to finish.
      const helpAfterMs = Math.min(HELP_AFTER_MS, this.#request.takeOverAfterMs);
      if (content.state !== 'file' || next.readAt - next.createdAt < helpAfterMs) return false;
      return await this.#finish(held, content.file);
    }
    if (intent.withdrawn) return await this.#begin('empty', held);
    if (version.readAt - version.createdAt < this.#request.takeOverAfterMs) return false;
    return await this.#takeOver(held);
  }

  /**
   * Puts an intent of its own, the first or the one after a withdrawn one, and carries it out. After a withdrawn one the intent id
   * stays, so that what its attempts left behind is found by the same marker.
   * @returns false when another run was first
   */
  async #begin(state: 'absent' | 'empty', withdrawn: Held | undefined): Promise<boolean> {
    const { generatePassword, randomId, report } = this.#ports;
    if (state === 'absent' && this.#request.secretId.startsWith('arn:')) throw noSuchArn(this.#request.secretId);
    const { name, username, requested } = await this.#request.prepare();
    const password = username === null ? null : generatePassword();
    if (password !== null) report.secretSeen(password);
    const attempt = withdrawn ? withdrawn.intent.attempt + 1 : 1;
    const intent: Intent = {
      type: 'streamkap_keyring_intent',
      ...intentKindOf(this.#ports.kind),
      intentId: withdrawn?.intent.intentId ?? randomId(),
      attempt,
      since: attempt,
      failures: 0,
      name,
      username,
      formerUsernames: withdrawn ? [...withdrawn.intent.formerUsernames, withdrawn.intent.username] : [],
      password,
      requested,
      run: this.#runName(),
    };
    const versionId = successorOf(withdrawn?.versionId);
    if ((await this.#writeIntent(state, versionId, intent)) === 'taken') return false;
    await this.#hold({ versionId, intent }, withdrawn !== undefined);
    return true;
  }

  async #takeOver({ versionId: seen, intent }: Held): Promise<boolean> {
    if (intent.password !== null) this.#ports.report.secretSeen(intent.password);
    const keys = await keysOfIntent(this.#ports, intent);
    // Somebody's POST is still being carried out: its answer may be on its way.
    if (keys.some((key) => statusOf(key) === 'creating')) return false;
    return await this.#succeed({ versionId: seen, intent }, { failures: intent.failures });
  }

  /** Puts the next attempt of an intent after the version `seen`, which moves AWSCURRENT to it, and carries it out. */
  async #succeed({ versionId: seen, intent }: Held, { failures }: { failures: number }): Promise<boolean> {
    const next = { ...intent, attempt: intent.attempt + 1, failures, run: this.#runName() };
    const versionId = successorOf(seen);
    if ((await this.#writeIntent('empty', versionId, next)) === 'taken') return false;
    await this.#hold({ versionId, intent: next }, true);
    return true;
  }

  async #writeIntent(state: 'absent' | 'empty', versionId: string, intent: Intent): Promise<WriteOutcome> {
    const { secretId, newSecret } = this.#request;
    const value = JSON.stringify(intent);
    const outcome =
      state === 'empty'
        ? await putSurely(this.#ports.store, { secretId, versionId, value })
        : await createSurely(this.#ports.store, { name: secretId, versionId, value, ...newSecret });
    this.#wrote ||= outcome === 'stored';
    return outcome;
  }

  #runName(): string {
    return `${this.#request.run} ${this.#ports.randomId()}`;
  }

  /** From here on an intent of ours is durable. Safe also for a holder that has been overtaken and does not know it. */
  async #hold(held: Held, lookFirst: boolean): Promise<void> {
    const { verifyLogin, secretId } = this.#request;
    const stillOurs = async () => {
      const current = await this.#ports.store.read(secretId);
      return typeof current === 'object' && current.versionId === held.versionId;
    };
    const made = await makeKey(this.#ports, held.intent, { lookFirst, verifyLogin, stillOurs });
    if (made.outcome === 'overtaken') return;
    if (made.outcome === 'refused') {
      const withdrawn = await this.#withdraw(held);
      // Overtaken: what stood in the way may be the taker's key, which the next read finds.
      if (withdrawn === 'taken') return;
      // A request that was taken over from another run says nothing about our own, which comes next.
      if (held.intent.attempt > held.intent.since) return;
      throw made.refusal;
    }
    const { file } = made;
    const keyId = this.#idOf(file);
    this.#unstored.add(keyId);
    if (!(await this.#store(held, made))) return;
    this.#unstored.delete(keyId);
    this.#made = { keyId, outcome: made.outcome };
    await this.#finish(held, file);
  }

  /** @returns false when overtaken. An answer's secret exists only here until then, so the write is not given up easily. */
  async #store(held: Held, { file, clean }: MadeKey<C>): Promise<boolean> {
    const { secretId } = this.#request;
    const versionId = successorOf(held.versionId);
    const stages = clean ? [CREATED_LABEL] : [CREATED_LABEL, SWEEP_LABEL];
    try {
      const write = { secretId, versionId, value: JSON.stringify(file), stages };
      return (await putSurely(this.#ports.store, write)) === 'stored';
    } catch (error) {
      throw error instanceof SecretStoreError ? unstorable(error, this.#named(file)) : error;
    }
  }

  /** Streamkap will not have the request as it is: the next run must be free to ask for something else, at once. */
  async #withdraw({ versionId, intent }: Held): Promise<WriteOutcome | undefined> {
    const withdrawn = { ...intent, attempt: intent.attempt + 1, password: null, withdrawn: true, run: this.#runName() };
    // Not being able to say so costs the next run its wait, nothing else.
    return await this.#writeIntent('empty', successorOf(versionId), withdrawn).catch(() => undefined);
  }

  /** A file is stored under the intent's successor: nobody can overtake any more, and anybody may carry this out. */
  async #finish(held: Held, file: C): Promise<true> {
    const { store, report, kind } = this.#ports;
    report.secretSeen(file);
    const keyId = this.#idOf(file);
    const fileVersionId = successorOf(held.versionId);
    if ((await waitUntilActive(this.#ports, keyId)) === 'failed') {
      await this.#replaceFailed({ versionId: fileVersionId, intent: held.intent }, file);
      return true;
    }
    for (const twin of await keysOfIntent(this.#ports, held.intent)) {
      // A higher attempt belongs to an intent that follows this file (it had failed meanwhile), never to a twin of it.
      const isTwin = twin.id !== keyId && twin.marker.attempt <= held.intent.attempt;
      if (isTwin) await kind.delete(twin.id);
    }
    const move = { secretId: this.#request.secretId, label: 'AWSCURRENT', from: held.versionId, to: fileVersionId };
    const moved = (await store.move(move)) === 'moved';
    if (moved) this.#made ??= { keyId, outcome: 'adopted' };
    return true;
  }

  /** Streamkap could not finish a key whose file is stored: a new intent goes on from the file's version, once. */
  async #replaceFailed(stored: Held, file: C): Promise<void> {
    const { intent } = stored;
    if (intent.failures < LIMITS.failures) {
      await this.#succeed(stored, { failures: intent.failures + 1 });
      return;
    }
    await removeKey(this.#ports, this.#idOf(file));
    await this.#withdraw(stored);
    throw creationFailed(intent, this.#named(file));
  }

  async #found(version: SecretVersion, file: C): Promise<ProvisioningResult<C>> {
    this.#ports.report.secretSeen(file);
    const keyId = this.#idOf(file);
    for (const id of this.#unstored) {
      if (id !== keyId) await this.#ports.kind.delete(id);
    }
    if (version.stages.includes(SWEEP_LABEL)) await sweepLateKeys(this.#ports, version, keyId);
    const outcome = this.#made?.keyId === keyId ? this.#made.outcome : 'found';
    return { outcome, file, secretArn: version.arn, versionId: version.versionId };
  }

  #idOf(file: C): string {
    return this.#ports.kind.format.idOf(file);
  }

  #named(file: C): string {
    return `${this.#ports.kind.format.noun} ${this.#idOf(file)}`;
  }

  async #wait(version: SecretVersion, looks: number): Promise<void> {
    const ageSeconds = Math.round((version.readAt - version.createdAt) / 1000);
    this.#ports.report.progress(`waiting for another run to finish creating the key (begun ${ageSeconds} s ago)`);
    await this.#ports.clock.sleep(backoffMs(looks, LIMITS.poll));
  }
}
