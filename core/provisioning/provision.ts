import { backoffMs } from '../clock.ts';
import type { CredentialFile } from '../credential-file.ts';
import { KeyringError, ProvisioningError, SecretStoreError, StreamkapError } from '../errors.ts';
import type { SecretVersion } from '../secret-store.ts';
import { statusOf } from '../streamkap/schemas.ts';
import { createSurely, putSurely, type WriteOutcome } from './durable-write.ts';
import type { Held, Intent } from './intent.ts';
import { keysOfIntent, removeKey, waitUntilActive } from './keys.ts';
import { type MadeKey, makeKey } from './making.ts';
import { LIMITS, type ProvisioningPorts, type ProvisioningRequest, type ProvisioningResult } from './ports.ts';
import { contentOf, readSituation } from './situation.ts';
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
  return new Provisioner(ports, request).run();
}

class Provisioner {
  readonly #ports: ProvisioningPorts;
  readonly #request: ProvisioningRequest;
  /** Keys this run made or adopted and could not store; ours to delete once a file is current that names another. */
  readonly #unstored = new Set<string>();
  /** Errors speak of the whole run: once an intent is stored, "nothing was changed" is not true any more. */
  #wrote = false;
  /** What this run had stored, or finished for a run that had. */
  #made: { readonly keyId: string; readonly outcome: 'created' | 'adopted' } | undefined;

  constructor(ports: ProvisioningPorts, request: ProvisioningRequest) {
    this.#ports = ports;
    this.#request = request;
  }

  async run(): Promise<ProvisioningResult> {
    try {
      return await this.#run();
    } catch (error) {
      throw error instanceof KeyringError && this.#wrote ? afterWriting(error) : error;
    }
  }

  async #run(): Promise<ProvisioningResult> {
    const { clock } = this.#ports;
    const end = clock.now() + this.#request.takeOverAfterMs + LIMITS.patienceMs;
    for (let looks = 0; clock.now() <= end; ) {
      const situation = await readSituation(this.#ports.store, this.#request.secretId);
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
      message: `Another run is still making the project key for ${this.#request.secretId}`,
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
      const content = contentOf(next);
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
    await this.#hold({ versionId, intent }, withdrawn ? 'list' : 'post');
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
    await this.#hold({ versionId, intent: next }, 'list');
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
  async #hold(held: Held, from: 'post' | 'list'): Promise<void> {
    const { verifyLogin, secretId } = this.#request;
    const stillOurs = async () => {
      const current = await this.#ports.store.read(secretId);
      return typeof current === 'object' && current.versionId === held.versionId;
    };
    const made = await makeKey(this.#ports, held.intent, { from, verifyLogin, stillOurs });
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
    this.#unstored.add(file.project_key_id);
    if (!(await this.#store(held, made))) return;
    this.#unstored.delete(file.project_key_id);
    this.#made = { keyId: file.project_key_id, outcome: made.outcome };
    await this.#finish(held, file);
  }

  /** @returns false when overtaken. An answer's secret exists only here until then, so the write is not given up easily. */
  async #store(held: Held, { file, clean }: MadeKey): Promise<boolean> {
    const { secretId } = this.#request;
    const versionId = successorOf(held.versionId);
    const stages = clean ? [CREATED_LABEL] : [CREATED_LABEL, SWEEP_LABEL];
    try {
      const write = { secretId, versionId, value: JSON.stringify(file), stages };
      if ((await putSurely(this.#ports.store, write)) === 'stored') return true;
    } catch (error) {
      throw error instanceof SecretStoreError ? unstorable(error, file.project_key_id) : error;
    }
    return (await this.#storedKeyId(versionId)) === file.project_key_id;
  }

  async #storedKeyId(versionId: string): Promise<string | undefined> {
    const version = await this.#ports.store.read(this.#request.secretId, { versionId });
    const content = typeof version === 'object' ? contentOf(version) : undefined;
    return content?.state === 'file' ? content.file.project_key_id : undefined;
  }

  /** Streamkap will not have the request as it is: the next run must be free to ask for something else, at once. */
  async #withdraw({ versionId, intent }: Held): Promise<WriteOutcome | 'unknown'> {
    const withdrawn = { ...intent, attempt: intent.attempt + 1, password: null, withdrawn: true, run: this.#runName() };
    // Not being able to say so costs the next run its wait, nothing else.
    return await this.#writeIntent('empty', successorOf(versionId), withdrawn).catch(() => 'unknown' as const);
  }

  /** A file is stored under the intent's successor: nobody can overtake any more, and anybody may carry this out. */
  async #finish(held: Held, file: CredentialFile): Promise<true> {
    const { store, report, streamkap } = this.#ports;
    report.secretSeen(file);
    const fileVersionId = successorOf(held.versionId);
    if ((await waitUntilActive(this.#ports, file.project_key_id)) === 'failed') {
      await this.#replaceFailed({ versionId: fileVersionId, intent: held.intent }, file);
      return true;
    }
    for (const twin of await keysOfIntent(this.#ports, held.intent)) {
      // A higher attempt belongs to an intent that follows this file (it had failed meanwhile), never to a twin of it.
      const isTwin = twin.id !== file.project_key_id && twin.marker.attempt <= held.intent.attempt;
      if (isTwin) await streamkap.deleteProjectKey(twin.id);
    }
    const move = { secretId: this.#request.secretId, label: 'AWSCURRENT', from: held.versionId, to: fileVersionId };
    const moved = (await store.move(move)) === 'moved';
    if (moved) this.#made ??= { keyId: file.project_key_id, outcome: 'adopted' };
    return true;
  }

  /** Streamkap could not finish a key whose file is stored: a new intent goes on from the file's version, once. */
  async #replaceFailed(stored: Held, file: CredentialFile): Promise<void> {
    const { intent } = stored;
    if (intent.failures < LIMITS.failures) {
      await this.#succeed(stored, { failures: intent.failures + 1 });
      return;
    }
    await removeKey(this.#ports, file.project_key_id);
    await this.#withdraw(stored);
    throw creationFailed(intent, file.project_key_id);
  }

  async #found(version: SecretVersion, file: CredentialFile): Promise<ProvisioningResult> {
    this.#ports.report.secretSeen(file);
    for (const id of this.#unstored) {
      if (id !== file.project_key_id) await this.#ports.streamkap.deleteProjectKey(id);
    }
    if (version.stages.includes(SWEEP_LABEL)) await sweepLateKeys(this.#ports, version, file.project_key_id);
    const outcome = this.#made?.keyId === file.project_key_id ? this.#made.outcome : 'found';
    return { outcome, file, secretArn: version.arn, versionId: version.versionId };
  }

  async #wait(version: SecretVersion, looks: number): Promise<void> {
    const ageSeconds = Math.round((version.readAt - version.createdAt) / 1000);
    this.#ports.report.progress(`waiting for another run to finish creating the key (begun ${ageSeconds} s ago)`);
    await this.#ports.clock.sleep(backoffMs(looks, LIMITS.poll));
  }
}

function noSuchArn(arn: string): ProvisioningError {
  return new ProvisioningError({
    code: 'SECRET_NOT_FOUND',
    message: `There is no secret ${arn}, and a new one cannot be given an ARN`,
    changed: 'no',
    retryable: false,
    remedy: 'Check the account and Region in the ARN against AWS_REGION, or give a name to have the secret made.',
  });
}

/** The same error, told of the run as a whole. */
function afterWriting(error: KeyringError): KeyringError {
  if (error.changed !== 'no') return error;
  const { code, message, retryable, remedy, requestId } = error;
  const note = 'The secret keeps a note of what was begun, for the next run to go on from.';
  return new ProvisioningError({ code, message, changed: 'yes', retryable, remedy: `${remedy} ${note}`, requestId });
}

function unstorable(error: SecretStoreError, keyId: string): ProvisioningError {
  return new ProvisioningError({
    code: error.code,
    message: `The project key ${keyId} was made, but its file could not be stored: ${error.message}`,
    changed: 'yes',
    retryable: error.retryable,
    remedy: `${error.remedy} The next run adopts or replaces the key.`,
    requestId: error.requestId,
  });
}

function creationFailed(intent: Intent, id: string): StreamkapError {
  return new StreamkapError({
    code: 'CREATE_FAILED',
    message: `Streamkap could not finish the project key "${intent.name}" (${id}), twice`,
    changed: 'no',
    retryable: true,
    remedy: "Both keys were deleted. Check Streamkap's status and the request, then run again.",
  });
}
