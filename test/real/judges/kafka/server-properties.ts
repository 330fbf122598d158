export interface BrokerSettings {
  readonly dataFolder: string;
  readonly usersFile: string;
  readonly keyStoreFile: string;
  /** Of an authority that no client trusts. */
  readonly untrustedKeyStoreFile: string;
  readonly mechanisms: readonly string[];
  readonly ports: {
    /** What clients are told: the proxy. */
    readonly advertised: number;
    readonly clients: number;
    /** For clients too, with the certificate that none of them trusts. */
    readonly untrusted: number;
    readonly admin: number;
    readonly controller: number;
  };
}

const LOGIN_MODULES: Readonly<Record<string, string>> = {
  PLAIN: 'org.apache.kafka.common.security.plain.PlainLoginModule',
  'SCRAM-SHA-256': 'org.apache.kafka.common.security.scram.ScramLoginModule',
  'SCRAM-SHA-512': 'org.apache.kafka.common.security.scram.ScramLoginModule',
};

/**
 * @returns the text of server.properties: one node, SASL_SSL for clients by either of two certificates, and a plain loopback
 * listener whose anonymous user is super user, where tests make topics and ACLs. Without an ACL everything else is refused, as at
 * Streamkap.
 */
export function serverProperties(settings: BrokerSettings): string {
  const { dataFolder, ports } = settings;
  const address = (name: string, port: number) => `${name}://127.0.0.1:${port}`;
  const listeners = [
    address('CLIENTS', ports.clients),
    address('UNTRUSTED', ports.untrusted),
    address('ADMIN', ports.admin),
    address('CONTROLLER', ports.controller),
  ];
  const advertised = [
    address('CLIENTS', ports.advertised),
    address('UNTRUSTED', ports.advertised),
    address('ADMIN', ports.admin),
  ];
  const lines = [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${ports.controller}`,
    'controller.listener.names=CONTROLLER',
    `listeners=${listeners.join(',')}`,
    `advertised.listeners=${advertised.join(',')}`,
    'listener.security.protocol.map=CLIENTS:SASL_SSL,UNTRUSTED:SASL_SSL,ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name=ADMIN',
    `log.dirs=${dataFolder}`,
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found=false',
    'super.users=User:ANONYMOUS',
    'auto.create.topics.enable=false',
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    // The default alone, 128 MB, does not fit into the small heap.
    'log.cleaner.dedupe.buffer.size=2097152',
    ...clientListener('clients', settings.keyStoreFile, settings),
    ...clientListener('untrusted', settings.untrustedKeyStoreFile, settings),
  ];
  return `${lines.join('\n')}\n`;
}

function clientListener(name: string, keyStoreFile: string, { mechanisms, usersFile }: BrokerSettings): string[] {
  const prefix = `listener.name.${name}`;
  return [
    `${prefix}.ssl.keystore.type=PEM`,
    `${prefix}.ssl.keystore.location=${keyStoreFile}`,
    `${prefix}.sasl.enabled.mechanisms=${mechanisms.join(',')}`,
    ...mechanisms.flatMap((mechanism) => {
      const module = LOGIN_MODULES[mechanism];
      if (module === undefined) throw new Error(`no login module is known for ${mechanism}`);
      const ofMechanism = `${prefix}.${mechanism.toLowerCase()}`;
      return [
        `${ofMechanism}.sasl.jaas.config=${module} required users_file="${usersFile}";`,
        `${ofMechanism}.sasl.server.callback.handler.class=KeyringCallbackHandler`,
      ];
    }),
  ];
}
