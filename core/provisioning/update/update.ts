import { backoffMs } from '../../clock.ts';
import type { CredentialFile } from '../../credential-file.ts';
import { KeyringError, ProvisioningError, SecretStoreError } from '../../errors.ts';
import type { KeyChange, ProjectKeyDetail } from '../../streamkap/schemas.ts';
import { PROJECT_KEY_FORMAT } from '../kind.ts';
import { LIMITS } from '../ports.ts';
import { readSituation } from '../situation.ts';
import { activeKey } from './active-key.ts';
import { type Adding, addAccess } from './adding.ts';
import { type Difference, differencesOf, knownByDetail } from './differences.ts';
import * as errors from './errors.ts';
import { type CurrentFile, type Held, type Taken, UpdateLock } from './lock.ts';
import type { UpdatePorts, UpdateRequest, UpdateResult } from './ports.ts';
import { type AddingIntent, hasAccess, type UpdateIntent } from './update-intent.ts';
import { type NewSections, newSections, updatedFile, withSections } from './updated-file.ts';

/**
 * Makes a key that a secret holds as it is wanted: settings that differ, and access that it lacks. Never makes a second key.
 *
 * The order of effects: the intent under KEYRING_INTENT, the change at Streamkap, at once the new file under the same label, then
 * AWSCURRENT from the very version that was read to the new one. AWSCURRENT is untouched until then, so a run may die anywhere: the
 * next one with `update` finds by the label what was begun, and finishes it. Whatever happens at the same time (another update, a
 * rotation: see UpdateLock) is noticed by a compare-and-swap that fails; then everything is read again.
 *
 * @throws ProvisioningError, SecretStoreError, StreamkapError; after any of them the same call may be made again
 */
export function updateKey(ports: UpdatePorts, request: UpdateRequest): Promise<UpdateResult> {
  return new Updater(ports, request).run();
}

/** What is to be done, and for which file. */
interface Work {
  readonly current: CurrentFile;
  readonly key: ProjectKeyDetail;
  readonly change: KeyChange;
  readonly adds: 'kafka' | 'api' | null;
}

class Updater {
  readonly #ports: UpdatePorts;
  readonly #request: UpdateRequest;
  readonly #lock: UpdateLock;
  /** Fields that Streamkap took: where one still differs afterwards, sending it again would not help. */
  readonly #sent = new Set<string>();
  #changed = false;
  #kafkaAdded = false;

  constructor(ports: UpdatePorts, request: UpdateRequest) {
    this.#ports = ports;
    this.#request = request;
    this.#lock = new UpdateLock(ports, request);
  }

  async run(): Promise<UpdateResult> {
    try {
      return await this.#run();
    } catch (error) {
      throw error instanceof KeyringError && this.#changed ? errors.afterChanging(error) : error;
    }
  }

  async #run(): Promise<UpdateResult> {
    const { clock, report } = this.#ports;
    const end = clock.now() + this.#request.takeOverAfterMs + LIMITS.patienceMs;
    let current = this.#request.found;
    for (let looks = 0; clock.now() <= end; current = await this.#current()) {
      report.secretSeen(current.file);
      const key = await activeKey(this.#ports, current.file.project_key_id);
      const differences = this.#differencesOf(current.file, key);
      const work = { current, key, ...this.#workIn(key.id, differences) };
      const isDone = Object.keys(work.change).length === 0 && work.adds === null;
      if (isDone && updatedFile(current.file, key) === current.file) return this.#result(current, differences);
      const taken = await this.#lock.take(current, this.#intentFor(work));
      if (taken.state === 'busy') report.progress('waiting for another run to finish changing the key');
      if (taken.state === 'busy' || taken.state === 'moved') await clock.sleep(backoffMs(looks++, LIMITS.poll));
      else await this.#carryOut(work, taken);
    }
    throw errors.updateUnfinished(this.#request.secretId);
  }

  async #current(): Promise<CurrentFile> {
    const situation = await readSituation(this.#ports.store, this.#request.secretId, PROJECT_KEY_FORMAT);
    if (situation.state !== 'file') throw gone(this.#request.secretId);
    const { arn, versionId } = situation.version;
    return { arn, versionId, file: situation.file };
  }

  /** Access is what the file has: what Streamkap has and the file lacks cannot be handed out. */
  #differencesOf(file: CredentialFile, key: ProjectKeyDetail): Difference[] {
    const username = hasAccess(file, 'kafka') ? (key.kafka_username ?? null) : null;
    const hasSchemaRegistry = Boolean(file.kafka?.schema_registry_url);
    const known = { ...knownByDetail(key), hasApi: hasAccess(file, 'api'), username, hasSchemaRegistry };
    return differencesOf(known, this.#request.wanted);
  }

  #workIn(id: string, differences: readonly Difference[]): Pick<Work, 'change' | 'adds'> {
    let adds: Work['adds'] = null;
    const change: Record<string, unknown> = {};
    for (const { remedy } of differences) {
      if (remedy === 'none') continue;
      if ('add' in remedy) adds ??= remedy.add;
      else Object.assign(change, remedy.change);
    }
    // Streamkap cleans descriptions of HTML: what comes back may differ for good.
    if (this.#sent.has('description')) delete change.description;
    const again = Object.keys(change).filter((field) => this.#sent.has(field));
    if (again.length > 0) throw errors.notApplied(id, again);
    return { change, adds };
  }

  #intentFor({ current, adds }: Work): UpdateIntent {
    const { wanted, run } = this.#request;
    const { randomId, generatePassword, report } = this.#ports;
    const password = adds === 'kafka' ? generatePassword() : null;
    if (password !== null) report.secretSeen(password);
    return {
      type: 'streamkap_keyring_update',
      keyId: current.file.project_key_id,
      adds,
      username: adds === 'kafka' ? wanted.username : null,
      password,
      requested: wanted.requested,
      run: `${run} ${randomId()}`,
    };
  }

  async #carryOut(work: Work, taken: Exclude<Taken, { state: 'busy' | 'moved' }>): Promise<void> {
    const { current } = work;
    switch (taken.state) {
      case 'stored':
        this.#ports.report.secretSeen(taken.file);
        return await this.#finish(current, { held: taken.held, sections: newSections(taken.file, current.file) });
      case 'inherited': {
        const { password } = taken.intent;
        if (password !== null) this.#ports.report.secretSeen(password);
        return await this.#add(current, { ...taken, isOursAlone: () => false });
      }
      case 'own':
        return await this.#own(work, taken.held);
    }
  }

  async #own({ current, key, change, adds }: Work, held: Held): Promise<void> {
    const { streamkap } = this.#ports;
    try {
      this.#requireNothingLost(current.file, key, adds);
      if (Object.keys(change).length > 0) {
        await streamkap.changeProjectKey(key.id, change);
        for (const field of Object.keys(change)) this.#sent.add(field);
        this.#changed = true;
      }
    } catch (error) {
      await this.#lock.release(held.versionId);
      throw error;
    }
    if (adds === null) return await this.#finish(current, { held, sections: {} });
    const intent = JSON.parse(held.value) as AddingIntent;
    await this.#add(current, { held, intent, isOursAlone: held.keepsRotationsOut });
  }

  /** Access that Streamkap has, the file lacks, and no intent accounts for: somebody else got its secret. */
  #requireNothingLost(file: CredentialFile, key: ProjectKeyDetail, adds: Work['adds']): void {
    if (adds === 'api' && knownByDetail(key).hasApi) throw errors.apiSecretLost(file.project_key_id, 'no');
    if (adds === 'kafka' && key.kafka_username) throw errors.kafkaAddedElsewhere(key.id, key.kafka_username);
  }

  async #add(
    current: CurrentFile,
    { held, intent, isOursAlone }: { held: Held; intent: AddingIntent; isOursAlone: Adding['isOursAlone'] },
  ): Promise<void> {
    const isHeld = () => this.#lock.isHeld(held);
    const isStored = async () => !(await isHeld()) || (await this.#current()).versionId !== current.versionId;
    const { file } = current;
    const { verifyLogin } = this.#request;
    const adding = { intent, file, verifyLogin, isOursAlone, isHeld, isStored };
    const added = await addAccess(this.#ports, adding).catch(async (error: unknown) => {
      // Nothing that a later run could finish: rotations are not kept waiting for it.
      if (error instanceof ProvisioningError && !error.retryable) await this.#lock.release(held.versionId);
      throw error;
    });
    if (added.outcome === 'overtaken') return;
    if (added.outcome === 'refused') {
      await this.#lock.release(held.versionId);
      throw added.refusal;
    }
    this.#changed = true;
    this.#kafkaAdded ||= intent.adds === 'kafka';
    const stored = await this.#store(held, { file: withSections(file, added.sections), intent });
    await this.#finish(current, { held: stored, sections: added.sections });
  }

  /** At once: a new API secret exists only here until then. */
  async #store(held: Held, { file, intent }: { file: CredentialFile; intent: AddingIntent }): Promise<Held> {
    try {
      return await this.#lock.store(held, JSON.stringify(file));
    } catch (error) {
      if (intent.adds !== 'api' || !(error instanceof SecretStoreError)) throw error;
      throw errors.apiSecretUnstored(intent.keyId, error);
    }
  }

  /** The key is as it shall be; the file follows. New secrets keep their label until they are current, whatever happens. */
  async #finish(current: CurrentFile, { held, sections }: { readonly held: Held; readonly sections: NewSections }) {
    let stored = held;
    let isOver = Object.keys(sections).length === 0;
    try {
      const key = await activeKey(this.#ports, current.file.project_key_id);
      const file = updatedFile(withSections(current.file, sections), key);
      const value = JSON.stringify(file);
      if (file !== current.file && value !== held.value) stored = await this.#lock.store(held, value);
      const isCurrent = file === current.file || (await this.#lock.promote(current.versionId, stored));
      isOver ||= isCurrent;
    } finally {
      if (isOver) await this.#lock.release(stored.versionId);
    }
  }

  #result({ file, arn, versionId }: CurrentFile, differences: readonly Difference[]): UpdateResult {
    return {
      outcome: this.#changed ? 'updated' : 'found',
      file,
      secretArn: arn,
      versionId,
      kafkaAdded: this.#kafkaAdded,
      unchangeable: differences.flatMap(({ remedy, sentence }) => (remedy === 'none' ? [sentence] : [])),
    };
  }
}

/** Somebody emptied or replaced the secret while the key was being changed. */
function gone(secretId: string): ProvisioningError {
  return new ProvisioningError({
    code: 'SECRET_CHANGED',
    message: `The secret ${secretId} does not hold a credential file any more`,
    changed: 'no',
    retryable: true,
    remedy: 'Look at who else writes the secret, then run again.',
  });
}
