import { secretStoreOver } from '../../../../core/aws-secret-store.ts';
import type { CredentialFile } from '../../../../core/credential-file.ts';
import { KeyringError } from '../../../../core/errors.ts';
import type { RequestedKey } from '../../../../core/provisioning/intent.ts';
import { updateKey } from '../../../../core/provisioning/update/update.ts';
import { RotationProtocol, STEPS } from '../../../../core/rotation/protocol.ts';
import { RotationMemory } from '../../../../core/rotation/rotation-memory.ts';
import { SingleStrategy } from '../../../../core/rotation/single.ts';
import { TimeBudget } from '../../../../core/rotation/time-budget.ts';
import { ROLES } from '../../../sandbox/streamkap/roles.ts';
import { type Ask, clockOver, loginOver, secretsManagerOver, streamkapOver } from '../../exploration/outside.ts';
import type { Program } from '../../exploration/replay.ts';
import { type CurrentFile, SECRET } from '../world.ts';

/** What an update brings: access that the key lacks, or ACLs that differ. */
export type Change = 'kafka' | 'api' | 'acls';
/** What a process does: an update that adds access, or a whole rotation. */
export type Role = 'update' | 'rotation';

export interface Run {
  readonly role: Role;
  readonly brings: Change;
  /** Milliseconds. */
  readonly takeOverAfterMs: number;
  /** Makes its random numbers differ from those of other runs. */
  readonly name: string;
}

export const TOKEN = 'c'.repeat(32);

/** What it handed out; a rotation hands out nothing. */
export type End = CurrentFile | undefined;

/** The shipped code of one process. */
export function programOf(run: Run): Program<End> {
  return ({ ask }) => (run.role === 'update' ? update(run, ask) : rotate(run, ask));
}

const READ = { topic_name: 'orders', operation: 'READ', resource_pattern_type: 'LITERAL', resource: 'TOPIC' };
const REQUESTED: Record<Change, RequestedKey> = {
  api: { description: '', role_ids: [ROLES[0]?.id ?? ''] },
  kafka: { description: '', kafka: { kafka_acls: [], is_create_schema_registry: false } },
  acls: { description: '', kafka: { kafka_acls: [READ], is_create_schema_registry: false } },
};

/** @returns whether a file has what the update brings */
export function has(file: CurrentFile, change: Change): boolean {
  return change === 'acls' ? file.kafka_acls?.length === 1 : Boolean(file[change]);
}

async function update({ brings, name, takeOverAfterMs }: Run, ask: Ask): Promise<CurrentFile> {
  const store = secretStoreOver(secretsManagerOver(ask));
  const clock = clockOver(ask);
  let ids = 0;
  const found = await store.read(SECRET);
  if (typeof found !== 'object')
    throw new KeyringError({ code: 'GONE', message: '', changed: 'no', retryable: true, remedy: '' });
  const ports = {
    ...{ store, clock, streamkap: streamkapOver(ask, clock), probe: loginOver(ask) },
    randomId: () => `${name}${String(ids++).padStart(8, '0')}`,
    generatePassword: () => `Generated!${name}${String(ids++).padStart(12, '0')}`,
    report: { secretSeen: () => {}, progress: () => {}, warning: () => {} },
  };
  const { file } = await updateKey(ports, {
    secretId: SECRET,
    run: name,
    // In the world everything that is stored is 600 s old at once: no holder counts as alive, unless nobody else is about.
    takeOverAfterMs,
    verifyLogin: 'auto',
    wanted: {
      name: 'orders',
      aclsGiven: brings === 'acls',
      username: brings === 'api' ? null : 'orders',
      requested: REQUESTED[brings],
    },
    found: { arn: found.arn, versionId: found.versionId, file: JSON.parse(found.value) as CredentialFile },
  });
  return file as CurrentFile;
}

/** Secrets Manager registers the rotation, then calls the shipped steps; a step that fails is called again, twice at most. */
async function rotate({ name }: Run, ask: Ask): Promise<undefined> {
  const RotationLambdaARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate';
  const begun = await ask({
    to: 'aws',
    operation: 'RotateSecret',
    input: { SecretId: SECRET, ClientRequestToken: TOKEN, RotationLambdaARN },
  });
  if (begun.kind !== 'aws') return undefined;
  const clock = clockOver(ask);
  const ports = {
    login: loginOver(ask),
    streamkap: () => streamkapOver(ask, clock),
    generatePassword: () => `Generated!Rotation${name}`,
    secretSeen: () => {},
  };
  const settings = { onDrift: 'abandon', loginCheck: 'required', propagationMs: 1_000 } as const;
  const protocol = new RotationProtocol(
    new SingleStrategy(ports, settings),
    { store: secretStoreOver(secretsManagerOver(ask)), clock, memory: new RotationMemory(), signal: () => {} },
    { budget: new TimeBudget(clock, clock.now() + 1_000_000), unprovenAllowed: false },
  );
  let failures = 0;
  for (let at = 0; at < STEPS.length; ) {
    try {
      await protocol.run({ step: STEPS[at] as (typeof STEPS)[number], secretId: SECRET, token: TOKEN });
      at++;
    } catch (error) {
      if (!(error instanceof KeyringError) || ++failures > 2) throw error;
      await clock.sleep(1_000);
      at = 0;
    }
  }
  return undefined;
}
