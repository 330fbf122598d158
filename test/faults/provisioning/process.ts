import { secretStoreOver } from '../../../core/aws-secret-store.ts';
import { clientCredentials } from '../../../core/provisioning/client-credentials.ts';
import type { RequestedKey } from '../../../core/provisioning/intent.ts';
import type { Credential } from '../../../core/provisioning/kind.ts';
import type { KeyRequest, ProvisioningResult } from '../../../core/provisioning/ports.ts';
import { provision, provisionKind } from '../../../core/provisioning/provision.ts';
import { ClientCredentials } from '../../../core/streamkap/client-credentials.ts';
import { ROLES } from '../../sandbox/streamkap/roles.ts';
import type { Call, Result } from '../exploration/call.ts';
import { type Ask, clockOver, loginOver, secretsManagerOver, streamkapOver } from '../exploration/outside.ts';
import type { Program } from '../exploration/replay.ts';
import { SECRET, TAKE_OVER_AFTER_MS } from './world.ts';

export type Kind = 'kafka' | 'api' | 'both' | 'client-credential';

/** One run. */
export interface Run {
  readonly kind: Kind;
  /** Makes its random numbers differ from those of other runs. */
  readonly name: string;
  /** It asks for something that Streamkap refuses. */
  readonly badRequest?: boolean;
}

/** Breaks the code under test by answering it wrongly: the tests of the test. */
export type Distortion = (call: Call, result: Result) => Result;

/** The shipped code of one run, real client and real store included. */
export function programOf(
  run: Run,
  distort: Distortion = (_call, result) => result,
): Program<ProvisioningResult<Credential>> {
  return ({ ask }) => provisionBy(run, async (call) => distort(call, await ask(call)));
}

function provisionBy({ kind, name, badRequest }: Run, ask: Ask): Promise<ProvisioningResult<Credential>> {
  let ids = 0;
  const clock = clockOver(ask);
  const streamkap = streamkapOver(ask, clock);
  const ports = {
    ...{ store: secretStoreOver(secretsManagerOver(ask)), streamkap, clock, probe: loginOver(ask) },
    randomId: () => `${name}${String(ids++).padStart(8, '0')}`,
    generatePassword: () => `Generated!${name}${String(ids++).padStart(12, '0')}`,
    report: { secretSeen: () => {}, progress: () => {}, warning: () => {} },
  };
  const request = {
    secretId: SECRET,
    prepare: async (): Promise<KeyRequest> => ({
      name: 'orders',
      username: hasKafka(kind) ? 'orders' : null,
      requested: requestedOf(kind, badRequest),
    }),
    run: name,
    takeOverAfterMs: TAKE_OVER_AFTER_MS,
    verifyLogin: 'auto',
    newSecret: { tags: {} },
  } as const;
  if (kind !== 'client-credential') return provision(ports, request);
  return provisionKind({ ...ports, kind: clientCredentials(new ClientCredentials(streamkap.calls)) }, request);
}

function hasKafka(kind: Kind): boolean {
  return kind === 'kafka' || kind === 'both';
}

const NO_SUCH_ACL = { topic_name: 't', operation: 'NO_SUCH', resource_pattern_type: 'LITERAL', resource: 'TOPIC' };

function requestedOf(kind: Kind, bad = false): RequestedKey {
  const [role] = ROLES;
  return {
    description: '',
    ...(kind === 'kafka' || !role ? {} : { role_ids: [bad ? 'no-such-role' : role.id] }),
    ...(hasKafka(kind) ? { kafka: { kafka_acls: bad ? [NO_SUCH_ACL] : [], is_create_schema_registry: false } } : {}),
  };
}
