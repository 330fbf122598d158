import type { CredentialFile } from '../../../../core/credential-file.ts';
import type { RequestedKey } from '../../../../core/provisioning/intent.ts';
import type { WantedKey } from '../../../../core/provisioning/update/differences.ts';
import type { UpdateRequest, UpdateResult } from '../../../../core/provisioning/update/ports.ts';
import { updateKey } from '../../../../core/provisioning/update/update.ts';
import { ROLES } from '../../../sandbox/streamkap/roles.ts';
import type { StreamkapOptions } from '../../../sandbox/streamkap/state.ts';
import { MINUTE_MS, PASSWORD, REQUESTED, SECRET, World } from '../bench.ts';

export const GET = 'GET /project-keys/{id}';
export const PATCH = 'PATCH /project-keys/{id}';
export const DESCRIBE = 'DescribeSecret';
export const PUT = 'PutSecretValue';
export const MOVE = 'UpdateSecretVersionStage';

const [READER = '', EDITOR = ''] = ROLES.map(({ id }) => id);

export { EDITOR, READER };
export const READ = { topic_name: 'orders', operation: 'READ', resource_pattern_type: 'LITERAL', resource: 'TOPIC' };

/** What a key can be made with. */
const KINDS = {
  kafka: { kafka_config: { username: 'orders', password: PASSWORD } },
  api: { kafka_config: null, role_ids: [READER] },
};

const KAFKA = { kafka_acls: [READ], whitelist_ips: '203.0.113.7', is_create_schema_registry: true };
/** What is asked for to have both, and what of it a key of one kind lacks. */
export const BOTH: RequestedKey = { description: '', role_ids: [READER], kafka: KAFKA };

/** A key in use, the secret that holds its file, and updates of it. */
export class KeyInUse extends World {
  readonly file: CredentialFile;

  constructor(kind: keyof typeof KINDS, options: Partial<StreamkapOptions> = {}) {
    super(options);
    this.file = this.putKey(1, KINDS[kind]);
    this.put(this.file);
  }

  /** The id of the version that has a label. */
  holderOf(label: string): string | undefined {
    return Object.entries(this.secrets.labels(SECRET)).find(([, stages]) => stages.includes(label))?.[0];
  }

  /** What lies under a label, parsed. */
  under(VersionStage: string): Record<string, unknown> {
    return JSON.parse(String(this.secrets.call('GetSecretValue', { SecretId: SECRET, VersionStage }).SecretString));
  }

  /** A value under a label other than AWSCURRENT, as somebody else puts it. @returns the version's id */
  putUnder(label: string, value: unknown, token = 'b'.repeat(32)): string {
    const SecretString = typeof value === 'string' ? value : JSON.stringify(value);
    const write = { SecretId: SECRET, ClientRequestToken: token, SecretString, VersionStages: [label] };
    this.secrets.call('PutSecretValue', write);
    return token;
  }

  /** Secrets Manager begins a rotation: AWSPENDING is there, a value under it is not. */
  beginRotation(): void {
    const RotationLambdaARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate';
    this.secrets.call('RotateSecret', { SecretId: SECRET, ClientRequestToken: 'c'.repeat(32), RotationLambdaARN });
  }

  /** What changes something, in order. */
  get effects(): string[] {
    return this.calls.filter((call) => [PATCH, PUT, MOVE, 'POST /project-keys', 'CreateSecret'].includes(call));
  }

  /** One run with `update`, that asks for the key as it is but for what is given. */
  update(
    { requested = {}, ...wanted }: Partial<Omit<WantedKey, 'requested'>> & { requested?: Partial<RequestedKey> } = {},
    request: Partial<UpdateRequest> = {},
  ): Promise<UpdateResult> {
    const { ARN } = this.secrets.call('DescribeSecret', { SecretId: SECRET });
    const username = requested.kafka || this.file.kafka ? 'orders' : null;
    return updateKey(this.ports, {
      ...{ secretId: SECRET, run: 'org/repo run 2.1', takeOverAfterMs: 2 * MINUTE_MS, verifyLogin: 'auto' },
      wanted: {
        ...{ name: 'orders', username, aclsGiven: requested.kafka !== undefined },
        requested: { ...(username ? REQUESTED.kafka : {}), description: '', ...requested },
        ...wanted,
      },
      found: {
        arn: String(ARN),
        versionId: this.holderOf('AWSCURRENT') ?? '',
        file: this.current as CredentialFile,
      },
      ...request,
    });
  }
}

/** The key has its Kafka user, and the file with it is stored under the label, by a run that went away then. */
export function withStoredFile(): KeyInUse {
  const world = new KeyInUse('api');
  const key = world.streamkap.projectKeys[0] as { kafka: unknown };
  key.kafka = {
    username: 'orders',
    password: PASSWORD,
    acls: [READ],
    whitelistIps: '203.0.113.7',
    schemaRegistryUrl: 'r',
  };
  world.users.set('orders', PASSWORD);
  const kafka = { username: 'orders', password: PASSWORD, bootstrap_servers: 'b:1', schema_registry_url: 'r' };
  world.putUnder('KEYRING_INTENT', { ...world.file, kafka, kafka_acls: [READ] });
  return world;
}
