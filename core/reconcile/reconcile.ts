import type { Clock } from '../clock.ts';
import { type KafkaCredentialFile, kafkaConnection } from '../credential-file.ts';
import { RotationError, StreamkapError } from '../errors.ts';
import type { LoginRequest, LoginResult } from '../login-probe/login.ts';
import { tryNewPassword } from '../login-probe/new-password.ts';
import { currentMoved } from '../rotation/errors.ts';
import { parseKafkaCredential } from '../rotation/kafka-credential.ts';
import { LabelMoves } from '../rotation/label-moves.ts';
import { CURRENT, holderOf, PENDING } from '../rotation/situation.ts';
import { VersionReading } from '../rotation/version-reading.ts';
import type { SecretStore } from '../secret-store.ts';
import type { StreamkapClient } from '../streamkap/client.ts';
import type { Step } from './plan.ts';

export interface ReconcilePorts {
  readonly store: SecretStore;
  readonly streamkap: Pick<StreamkapClient, 'setKafkaPassword'>;
  /** One login; never throws. */
  readonly login: (request: LoginRequest) => Promise<LoginResult>;
  readonly clock: Clock;
  /** Called before a secret is used for anything. */
  readonly secretSeen: (secret: string) => void;
  readonly progress: (line: string) => void;
}

/** Milliseconds for one login. */
const LOGIN_MS = 10_000;

/**
 * Makes one step of a plan. Labels are moved by compare-and-swap; a password is sent only when it was just read from the current
 * version and no rotation has begun, and it counts as set only when Kafka accepts it.
 * @throws RotationError CURRENT_MOVED, ROTATION_UNDER_WAY before anything was changed; PASSWORD_REFUSED, PASSWORD_UNPROVEN after
 */
export async function makeStep(ports: ReconcilePorts, secretId: string, step: Step): Promise<void> {
  const reading = new VersionReading(ports.store, ports.clock);
  const labels = new LabelMoves(ports.store, reading);
  switch (step.do) {
    case 'promote':
      return await labels.promote({ secretId, token: step.to }, step.from);
    case 'clear-pending':
      return await labels.clearPending({ secretId, token: step.versionId });
    case 'set-password':
      return await setPassword(ports, { secretId, versionId: step.versionId, reading });
  }
}

interface Target {
  readonly secretId: string;
  readonly versionId: string;
  readonly reading: VersionReading;
}

async function setPassword(ports: ReconcilePorts, target: Target): Promise<void> {
  const file = await currentFile(target);
  ports.secretSeen(file.kafka.password);
  const lost = await ports.streamkap
    .setKafkaPassword(file.project_key_id, file.kafka.password)
    .then(() => undefined, streamkapError);
  if (lost?.changed === 'no') throw lost;
  await prove(ports, file);
}

/** The last look before the password is sent: what is sent is stored, current, and no rotation is about to send another. */
async function currentFile({ secretId, versionId, reading }: Target): Promise<KafkaCredentialFile> {
  const { versions } = await reading.describe(secretId);
  if (holderOf(versions, CURRENT) !== versionId) throw currentMoved({ secretId, token: versionId });
  const pending = holderOf(versions, PENDING);
  if (pending !== undefined && pending !== versionId) throw rotationBegan(secretId);
  const version = await reading.find(secretId, versionId);
  if (!version) throw currentMoved({ secretId, token: versionId });
  return parseKafkaCredential(version.value, { role: 'current', secretId });
}

/** Whatever Streamkap answered, or did not: only a login tells. */
async function prove({ clock, login, progress }: ReconcilePorts, file: KafkaCredentialFile): Promise<void> {
  const request = { ...kafkaConnection(file.kafka), timeoutMs: LOGIN_MS };
  const result = await tryNewPassword(request, { clock, probe: login, progress });
  if (result.outcome === 'accepted') return;
  const refused = result.outcome === 'rejected';
  throw new RotationError({
    code: refused ? 'PASSWORD_REFUSED' : 'PASSWORD_UNPROVEN',
    message: refused
      ? `The current password was sent to Streamkap, and Kafka still refuses it for ${file.kafka.username}`
      : `The current password was sent to Streamkap, and Kafka could not be asked whether it works (${result.code})`,
    changed: 'unknown',
    retryable: true,
    remedy: refused ? 'Report it to Streamkap when it stays.' : 'Ask from where the brokers can be reached.',
  });
}

function rotationBegan(secretId: string): RotationError {
  return new RotationError({
    code: 'ROTATION_UNDER_WAY',
    message: `A rotation of ${secretId} began meanwhile, so no password was sent`,
    changed: 'no',
    retryable: true,
    remedy: 'Let it end first.',
  });
}

function streamkapError(error: unknown): StreamkapError {
  if (error instanceof StreamkapError) return error;
  throw error;
}
