import type { Clock } from '../../core/clock.ts';
import type { HttpTransport } from '../../core/http.ts';
import type { LoginRequest, LoginResult } from '../../core/login-probe/probe.ts';
import type { RotationMemory } from '../../core/rotation/rotation-memory.ts';
import type { SecretLister, SecretStore, SecretTagger, VersionLister } from '../../core/secret-store.ts';
import type { EvidenceRecorder } from './evidence-recorder.ts';
import type { LineLogger } from './step-log.ts';
import type { Timer } from './timer.ts';

/** As much of Lambda's context as is used. */
export interface LambdaContext {
  readonly awsRequestId?: string;
  getRemainingTimeInMillis?(): number;
}

/** What one container has for all its invocations. */
export interface Container {
  readonly environment: NodeJS.ProcessEnv;
  readonly store: SecretStore & SecretTagger & SecretLister & VersionLister;
  readonly transport: HttpTransport;
  readonly login: (request: LoginRequest) => Promise<LoginResult>;
  readonly generatePassword: () => string;
  readonly clock: Clock;
  readonly timer: Timer;
  /** 0 (included) to 1 (excluded), for jitter. */
  readonly random: () => number;
  readonly memory: RotationMemory;
  readonly logger: LineLogger;
  readonly evidence: EvidenceRecorder;
}
