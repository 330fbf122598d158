/** One version of a secret, with its value, as Secrets Manager gave it. */
export interface SecretVersion {
  readonly arn: string;
  readonly name: string;
  readonly versionId: string;
  readonly value: string;
  readonly stages: readonly string[];
  /** Milliseconds since the epoch, by AWS's clock: when the version was made. */
  readonly createdAt: number;
  /** Milliseconds since the epoch, by AWS's clock: when it was read. Ages are the difference, no clock of ours is in it. */
  readonly readAt: number;
}

/** What a read may find besides a version. */
export type Absence = 'no-secret' | 'no-value';

/** Which version is meant; AWSCURRENT when neither is given. */
export type VersionSelector = { readonly versionId: string } | { readonly stage: string };

export interface NewSecret {
  readonly name: string;
  readonly versionId: string;
  readonly value: string;
  readonly kmsKeyId?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface NewVersion {
  readonly secretId: string;
  readonly versionId: string;
  readonly value: string;
  /** Left out: AWSCURRENT moves to it. */
  readonly stages?: readonly string[];
  /** From the rotation event; never logged. */
  readonly rotationToken?: string | undefined;
}

export interface LabelMove {
  readonly secretId: string;
  readonly label: string;
  readonly from?: string | undefined;
  readonly to?: string;
}

export interface SecretDescription {
  readonly arn: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, readonly string[]>>;
  readonly rotationEnabled: boolean;
  /** ARN of the function that rotates it. Stays where rotation was switched off. */
  readonly rotationFunction?: string;
  /** When the next rotation is due at the latest, milliseconds since the epoch; in the past when rotations fail. */
  readonly nextRotationAt?: number;
}

/** The reads. Dry runs and auditors are given only these. */
export interface SecretReader {
  read(secretId: string, version?: VersionSelector): Promise<SecretVersion | Absence>;
  describe(secretId: string): Promise<SecretDescription | 'no-secret'>;
}

/**
 * Secrets Manager as this product uses it. Versions are immutable: a write under a known version id succeeds only with the very
 * same value. Every method throws SecretStoreError for what its result does not name.
 */
export interface SecretStore extends SecretReader {
  /** @returns `exists` when the name is taken by whatever it is */
  create(secret: NewSecret): Promise<{ readonly arn: string } | 'exists'>;
  /** @returns `taken` when the version id holds another value */
  put(version: NewVersion): Promise<'stored' | 'taken'>;
  /** Moves a label if and only if `from` holds it (compare-and-swap). @returns `elsewhere` when it does not, nothing changed */
  move(move: LabelMove): Promise<'moved' | 'elsewhere'>;
}

/** One version as a list shows it: without its value. */
export interface VersionEntry {
  readonly versionId: string;
  /** Empty for a version that Secrets Manager may purge. */
  readonly stages: readonly string[];
  /** Milliseconds since the epoch, by AWS's clock. */
  readonly createdAt: number;
}

/** Only what cleans up behind old credentials looks at versions without a label. */
export interface VersionLister {
  /** @returns every version that is not purged yet, in no order @throws SecretStoreError, also when there is no such secret */
  versions(secretId: string): Promise<readonly VersionEntry[]>;
}

/** A secret as a list shows it. */
export interface SecretEntry {
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
  /** ARN of the function that rotates it. */
  readonly rotationFunction: string | undefined;
}

/** Only what looks after many secrets at once lists them. */
export interface SecretLister {
  /** @returns all secrets with exactly this tag, none that is scheduled for deletion */
  secretsTagged(key: string, value: string): Promise<readonly SecretEntry[]>;
}

/** Only who orders a rotation starts one. */
export interface RotationStarter {
  /**
   * RotateSecret with the settings that the secret has. Returns at once; the rotation runs on its own.
   * @param token becomes the new version's id; the same one again is the same rotation
   * @throws SecretStoreError ROTATION_PENDING, ROTATION_NOT_CONFIGURED, FUNCTION_NOT_INVOKABLE
   */
  rotate(secretId: string, token: string): Promise<void>;
}

/** Set by the Action, the operator's commands, and by a rotation that makes a second key. */
export interface SecretTagger {
  tag(secretId: string, tags: Readonly<Record<string, string>>): Promise<void>;
}
