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
import { callerOver, clientOver } from '../process.ts';
import { type Call, type CurrentFile, type Result, SECRET } from '../world.ts';

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

export type Standing =
  | { readonly at: 'call'; readonly call: Call }
  | { readonly at: 'end'; readonly file: CurrentFile | undefined }
  | { readonly at: 'error'; readonly code: string };

export const TOKEN = 'c'.repeat(32);

/** The shipped code of one process as a function of what it has been answered: it is run again from the start each time. */
export async function standingAfter(run: Run, history: readonly Result[]): Promise<Standing> {
  let answered = 0;
  let standing: Standing | undefined;
  let broken: unknown;
  const ask = (call: Call): Promise<Result> => {
    const result = history[answered++];
    if (result) return Promise.resolve(result);
    standing = { at: 'call', call };
    return new Promise(() => {});
  };
  (run.role === 'update' ? update(run, ask) : rotate(run, ask)).then(
    (file) => {
      standing = { at: 'end', file };
    },
    (error: unknown) => {
      if (error instanceof KeyringError) standing = { at: 'error', code: error.code };
      else broken = error ?? new Error('nothing was thrown');
    },
  );
  for (let turns = 0; !standing; turns++) {
    if (broken !== undefined) throw broken;
    if (turns > 1_000) throw new Error('the run waits for something that nobody was asked for');
    await new Promise((resolve) => setImmediate(resolve));
  }
  return standing;
}

type Ask = (call: Call) => Promise<Result>;

function clockOver(ask: Ask) {
  let slept = 0;
  return {
    now: () => slept,
    sleep: async (milliseconds: number) => {
      if (milliseconds === 0) return;
      slept += milliseconds;
      await ask({ to: 'clock' });
    },
  };
}

function loginOver(ask: Ask) {
  return async ({ username, password }: { username: string; password: string }) => {
    const result = await ask({ to: 'kafka', username, password });
    if (result.kind !== 'login') return { outcome: 'unknown', code: 'TIMEOUT', milliseconds: 0 } as const;
    return result.outcome === 'accepted'
      ? ({ outcome: 'accepted', broker: 'b', milliseconds: 0 } as const)
      : ({ outcome: 'rejected', code: 'SASL_AUTHENTICATION_FAILED', broker: 'b', milliseconds: 0 } as const);
  };
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
  const store = secretStoreOver(callerOver(ask));
  const clock = clockOver(ask);
  let ids = 0;
  const found = await store.read(SECRET);
  if (typeof found !== 'object')
    throw new KeyringError({ code: 'GONE', message: '', changed: 'no', retryable: true, remedy: '' });
  const ports = {
    ...{ store, clock, streamkap: clientOver(ask, clock), probe: loginOver(ask) },
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
    streamkap: () => clientOver(ask, clock),
    generatePassword: () => `Generated!Rotation${name}`,
    secretSeen: () => {},
  };
  const settings = { onDrift: 'abandon', loginCheck: 'required', propagationMs: 1_000 } as const;
  const protocol = new RotationProtocol(
    new SingleStrategy(ports, settings),
    { store: secretStoreOver(callerOver(ask)), clock, memory: new RotationMemory(), signal: () => {} },
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
