import { rotating, SECRET, versionId, type World } from '../../../unit/rotation/world.ts';
import { Services } from '../../exploration/services.ts';

export const TOKEN = versionId('second');

const REFUSALS = new Set(['InvalidRequestException', 'InvalidParameterException', 'ResourceExistsException']);

/** The strict models of all services, with one rotation by `single` registered. When something was stored makes no difference. */
export class Model extends Services {
  readonly world: World;

  constructor() {
    const world = rotating();
    const { secrets, streamkap, users } = world;
    super({ secrets, streamkap, users, clock: world, dates: false });
    this.world = world;
  }

  /** Somebody else's write to the secret, refused or not. */
  meddle(operation: 'PutSecretValue' | 'RotateSecret' | 'UpdateSecretVersionStage', input: object): void {
    const result = this.aws({ operation, input: { SecretId: SECRET, ...input } });
    if (result.kind === 'aws-error' && !REFUSALS.has(result.name)) throw new Error(result.message);
  }

  /** As the service may do after a success. */
  removePending(token = TOKEN): void {
    const labels = this.labels[token] ?? [];
    if (!labels.includes('AWSPENDING') || !labels.includes('AWSCURRENT')) return;
    this.meddle('UpdateSecretVersionStage', { VersionStage: 'AWSPENDING', RemoveFromVersionId: token });
  }

  /** What Kafka accepts. */
  get accepted(): string | undefined {
    return this.parts.users.passwordOf('orders');
  }

  get current(): string | undefined {
    return passwordIn(this.valueIn());
  }

  get pending(): string | undefined {
    return passwordIn(this.valueIn(TOKEN));
  }

  get labels(): Readonly<Record<string, readonly string[]>> {
    return this.parts.secrets.labels(SECRET);
  }

  /** What Streamkap was told last. */
  get told(): string | undefined {
    return this.parts.streamkap.kafkaPasswordOf('orders');
  }

  /** The value in a version, AWSCURRENT's by default. */
  valueIn(token?: string): string | undefined {
    return this.parts.secrets.valueOf(SECRET, token === undefined ? {} : { versionId: token });
  }

  /** Passwords under any label that keeps a version for its value's sake. */
  get stored(): (string | undefined)[] {
    const labelled = Object.entries(this.labels).filter(([, stages]) =>
      stages.some((label) => label !== 'KEYRING_MADE'),
    );
    return labelled.map(([id]) => passwordIn(this.valueIn(id)));
  }
}

export function passwordIn(value: string | undefined): string | undefined {
  return value === undefined ? undefined : (JSON.parse(value) as { kafka?: { password?: string } }).kafka?.password;
}
