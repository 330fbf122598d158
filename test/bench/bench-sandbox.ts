import { startSandbox } from '../sandbox/sandbox.ts';

/** The stand-ins for the benchmark, in a process of their own, with one secret that holds a credential file. */
const sandbox = await startSandbox();
const file = JSON.stringify(
  sandbox.streamkap.seedProjectKey({
    name: 'found',
    kafka_config: { username: 'found', password: 'Found!Password0123456789' },
  }),
);
sandbox.secretsManager.call('CreateSecret', {
  Name: 'bench/found',
  SecretString: file,
  ClientRequestToken: crypto.randomUUID(),
});
const { environment, admin, streamkapHost } = sandbox;
process.send?.({ environment, admin, streamkapHost, file });
process.on('SIGTERM', () => void sandbox.close().then(() => process.exit(0)));
