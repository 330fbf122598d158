import { Logger } from '@aws-lambda-powertools/logger';
import { awsSecretStore } from '../../core/aws-secret-store.ts';
import { systemClock } from '../../core/clock.ts';
import { nodeTransport } from '../../core/http.ts';
import { probeLogin } from '../../core/login-probe/probe.ts';
import { generateKafkaPassword } from '../../core/password.ts';
import { RotationMemory } from '../../core/rotation/rotation-memory.ts';
import type { Container } from './container.ts';

/** Milliseconds for one request to Secrets Manager; the SDK repeats a failed one, which has to fit into a short step too. */
const SECRETS_MANAGER_MS = 5_000;

/** @returns what a function has in AWS @param functionFolder names it in log lines */
export function productionContainer(functionFolder: string): Container {
  return {
    environment: process.env,
    store: awsSecretStore({ environment: process.env, requestTimeoutMs: SECRETS_MANAGER_MS }),
    transport: nodeTransport(process.env),
    login: (request) => probeLogin(request),
    generatePassword: () => generateKafkaPassword(),
    clock: systemClock,
    random: Math.random,
    memory: new RotationMemory(),
    logger: new Logger({ serviceName: `streamkap-keyring-${functionFolder}` }),
  };
}
