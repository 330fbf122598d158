import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach } from 'vitest';
import { CallLog, type Fault } from '../call-log.ts';
import { emptyAccount, id, NAME } from './fixture.ts';
import { type SecretsManagerOptions, type SecretsManagerServer, startSecretsManager } from './server.ts';
import type { SecretsManagerState } from './state.ts';

export const VALUE = 'a password nobody may log';
const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

export interface Running {
  readonly server: SecretsManagerServer;
  readonly client: SecretsManagerClient;
  readonly log: CallLog;
  readonly state: SecretsManagerState;
}

export async function start(options: Partial<SecretsManagerOptions> = {}): Promise<Running> {
  const log = new CallLog();
  const { state } = emptyAccount();
  const server = await startSecretsManager({ state, log, ...options });
  const client = new SecretsManagerClient({
    endpoint: server.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
    maxAttempts: 1,
  });
  stops.push(
    () => server.close(),
    () => client.destroy(),
  );
  return { server, client, log, state };
}

export const create = (): CreateSecretCommand =>
  new CreateSecretCommand({ Name: NAME, ClientRequestToken: id('v0'), SecretString: VALUE });
export const put = (): PutSecretValueCommand =>
  new PutSecretValueCommand({
    SecretId: NAME,
    ClientRequestToken: id('v1'),
    SecretString: 'next',
    VersionStages: ['AWSPENDING'],
  });
export const get = (): GetSecretValueCommand => new GetSecretValueCommand({ SecretId: NAME });
export const fault = (operation: string, action: Fault['action']): Fault => ({
  service: 'secretsmanager',
  operation,
  action,
});
