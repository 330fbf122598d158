import { randomUUID } from 'node:crypto';
import { type fileIn, SECRET_ID, storedIn, type World } from '../action/fixture.ts';
import { passwordOf, rotatableWorld, type Strategy } from '../action/rotate-fixture.ts';

export const MINUTE_MS = 60_000;
/** A rotation may be under way for so long. */
export const STUCK_MS = 16 * MINUTE_MS;

/** A secret whose rotation is set up, and the time that AWS and Streamkap go by. */
export interface Patient {
  readonly world: World;
  readonly old: ReturnType<typeof fileIn>;
  pass(milliseconds: number): void;
  /** One call of Secrets Manager, for the rotated secret unless another is named. */
  aws(operation: string, input?: object): void;
  /** The version with the label. */
  idWith(label: string): string;
}

export async function patient(strategy: Strategy = 'single'): Promise<Patient> {
  let aheadMs = 0;
  const { world, old } = await rotatableWorld(strategy, { now: () => Date.now() + aheadMs });
  const { secretsManager } = world.sandbox;
  return {
    ...{ world, old },
    pass: (milliseconds) => {
      aheadMs += milliseconds;
    },
    aws: (operation, input = {}) => void secretsManager.call(operation, { SecretId: SECRET_ID, ...input }),
    idWith: (label) =>
      Object.entries(secretsManager.labels(SECRET_ID)).find(([, labels]) => labels.includes(label))?.[0] ?? '',
  };
}

/** Has the secret rotated by its function, to the end. */
export async function rotated({ world, aws }: Patient): Promise<void> {
  aws('RotateSecret', { ClientRequestToken: randomUUID() });
  await world.sandbox.secretsManagerServer.idle();
}

/** A rotation whose function is never called. */
export function begun({ world, aws }: Patient): void {
  world.sandbox.setBundle(undefined);
  aws('RotateSecret', { ClientRequestToken: randomUUID() });
}

/** A rotation that stored its password, which Streamkap then refused to set, in every sequence. */
export async function stoppedBeforeSending(subject: Patient): Promise<void> {
  subject.world.sandbox.log.script({
    ...{ service: 'streamkap', operation: 'PATCH /project-keys/{id}', times: 2 },
    action: { kind: 'status', when: 'before', status: 403 },
  });
  await rotated(subject);
}

/** A rotation whose password is in force, and whose AWSCURRENT could not be moved. */
export async function stoppedBeforeTheMove(subject: Patient): Promise<void> {
  const { secretsManager } = subject.world.sandbox;
  const call = secretsManager.call.bind(secretsManager);
  secretsManager.call = (operation, input) => {
    const { MoveToVersionId: to, VersionStage: label } = input as { MoveToVersionId?: string; VersionStage?: string };
    if (operation === 'UpdateSecretVersionStage' && label === 'AWSCURRENT' && to) throw new Error('AWS fails');
    return call(operation, input);
  };
  await rotated(subject);
  secretsManager.call = call;
  if (passwordOf(subject.world) === subject.old.kafka?.password) throw new Error('the password was not changed');
}

export function moveLabel({ aws }: Patient, label: string, from: string | undefined, to?: string): void {
  aws('UpdateSecretVersionStage', {
    VersionStage: label,
    ...(from ? { RemoveFromVersionId: from } : {}),
    ...(to ? { MoveToVersionId: to } : {}),
  });
}

/** Stores a value under a label, as somebody with the right to do so might. */
export function putByHand({ aws }: Patient, value: object, labels: readonly string[], secretId = SECRET_ID): void {
  aws('PutSecretValue', {
    ...{ SecretId: secretId, SecretString: JSON.stringify(value), VersionStages: labels },
    ClientRequestToken: randomUUID(),
  });
}

export const stored = ({ world }: Patient, secretId?: string) => storedIn(world, secretId) as never as Patient['old'];
