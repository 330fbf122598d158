import {
  type Acl,
  AclOperations,
  AclPermissionTypes,
  Admin,
  Producer,
  ResourcePatternTypes,
  ResourceTypes,
  stringSerializers,
} from '@platformatic/kafka';

/** An ACL as Streamkap's create body words it, and the user it is for. */
export interface UserAcl {
  readonly username: string;
  readonly resource?: 'TOPIC' | 'GROUP';
  readonly name: string;
  readonly pattern?: 'LITERAL' | 'PREFIXED';
  /** @default READ */
  readonly operation?: 'ALL' | 'READ' | 'WRITE' | 'DESCRIBE' | 'CREATE' | 'DELETE' | 'ALTER';
}

/** Topics, ACLs and records, made over the broker's plain loopback listener. */
export class Administration {
  readonly #admin: Admin;
  readonly #producer: Producer<string, string, string, string>;

  constructor(bootstrap: string) {
    const options = { clientId: 'keyring-administration', bootstrapBrokers: [bootstrap], retries: 20, retryDelay: 250 };
    this.#admin = new Admin(options);
    this.#producer = new Producer({ ...options, serializers: stringSerializers });
  }

  async createTopic(topic: string): Promise<void> {
    await this.#admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 });
  }

  async addAcl({
    username,
    name,
    resource = 'TOPIC',
    pattern = 'LITERAL',
    operation = 'READ',
  }: UserAcl): Promise<void> {
    const acl: Acl = {
      resourceType: ResourceTypes[resource],
      resourceName: name,
      resourcePatternType: ResourcePatternTypes[pattern],
      principal: `User:${username}`,
      host: '*',
      operation: AclOperations[operation],
      permissionType: AclPermissionTypes.ALLOW,
    };
    await this.#admin.createAcls({ creations: [acl] });
  }

  /** Takes away every ACL of a user. */
  async deleteAcls(username: string): Promise<void> {
    const any = { resourceType: ResourceTypes.ANY, resourceName: null, resourcePatternType: ResourcePatternTypes.ANY };
    const who = { principal: `User:${username}`, host: null };
    const what = { operation: AclOperations.ANY, permissionType: AclPermissionTypes.ANY };
    await this.#admin.deleteAcls({ filters: [{ ...any, ...who, ...what }] });
  }

  /** The topics that exist, the broker's own left out. */
  async topics(): Promise<string[]> {
    const topics = await this.#admin.listTopics();
    return topics.filter((topic) => !topic.startsWith('__')).sort();
  }

  async produce(topic: string, lines: readonly string[]): Promise<void> {
    await this.#producer.send({ messages: lines.map((value) => ({ topic, value })) });
  }

  async close(): Promise<void> {
    await Promise.all([this.#admin.close(), this.#producer.close()]);
  }
}
