import type { KafkaCredentialFile } from '../credential-file.ts';
import { StreamkapError } from '../errors.ts';
import { isUnfinished } from '../provisioning/update/update-intent.ts';
import type { SecretDescription, SecretVersion } from '../secret-store.ts';
import { requireOtherKey } from './alternating/pair.ts';
import { CredentialReading } from './credential-reading.ts';
import { lookAtPair } from './dry-run-alternating.ts';
import { DryLogins } from './dry-run-change.ts';
import { type DryRun, Problems, requireOwnPending, tokenUnderWay, writesOf } from './dry-run-findings.ts';
import { type DryRunPorts, type Look, makesCredential, once } from './dry-run-look.ts';
import { lookAtSingle } from './dry-run-single.ts';
import { asRotationError, rotationDisabled, secretGone } from './errors.ts';
import { parseKafkaCredential, requireSameKey } from './kafka-credential.ts';
import { KafkaLogin } from './kafka-login.ts';
import { refusalOf } from './refusals.ts';
import type { SingleSettings } from './single.ts';
import { PREVIOUS, situationOf } from './situation.ts';
import type { TimeBudget } from './time-budget.ts';
import { requireNoUpdate, requireTaggedStrategy } from './token-guard.ts';
import { VersionReading } from './version-reading.ts';

type File = KafkaCredentialFile;

export interface DryRunSettings {
  readonly strategy: 'single' | 'alternating';
  readonly single: SingleSettings;
}

/** Which pending credential may follow the current one. @throws RotationError */
const SUCCESSOR = { single: requireSameKey, alternating: requireOtherKey } as const;
const LOOK = { single: lookAtSingle, alternating: lookAtPair } as const;

/** Makes the reads and logins of a rotation of one password, each once, by the rotation's own code, and says what would follow. */
export class PasswordDryRun {
  readonly #ports: DryRunPorts;
  readonly #budget: TimeBudget;
  readonly #settings: DryRunSettings;
  readonly #reading: VersionReading;
  readonly #credentials: CredentialReading<File>;
  readonly #logins: DryLogins;
  readonly #problems = new Problems((error) =>
    error instanceof StreamkapError ? refusalOf(error, 'no') : asRotationError(error),
  );

  constructor(ports: DryRunPorts, budget: TimeBudget, settings: DryRunSettings) {
    this.#ports = { ...ports, streamkap: readingOnce(ports.streamkap) };
    this.#budget = budget;
    this.#settings = settings;
    this.#reading = new VersionReading(ports.store, budget.clock);
    this.#credentials = new CredentialReading(this.#reading, {
      parse: (text, origin) => this.#seen(parseKafkaCredential(text, origin)),
      requireSuccessor: SUCCESSOR[settings.strategy],
    });
    this.#logins = new DryLogins(new KafkaLogin(ports.login));
  }

  /** @throws RotationError SECRET_NOT_FOUND; everything else that is wrong is among the problems */
  async run(secretId: string): Promise<DryRun> {
    const secret = await this.#ports.store.describe(secretId);
    if (secret === 'no-secret') throw secretGone(secretId);
    await this.#problems.noting(async () => requireTaggedStrategy(secret, this.#settings.strategy));
    if (!secret.rotationEnabled) this.#problems.add(rotationDisabled(secret.arn));
    const plan = await this.#problems.noting(() => this.#plan(secret));
    return {
      ...{ secretArn: secret.arn, labels: secret.versions, logins: this.#logins.proofs },
      ...(plan ?? { wouldWrite: [], wouldChange: [] }),
      ...{ wouldDelete: [], problems: this.#problems.list },
    };
  }

  async #plan(secret: SecretDescription): Promise<Pick<DryRun, 'wouldWrite' | 'wouldChange'>> {
    const current = await this.#credentials.current(secret.arn);
    const token = tokenUnderWay(secret);
    const version = token === undefined ? undefined : await this.#reading.peek(secret.arn, token);
    const look = this.#lookOf(secret, { current: this.#logins.stored('current', current.value), version });
    if (makesCredential(look)) {
      const strategy = { isUnfinishedUpdate: (value: string, file: File) => isUnfinished({ value }, file) };
      await this.#problems.noting(() => requireNoUpdate({ reading: this.#reading, strategy }, secret, current));
    }
    const { atStreamkap, stored, instead } = await LOOK[this.#settings.strategy](look);
    const writes = instead ?? writesOf(secret, version !== undefined);
    return { wouldWrite: [...writes, ...stored], wouldChange: atStreamkap };
  }

  /** @param found.version the pending one, where it has a value: a rotation that was begun goes on with what it stored */
  #lookOf(
    secret: SecretDescription,
    { current, version }: { readonly current: File; readonly version: SecretVersion | undefined },
  ): Look {
    const token = tokenUnderWay(secret);
    const situation = token === undefined ? 'pending' : situationOf(secret.versions[token]);
    const stored = once(async () => version && this.#credentials.parse(version, 'pending'));
    const before = once(() => this.#credentials.before(secret.arn, { stage: PREVIOUS }, current));
    const pending = async (unstored: File) => {
      const file = await stored();
      SUCCESSOR[this.#settings.strategy](current, file ?? unstored);
      if (version && file) requireOwnPending(secret, version.versionId);
      const wayBackRecorded = situation === 'rolling-back';
      const mayHaveBeenSent = file !== undefined && situation !== 'unsent';
      return { value: this.#logins.stored('pending', file) ?? unstored, wayBackRecorded, mayHaveBeenSent };
    };
    const previous = async () => this.#logins.stored('previous', await before());
    return {
      ...{ ports: this.#ports, settings: this.#settings.single, budget: this.#budget },
      ...{ problems: this.#problems, logins: this.#logins, secret, current, situation, pending, previous },
    };
  }

  #seen(file: File): File {
    this.#ports.secretSeen(file.kafka.password);
    if (file.api) this.#ports.secretSeen(file.api.client_secret);
    return file;
  }
}

function readingOnce({ getProjectKey, whoami }: DryRunPorts['streamkap']): DryRunPorts['streamkap'] {
  const keys = new Map<string, ReturnType<typeof getProjectKey>>();
  return {
    whoami,
    getProjectKey(id) {
      const key = keys.get(id) ?? getProjectKey(id);
      keys.set(id, key);
      return key;
    },
  };
}
