import type { RotationRules } from './secret.ts';
import type { RotationStanding, SecretsManagerState } from './state.ts';

export type RotationStep = 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret';

/** What Secrets Manager sends to a rotation function. RotationToken is as secret as the value. */
export interface RotationEvent {
  readonly Step: RotationStep;
  readonly SecretId: string;
  readonly ClientRequestToken: string;
  readonly RotationToken: string;
}

/** The rotation function: in process, or a loaded bundle's handler. Rejecting fails the step. */
export type Invoke = (event: RotationEvent, target: { readonly functionArn: string }) => Promise<void>;

/** An AWS service event as CloudTrail shows it. `reason` names a step and an error's class, or what ended the rotation. */
export interface ServiceEvent {
  readonly eventName:
    | 'RotationStarted'
    | 'RotationSucceeded'
    | 'RotationFailed'
    | 'RotationAbandoned'
    | 'TestRotationStarted'
    | 'TestRotationSucceeded'
    | 'TestRotationFailed';
  readonly secretId: string;
  /** `Rotation-<arn>-<versionId>` */
  readonly requestID: string;
  readonly reason?: string;
}

/** One call of the function. */
export interface Invocation {
  readonly step: RotationStep;
  readonly token: string;
  /** 1 for the first run of the four steps. */
  readonly sequence: number;
  readonly failed: boolean;
  /** What the function threw. */
  readonly error?: unknown;
}

export interface RotationResult {
  readonly arn: string;
  readonly token: string;
  readonly outcome: 'succeeded' | 'failed' | 'abandoned' | 'test-succeeded' | 'test-failed';
  /** Sequences run in this window. */
  readonly sequences: number;
  /** What the last failing step threw. */
  readonly error?: unknown;
  readonly standing: RotationStanding;
}

export interface DriverOptions {
  readonly state: SecretsManagerState;
  readonly invoke: Invoke;
  /** Both have been seen on AWS. */
  readonly pendingAfterSuccess: 'left' | 'removed';
  /** Runs of the four steps in one rotation window; AWS does not publish its count. @default 5 */
  readonly maxSequences?: number;
  /** No sequence starts later than this after the first, by the state's clock. @default no limit */
  readonly windowMs?: number;
  /** A pending version filled without the event's RotationToken ends the rotation. @default true */
  readonly requireRotationToken?: boolean;
  /** When an abandoned rotation stops: at once, or only after the running sequence. @default 'before-next-step' */
  readonly abandonmentNoticed?: 'before-next-step' | 'after-sequence';
}

export interface RotateOptions {
  readonly rotateImmediately?: boolean;
  readonly clientRequestToken?: string;
  /** Needed once; later rotations use the stored one. */
  readonly functionArn?: string;
  readonly rules?: RotationRules;
}
