import { ADMIN_SECRET, FIRST, SECRET, versionId, World, type WorldOptions } from '../world.ts';

export const STANDBY = `${SECRET}/standby`;
export const ROLES = {
  admin: 'eb6b0ab4-7d1a-4c1e-9b52-3f6f0f2f5a01',
  dataAdmin: 'f0a4c8d2-2c3b-4e0f-8a77-91b4d0c35a02',
};
export const ACL = {
  topic_name: 'orders',
  operation: 'READ',
  resource_pattern_type: 'LITERAL',
  resource: 'TOPIC',
} as const;

const TOKENS = ['first', 'second', 'third', 'fourth', 'fifth', 'manual'];

/** As much of a stored value as tests look at: a credential file, or an intent. */
interface Stored {
  readonly type?: string;
  readonly project_key_id?: string;
  readonly kafka?: { readonly username: string; readonly password: string };
  readonly password?: string;
}

export interface FirstKey {
  readonly username?: string;
  readonly acls?: readonly object[];
  readonly whitelistIps?: string;
  readonly roleIds?: readonly string[];
  readonly permissionIds?: readonly string[];
  readonly serviceId?: string;
}

/** The world of one rotated secret and its standby, for a function that rotates by `alternating`. */
export class PairWorld extends World {
  constructor(options: WorldOptions = {}) {
    super({ ...options, environment: { ROTATION_STRATEGY: 'alternating', ...options.environment } });
  }

  /** What the Action and the stack leave behind: one key, its file and tags, and an empty standby secret. */
  provisionFirst({ username = 'orders', acls = [ACL], ...key }: FirstKey = {}): void {
    const kafka_config = {
      ...{ username, password: FIRST, kafka_acls: acls, is_create_schema_registry: false },
      ...(key.whitelistIps ? { whitelist_ips: key.whitelistIps } : {}),
    };
    const file = this.streamkap.seedProjectKey({
      ...{ name: 'orders', description: 'reads orders', kafka_config },
      ...(key.roleIds ? { role_ids: key.roleIds } : {}),
      ...(key.permissionIds ? { permission_ids: key.permissionIds } : {}),
      ...(key.serviceId ? { serviceId: key.serviceId } : {}),
    } as never);
    const value = { ...file, vendor_note: { kept: true } };
    this.secrets.call('CreateSecret', {
      ...{ Name: SECRET, ClientRequestToken: versionId('first'), SecretString: JSON.stringify(value) },
      Tags: [
        { Key: 'streamkap:strategy', Value: 'alternating' },
        { Key: 'streamkap:project-key-id', Value: String(file.project_key_id) },
        { Key: 'streamkap:kafka-username', Value: username },
      ],
    });
    this.secrets.call('CreateSecret', { Name: STANDBY, Tags: [{ Key: 'streamkap:role', Value: 'standby' }] });
  }

  /** A whole rotation, time enough after the one before. @returns how it ended */
  async rotate(name: string): Promise<string> {
    this.now += 3_600_000;
    this.begin(name);
    this.calls.length = 0;
    const results = await this.driver.runToEnd();
    return results.at(-1)?.outcome ?? 'none';
  }

  /** A direct call of the function. @returns its answer, or the error's code */
  async retire(secretId?: string): Promise<unknown> {
    this.calls.length = 0;
    try {
      return await this.invoke({ action: 'retire', ...(secretId ? { secretId } : {}) });
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : String(error);
    }
  }

  /** The calls in words, AWS's with the secret's short name. */
  get story(): string[] {
    const { arn } = this;
    const standby = this.secrets.call('DescribeSecret', { SecretId: STANDBY }).ARN;
    const short = new Map([
      [arn, ''],
      [SECRET, ''],
      [STANDBY, 'standby'],
      [String(standby), 'standby'],
      [ADMIN_SECRET, 'admin'],
    ]);
    return this.calls.map(({ operation, what = '' }) => `${operation} ${short.get(what) ?? what}`.trim());
  }

  get tags(): Record<string, string> {
    const { Tags = [] } = this.secrets.call('DescribeSecret', { SecretId: SECRET });
    return Object.fromEntries((Tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]));
  }

  stored(secretId: string, selector?: { stage: string } | { versionId: string }): Stored | undefined {
    const text = this.secrets.valueOf(secretId, selector);
    return text === undefined ? undefined : (JSON.parse(text) as Stored);
  }

  get current(): Stored['kafka'] {
    return this.stored(SECRET)?.kafka;
  }

  get standby(): Stored['kafka'] {
    return this.stored(STANDBY)?.kafka;
  }

  keyOf(username: string) {
    const key = this.streamkap.projectKeys.find(({ kafka }) => kafka?.username === username);
    if (!key) throw new Error(`no key of ${username}`);
    return key;
  }

  /** Edits a key as somebody in Streamkap's UI would. */
  edit(username: string, edit: (key: Record<string, unknown> & { kafka: Record<string, unknown> }) => void): void {
    const { id } = this.keyOf(username);
    const snapshot = JSON.parse(this.streamkap.snapshot()) as {
      keys: (Record<string, unknown> & { kafka: Record<string, unknown> })[];
      logins: Record<string, unknown>;
    };
    for (const key of snapshot.keys) {
      if (key.id !== id) continue;
      edit(key);
      snapshot.logins[username] = key.kafka.password;
    }
    this.streamkap.restore(JSON.stringify(snapshot));
  }

  /** A value put into the standby secret by hand. */
  putStandby(value: unknown, token: string): void {
    const put = { SecretId: STANDBY, ClientRequestToken: versionId(token), SecretString: JSON.stringify(value) };
    this.secrets.call('PutSecretValue', put);
  }

  /** Everything that is wrong at this instant with what must be true at every instant. */
  get violations(): string[] {
    this.streamkap.settle();
    const found: string[] = [];
    const { current } = this;
    if (current && this.users.passwordOf(current.username) !== current.password) {
      found.push(`Kafka refuses the current credential, ${current.username}`);
    }
    const stored = [...this.#passwordsIn(SECRET), ...this.#passwordsIn(STANDBY)];
    for (const { kafka } of this.streamkap.projectKeys) {
      if (!kafka) continue;
      for (const password of [this.users.passwordOf(kafka.username), kafka.password]) {
        if (password !== undefined && !stored.includes(password)) found.push(`${kafka.username}: stored nowhere`);
      }
    }
    return found;
  }

  /** Of all versions that carry a label; an intent's password counts. */
  #passwordsIn(secretId: string): (string | undefined)[] {
    return Object.entries(this.secrets.labels(secretId))
      .filter(([, stages]) => stages.length > 0)
      .map(([id]) => this.stored(secretId, { versionId: id }))
      .map((value) => value?.kafka?.password ?? value?.password);
  }

  override nameOf(password: string): string {
    if (password === FIRST) return 'first';
    const known = this.secrets.labels(SECRET);
    for (const name of TOKENS) {
      const id = versionId(name);
      if (known[id] && this.stored(SECRET, { versionId: id })?.kafka?.password === password) return name;
    }
    return this.#passwordsIn(STANDBY).includes(password) ? 'standby' : 'unstored';
  }
}

/** A pair that has rotated once: B is current, A's file is in the standby secret. */
export async function paired(options: WorldOptions = {}, first: FirstKey = {}): Promise<PairWorld> {
  const world = new PairWorld(options);
  world.provisionFirst(first);
  const outcome = await world.rotate('second');
  if (outcome !== 'succeeded') throw new Error(`the birth ended ${outcome}: ${String(world.errors.at(-1))}`);
  world.calls.length = 0;
  return world;
}
