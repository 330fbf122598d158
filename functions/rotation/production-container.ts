import { Logger } from '@aws-lambda-powertools/logger';
import { awsSecretStore } from '../../core/aws-secret-store.ts';
import { systemClock } from '../../core/clock.ts';
import { eventBridge, s3Evidence } from '../../core/evidence/aws-evidence.ts';
import { nodeTransport } from '../../core/http.ts';
import { probeLogin } from '../../core/login-probe/probe.ts';
import { generateKafkaPassword } from '../../core/password.ts';
import { RotationMemory } from '../../core/rotation/rotation-memory.ts';
import type { Container } from './container.ts';
import { EvidenceRecorder } from './evidence-recorder.ts';
import { systemTimer } from './timer.ts';

/** Milliseconds for one request to Secrets Manager; the SDK repeats a failed one, which has to fit into a short step too. */
const SECRETS_MANAGER_MS = 5_000;

/**
 * What a function has in AWS. EVIDENCE_BUCKET and EVENT_BUS_NAME, both optional, say where evidence and events go.
 * @param functionFolder names it in log lines
 */
export function productionContainer(functionFolder: string): Container {
  const { EVIDENCE_BUCKET: bucket, EVENT_BUS_NAME: bus } = process.env;
  return {
    environment: process.env,
    store: awsSecretStore({ environment: process.env, requestTimeoutMs: SECRETS_MANAGER_MS }),
    transport: nodeTransport(process.env),
    login: (request) => probeLogin(request),
    generatePassword: () => generateKafkaPassword(),
    clock: systemClock,
    timer: systemTimer,
    random: Math.random,
    memory: new RotationMemory(),
    logger: new Logger({ serviceName: `streamkap-keyring-${functionFolder}` }),
    evidence: new EvidenceRecorder({
      store: bucket ? s3Evidence(bucket) : undefined,
      bus: bus ? eventBridge(bus) : undefined,
    }),
  };
}
