import type { KafkaCredentialFile } from '../credential-file.ts';
import { StreamkapError } from '../errors.ts';
import type { LoginRequest, LoginResult } from '../login-probe/probe.ts';
import type { SecretDescription, SecretReader, SecretVersion, VersionSelector } from '../secret-store.ts';
import type { StreamkapClient } from '../streamkap/client.ts';
import { statusOf } from '../streamkap/schemas.ts';
import { standbyMissing } from './alternating/errors.ts';
import { pairOf } from './alternating/pair.ts';
import { standbyFileIn } from './alternating/standby.ts';
import { type DryRun, Problems, requireOwnPending, tokenUnderWay, writesOf } from './dry-run-findings.ts';
import * as errors from './errors.ts';
import { parseKafkaCredential, requireSameKey } from './kafka-credential.ts';
import { KafkaLogin } from './kafka-login.ts';
import { keyGone, keyNotActive, refusalOf } from './refusals.ts';
import type { CredentialOrigin, Proof } from './strategy.ts';
import type { TimeBudget } from './time-budget.ts';
import { requireTaggedStrategy } from './token-guard.ts';

/** None of these can change anything. */
export interface DryRunPorts {
  readonly store: SecretReader;
  readonly streamkap: Pick<StreamkapClient, 'getProjectKey'>;
  /** One login; never throws. */
  readonly login: (request: LoginRequest) => Promise<LoginResult>;
  /** Called before a secret is used for anything. */
  readonly secretSeen: (secret: string) => void;
}

/** Makes the reads and logins of a rotation of one password, each once, and says what would follow. */
export class PasswordDryRun {
  readonly #ports: DryRunPorts;
  readonly #budget: TimeBudget;
  readonly #login: KafkaLogin;
  readonly #problems = new Problems((error) =>
    error instanceof StreamkapError ? refusalOf(error, 'no') : errors.asRotationError(error),
  );
  readonly #logins: { -readonly [which in keyof DryRun['logins']]: DryRun['logins'][which] } = {};

  constructor(ports: DryRunPorts, budget: TimeBudget) {
    this.#ports = ports;
    this.#budget = budget;
    this.#login = new KafkaLogin(ports.login);
  }

  /** @throws RotationError SECRET_NOT_FOUND; everything else that is wrong is among the problems */
  async run(secretId: string, strategy: 'single' | 'alternating'): Promise<DryRun> {
    const secret = await this.#ports.store.describe(secretId);
    if (secret === 'no-secret') throw errors.secretGone(secretId);
    await this.#problems.noting(async () => requireTaggedStrategy(secret, strategy));
    if (!secret.rotationEnabled) this.#problems.add(errors.rotationDisabled(secret.arn));
    const plan = await this.#problems.noting(() => this.#plan(secret, strategy));
    return {
      ...{ secretArn: secret.arn, labels: secret.versions, logins: this.#logins },
      ...(plan ?? { wouldWrite: [], wouldChange: [] }),
      ...{ wouldDelete: [], problems: this.#problems.list },
    };
  }

  async #plan(secret: SecretDescription, strategy: 'single' | 'alternating') {
    const current = await this.#file(secret.arn, 'current');
    if (!current) throw errors.notProvisioned(secret.arn, 'no value');
    const { outcome } = await this.#try('current', current);
    await this.#requireActive(current.project_key_id);
    const underWay = await this.#rotationUnderWay(secret, { current, strategy });
    if (outcome === 'rejected' && this.#logins.pending?.outcome !== 'accepted')
      this.#problems.add(errors.currentRejected());
    const changes = strategy === 'single' ? this.#singleChanges(current) : await this.#pairChanges(secret, current);
    return {
      wouldWrite: [...writesOf(secret, underWay), ...changes.stored],
      wouldChange: changes.atStreamkap,
    };
  }

  /** A rotation that was begun goes on with what it stored. */
  async #rotationUnderWay(
    secret: SecretDescription,
    { current, strategy }: { readonly current: KafkaCredentialFile; readonly strategy: 'single' | 'alternating' },
  ): Promise<boolean> {
    const token = tokenUnderWay(secret);
    const pending = token && (await this.#file(secret.arn, 'pending', { versionId: token }));
    if (!pending) return false;
    await this.#problems.noting(async () => {
      if (strategy === 'single') requireSameKey(current, pending);
      requireOwnPending(secret, token);
      await this.#try('pending', pending);
    });
    return true;
  }

  async #pairChanges(secret: SecretDescription, current: KafkaCredentialFile): Promise<Changes> {
    const pair = pairOf(secret, current);
    const standby = `${secret.name}/standby`;
    const kept = `PutSecretValue ${standby}: the outgoing key's file`;
    if (!pair) {
      const birth = 'POST /project-keys: a second key with the roles, ACLs and safe list of the current one';
      return { atStreamkap: [birth], stored: [`PutSecretValue ${standby}: the second key's file`, kept] };
    }
    await this.#requireActive(pair.idle.id);
    const idle = await this.#standby(standby);
    if (idle?.project_key_id === pair.idle.id) await this.#try('idle', idle);
    const atStreamkap = [
      `PATCH /project-keys/${pair.idle.id}: ACLs and safe list, where they differ from the current key's`,
      `PATCH /project-keys/${pair.idle.id}: kafka_password`,
    ];
    return { atStreamkap, stored: [kept] };
  }

  async #standby(name: string): Promise<KafkaCredentialFile | undefined> {
    const version = await this.#ports.store.read(name);
    if (version === 'no-secret') this.#problems.add(standbyMissing(name));
    if (typeof version === 'string') return undefined;
    return await this.#problems.noting(() => this.#seen(standbyFileIn(version, name)));
  }

  /** A password that is in force already is not sent again. */
  #singleChanges({ project_key_id: id, kafka }: KafkaCredentialFile): Changes {
    const inForce = this.#logins.pending?.outcome === 'accepted';
    const change = `PATCH /project-keys/${id}: kafka_password of the user ${kafka.username}`;
    return { atStreamkap: inForce ? [] : [change], stored: [] };
  }

  async #requireActive(id: string): Promise<void> {
    await this.#problems.noting(async () => {
      const key = await this.#ports.streamkap.getProjectKey(id);
      if (!key) throw keyGone(id);
      if (statusOf(key) !== 'active') throw keyNotActive(id, key.status);
    });
  }

  /** One login, whose secret is known to the redaction by now. */
  async #try(which: keyof DryRun['logins'], file: KafkaCredentialFile): Promise<Proof> {
    const proof = await this.#login.once(file, this.#budget);
    this.#logins[which] = proof;
    if (proof.outcome === 'unknown') this.#problems.add(errors.loginUnknown(proof, 'no'));
    return proof;
  }

  /** @returns undefined when the version has no value */
  async #file(
    secretId: string,
    role: CredentialOrigin['role'],
    at?: VersionSelector,
  ): Promise<KafkaCredentialFile | undefined> {
    const version = await this.#ports.store.read(secretId, at);
    if (typeof version === 'string') return undefined;
    return this.#parse(version, role);
  }

  #parse({ value, arn }: SecretVersion, role: CredentialOrigin['role']): KafkaCredentialFile {
    const file = parseKafkaCredential(value, { role, secretId: arn });
    this.#seen(file);
    return file;
  }

  #seen(file: KafkaCredentialFile | undefined): KafkaCredentialFile | undefined {
    if (file) this.#ports.secretSeen(file.kafka.password);
    if (file?.api) this.#ports.secretSeen(file.api.client_secret);
    return file;
  }
}

interface Changes {
  readonly atStreamkap: readonly string[];
  readonly stored: readonly string[];
}
