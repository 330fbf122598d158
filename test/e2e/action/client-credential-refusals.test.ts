import { expect, test } from 'vitest';
import { errorOf, type Inputs, SECRET_ID, worldOfTest } from './fixture.ts';

const ASKED = { kind: 'client-credential', name: 'Nightly export', 'secret-id': SECRET_ID, roles: 'Read Only' };
const foreign = (input: string) =>
  `${input}: is given, but says nothing of a client credential. Leave ${input} out, or use kind "project-key".`;
const ROTATE_ADMIN = 'in AWS the function rotate-admin rotates a secret that holds one (docs/rotate-admin.md).';
const MODES = 'With kind "client-credential", mode is one of ensure, create, lookup';
const UNSTORED = { mode: 'create', 'secret-id': '' };

/** The inputs beside those of a client credential, and what the error must begin with. */
const ROWS: readonly (readonly [Inputs, string])[] = [
  [{ mode: 'rotate' }, `mode: is "rotate", but a client credential is not rotated here. ${MODES}; ${ROTATE_ADMIN}`],
  [
    { mode: 'rotate', reason: 'compromise' },
    `mode: is "rotate", but a client credential is not rotated here. ${MODES}; ${ROTATE_ADMIN}`,
  ],
  [{ mode: 'delete' }, 'mode: "delete" is not one of its values. mode is one of ensure, create, lookup.'],
  [
    { reason: 'compromise' },
    `reason: is given, but a client credential is not rotated here. Leave reason out; ${ROTATE_ADMIN}`,
  ],
  [{ reason: 'because' }, 'reason: "because" is not one of its values. reason is one of compromise.'],
  [
    { update: 'true' },
    'update: is true, but a client credential that exists is not changed. Leave update out and change its roles in Streamkap, or name another secret-id to have a new one made.',
  ],
  [
    { ...UNSTORED, ephemeral: 'true' },
    'ephemeral: is true, but a client credential is not deleted when the job ends. Use kind "project-key" with roles, which has API access for this job alone, or leave ephemeral out.',
  ],
  [
    { 'config-file': 'client.properties' },
    'config-file: is given, but its formats are those of project keys. Leave config-file out: use the outputs api-client-id and api-client-secret, or export-env.',
  ],
  [
    { 'verify-login': 'always' },
    'verify-login: is "always", but a client credential has no Kafka login. Leave verify-login out, or use kind "project-key".',
  ],
  ...Object.entries({
    ...{ 'project-key-id': 'pk-1', 'project-key': '{}', kafka: 'true', 'kafka-username': 'orders', 'kafka-acls': '[]' },
    ...{ 'whitelist-ips': '203.0.113.7', 'schema-registry': 'true', 'tool-profile': 'full', 'dry-run': 'true' },
    ...{ 'allowed-tools': 'list_topics', 'blocked-tools': 'list_topics' },
  }).map(([input, value]): [Inputs, string] => [{ [input]: value }, foreign(input)]),
  [{ 'config-format': 'xml' }, 'config-format: "xml" is not one of its values.'],
  [{ 'ttl-minutes': '0' }, 'ttl-minutes: "0" is no number of minutes.'],
  [{ 'sweep-expired': 'maybe' }, 'sweep-expired: "maybe" is neither true nor false.'],
  [{ 'keep-config-file': 'maybe' }, 'keep-config-file: "maybe" is neither true nor false.'],
  [{ 'dry-run': 'maybe' }, 'dry-run: "maybe" is neither true nor false.'],
  [{ roles: '' }, 'roles: and permissions are both unset, so the client credential could do nothing.'],
  [{ permissions: 'p' }, 'permissions: are given together with roles.'],
  [{ name: 'x'.repeat(101) }, 'name: has 101 characters. A name has 100 characters at most.'],
  [{ 'secret-id': '' }, 'secret-id: is empty, and mode "ensure" needs it.'],
  [{ mode: 'lookup', 'secret-id': '' }, 'secret-id: is empty, and mode "lookup" needs it.'],
];

test.concurrent.for(
  ROWS,
)('of a client credential, %j is refused by the input’s name and what would be right, and nothing is called', async ([
  inputs,
  says,
], context) => {
  const world = await worldOfTest({}, context);
  for (const mode of inputs.mode === undefined ? ['ensure', 'lookup'] : [inputs.mode]) {
    if (mode === 'lookup' && /^(roles|permissions|name): |mode "ensure"/.test(says)) continue;
    const run = await world.run({ ...ASKED, mode, ...inputs });
    expect(errorOf(run)).toContain(`streamkap-keyring: ${says}`);
    expect(errorOf(run)).toMatch(/Nothing was changed\. \[INVALID_INPUT\]$/);
    expect(world.calls()).toEqual([]);
    expect(run).toMatchObject({ outputs: {}, env: {}, state: {}, summary: '' });
  }
});
