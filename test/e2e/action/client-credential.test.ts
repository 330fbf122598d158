import { describe, expect, test } from 'vitest';
import type { ActionRun } from '../../runner-harness/run-action.ts';
import { PERMISSION } from '../../sandbox/streamkap/roles.ts';
import { errorOf, faultAt, SECRET_ID, storedIn, type World, worldOfTest } from './fixture.ts';
import { timedWorld } from './ten-runs-fixture.ts';

const ASKED = { kind: 'client-credential', name: 'Nightly export', 'secret-id': SECRET_ID, roles: 'Read Only' };
const UNSTORED = { ...ASKED, mode: 'create', 'secret-id': '' };
const POST = 'POST /auth/client-credentials';
const DELETE = 'DELETE /auth/client-credentials/{client_id}';

interface Pair {
  readonly client_id: string;
  readonly client_secret: string;
  readonly [field: string]: unknown;
}

/** The credential in the output, checked for what everybody may rely on: compact, and padded so that its base64 has no `=`. */
function pairIn(run: ActionRun): Pair {
  const { credentials = '' } = run.outputs;
  if (credentials === '' || credentials.includes('=')) throw new Error(`no padded credentials; ${errorOf(run)}`);
  const text = Buffer.from(credentials, 'base64').toString();
  if (text.trimEnd() !== JSON.stringify(JSON.parse(text))) throw new Error('credentials is not compact');
  return JSON.parse(text);
}

async function works({ sandbox }: World, { client_id, client_secret }: Pair): Promise<boolean> {
  const answer = await fetch(`${sandbox.streamkapHost}/auth/access-token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id, secret: client_secret }),
  });
  return answer.ok;
}

/** What the stand-in has beside the administrator's own. */
function made({ sandbox }: World) {
  return sandbox.streamkap.clientCredentials.filter(({ clientId }) => clientId !== sandbox.admin.clientId);
}

describe('ensure', () => {
  test('makes a client credential, stores it before it is handed out, and every output says what it is', async () => {
    const world = await worldOfTest();
    const run = await world.run({ ...ASKED, description: 'reads sources' });
    const pair = pairIn(run);
    expect(world.calls()).toEqual([
      'secretsmanager GetSecretValue ResourceNotFoundException',
      'streamkap POST /auth/access-token 200',
      'streamkap GET /auth/whoami 200',
      'streamkap GET /auth/roles 200',
      'secretsmanager CreateSecret ok',
      `streamkap ${POST} 201`,
      'secretsmanager PutSecretValue ok',
      'streamkap GET /auth/client-credentials 200',
      'streamkap GET /auth/client-credentials 200',
      'secretsmanager UpdateSecretVersionStage ok',
      'secretsmanager GetSecretValue ok',
      'secretsmanager TagResource ok',
    ]);
    expect(storedIn(world)).toEqual(pair);
    expect(pair.roles).toEqual([expect.objectContaining({ name: 'Read Only' })]);
    expect(run.outputs).toMatchObject({
      ...{ result: 'created', created: 'true', status: 'active' },
      ...{ 'api-client-id': pair.client_id, 'api-client-secret': pair.client_secret },
      'api-url': world.sandbox.streamkapHost,
      ...{ 'project-key-id': '', 'kafka-username': '', 'kafka-password': '', 'kafka-bootstrap-servers': '' },
      ...{ 'kafka-security-protocol': '', 'kafka-sasl-mechanism': '', 'schema-registry-url': '', 'expires-at': '' },
    });
    expect(run.outputs['secret-arn']).toContain(SECRET_ID);
    expect(run.outputs['secret-version-id']).toMatch(/^[0-9a-f]{64}$/);
    expect(made(world).map(({ description }) => description)).toEqual([
      expect.stringMatching(
        /^Nightly export: reads sources \[made by octo-org\/orders, [^\]]+\] \[keyring:[0-9a-f-]{36}\.1\]$/,
      ),
    ]);
    expect(world.sandbox.streamkap.projectKeys).toEqual([]);
    const summary = run.summary.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
    expect(summary).toContain(`| Client credential | ${pair.client_id} |`);
    expect(summary).toContain('| Roles | Read Only |');
    expect(await works(world, pair)).toBe(true);
  });

  test('finds it with one call of AWS and none of Streamkap', async () => {
    const world = await worldOfTest();
    const first = await world.run(ASKED);
    world.forget();
    const second = await world.run(ASKED);
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
    expect(second.outputs).toMatchObject({ result: 'found', created: 'false', status: 'unverified' });
    expect(second.outputs.credentials).toBe(first.outputs.credentials);
    expect(second.annotations.warnings).toEqual([]);
  });

  test('of twelve jobs at once makes one, and all of them get it', async () => {
    const world = await timedWorld();
    const runs = await Promise.all(Array.from({ length: 12 }, () => world.run(ASKED)));
    expect(runs.map((run) => run.outcome)).toEqual(Array(12).fill('success'));
    const { log } = world.sandbox;
    expect(log.of('streamkap', POST)).toHaveLength(1);
    expect(log.of('streamkap', DELETE)).toEqual([]);
    expect(new Set(runs.map((run) => run.outputs.credentials)).size).toBe(1);
    expect(runs.filter((run) => run.outputs.result === 'created')).toHaveLength(1);
    expect(made(world)).toHaveLength(1);
  });

  test('whose creation loses its answer deletes what was made by its id, for its secret is lost, and makes another', async () => {
    const world = await worldOfTest();
    world.sandbox.log.script({ service: 'streamkap', operation: POST, action: { kind: 'drop', when: 'after' } });
    const run = await world.run(ASKED);
    expect(run.outputs.result).toBe('created');
    expect(world.sandbox.log.of('streamkap', POST)).toHaveLength(2);
    expect(world.sandbox.log.of('streamkap', DELETE)).toHaveLength(1);
    expect(made(world).map(({ clientId }) => clientId)).toEqual([run.outputs['api-client-id']]);
    expect(await works(world, pairIn(run))).toBe(true);
    expect(storedIn(world)).toEqual(pairIn(run));
  });

  test('that died after Streamkap had answered is taken over: one credential is left, and it works', async () => {
    const world = await worldOfTest();
    const { log } = world.sandbox;
    log.script({ service: 'streamkap', operation: POST, action: { kind: 'hang', when: 'after' } });
    const died = await world.run(ASKED, { cancelAfter: world.called(6) });
    expect(died.outcome).toBe('cancelled');
    expect(died.outputs).toEqual({});
    const next = await world.run({ ...ASKED, 'wait-timeout-seconds': '0' });
    expect(next.outputs.result).toBe('created');
    expect(made(world).map(({ clientId }) => clientId)).toEqual([next.outputs['api-client-id']]);
    expect(await works(world, pairIn(next))).toBe(true);
  });

  test('ends with one working credential whichever of its calls loses the answer', async () => {
    const clean = await worldOfTest();
    await clean.run(ASKED);
    const calls = [...clean.sandbox.log.calls];
    for (const [index, call] of calls.entries()) {
      if (!call.tookEffect || call.operation === 'TagResource') continue;
      const world = await worldOfTest();
      world.sandbox.log.script({ ...faultAt(calls, index), action: { kind: 'drop', when: 'after' } });
      const run = await world.run(ASKED);
      expect(run.annotations.errors, `${call.operation} loses its answer`).toEqual([]);
      expect(made(world).map(({ clientId }) => clientId)).toEqual([run.outputs['api-client-id']]);
      expect(storedIn(world)).toEqual(pairIn(run));
    }
  });

  test('fills a secret that a stack made without a value', async () => {
    const world = await worldOfTest();
    world.sandbox.secretsManager.call('CreateSecret', { Name: SECRET_ID, ClientRequestToken: 'x'.repeat(32) });
    const run = await world.run(ASKED);
    expect(run.outputs.result).toBe('created');
    expect(storedIn(world)).toEqual(pairIn(run));
  });

  test('takes roles by id, and permissions, as well', async () => {
    const world = await worldOfTest();
    const byName = pairIn(await world.run(ASKED));
    const [role] = byName.roles as { id: string }[];
    const byId = await world.run({ ...ASKED, 'secret-id': 'ci/by-id', roles: role?.id ?? '' });
    expect(pairIn(byId).roles).toEqual(byName.roles);
    const permissions = PERMISSION.projectKeysRead;
    const run = await world.run({ ...ASKED, 'secret-id': 'ci/by-permission', roles: '', permissions });
    expect(pairIn(run).roles).toEqual([]);
    expect(made(world).at(-1)).toMatchObject({ roleIds: [], permissionIds: [permissions] });
    expect(await works(world, pairIn(run))).toBe(true);
  });

  test('warns where the stored credential has other roles than asked for, and hands it out as it is', async () => {
    const world = await worldOfTest();
    const first = await world.run(ASKED);
    world.forget();
    const second = await world.run({ ...ASKED, roles: 'Admin' });
    expect(second.annotations.warnings).toEqual([
      expect.stringMatching(/has the roles Read Only, not those of roles; it is handed out as it is$/),
    ]);
    expect(second.outputs.credentials).toBe(first.outputs.credentials);
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
  });

  test('sets the variables that Streamkap’s own tools read, and none of a project key’s', async () => {
    const world = await worldOfTest();
    const run = await world.run({ ...ASKED, 'export-env': 'true' });
    const { client_id, client_secret } = pairIn(run);
    expect(run.env).toEqual({
      STREAMKAP_HOST: world.sandbox.streamkapHost,
      STREAMKAP_CLIENT_ID: client_id,
      STREAMKAP_SECRET: client_secret,
    });
  });

  test('tells the roles that exist when one does not, and nothing is made or stored', async () => {
    const world = await worldOfTest();
    const run = await world.run({ ...ASKED, roles: 'Reader' });
    expect(errorOf(run)).toMatch(
      /roles: there is no role "Reader"\. The roles are: .*Read Only.*Nothing was changed\./,
    );
    expect(world.sandbox.log.of('streamkap', POST)).toEqual([]);
    expect(world.sandbox.log.of('secretsmanager', 'CreateSecret')).toEqual([]);
  });

  test('that Streamkap refuses says so, and the next run with better inputs need not wait', async () => {
    const world = await worldOfTest();
    const refused = await world.run({ ...ASKED, roles: '', permissions: 'no-such-permission' });
    expect(errorOf(refused)).toMatch(/POST \/auth\/client-credentials.*\[STREAMKAP_/);
    const next = await world.run(ASKED);
    expect(next.outputs.result).toBe('created');
    expect(made(world)).toHaveLength(1);
  });
});

describe('lookup', () => {
  test('reads it with one call, and needs neither roles nor an admin credential', async () => {
    const world = await worldOfTest();
    const first = await world.run(ASKED);
    world.forget();
    const run = await world.run(
      { kind: 'client-credential', mode: 'lookup', 'secret-id': SECRET_ID },
      { env: { STREAMKAP_CLIENT_ID: undefined, STREAMKAP_SECRET: undefined } },
    );
    expect(run.outputs).toMatchObject({ result: 'found', credentials: first.outputs.credentials });
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
  });

  test('hands out an admin secret that a person stored, with every field as it was', async () => {
    const world = await worldOfTest();
    const pair = { client_id: 'somebody', client_secret: 'Person!Made0123456789abcdef', team: 'data' };
    world.sandbox.secretsManager.call('CreateSecret', {
      ...{ Name: SECRET_ID, ClientRequestToken: 'x'.repeat(32), SecretString: JSON.stringify(pair) },
    });
    const run = await world.run({ kind: 'client-credential', mode: 'lookup', 'secret-id': SECRET_ID });
    expect(pairIn(run)).toEqual(pair);
  });

  test.each([
    ['a client credential is asked for and a project key is there', 'client-credential', 'project-key'],
    ['a project key is asked for and a client credential is there', 'project-key', 'client-credential'],
  ])('fails when %s, and changes nothing', async (_what, asked, there) => {
    const world = await worldOfTest();
    await world.run({ ...ASKED, kind: there });
    const before = world.sandbox.secretsManager.snapshot({ dates: false });
    for (const mode of ['lookup', 'ensure']) {
      const run = await world.run({ ...ASKED, kind: asked, mode });
      expect(errorOf(run)).toMatch(
        asked === 'project-key' ? /it is a client credential/ : /it is a project key's credential file/,
      );
      expect(errorOf(run)).toMatch(/Nothing was changed\. \[SECRET_HAS_FOREIGN_VALUE\]$/);
      expect(run.outputs).toEqual({});
    }
    expect(world.sandbox.secretsManager.snapshot({ dates: false })).toBe(before);
  });

  test('does not take over the unfinished creation of another kind', async () => {
    const world = await worldOfTest();
    const { log } = world.sandbox;
    log.script({ service: 'streamkap', operation: POST, action: { kind: 'hang', when: 'after' } });
    await world.run(ASKED, { cancelAfter: world.called(6) });
    const run = await world.run({ ...ASKED, kind: 'project-key', 'wait-timeout-seconds': '0' });
    expect(errorOf(run)).toMatch(/it is the intent for a client-credential\).*\[SECRET_HAS_FOREIGN_VALUE\]$/);
    expect(log.of('streamkap', 'POST /project-keys')).toEqual([]);
  });
});

describe('create', () => {
  test('makes one in a secret that holds none, and refuses one that does', async () => {
    const world = await worldOfTest();
    const first = await world.run({ ...ASKED, mode: 'create' });
    expect(first.outputs.result).toBe('created');
    world.forget();
    const second = await world.run({ ...ASKED, mode: 'create' });
    expect(errorOf(second)).toMatch(/mode: is "create", but ci\/orders already holds the client credential/);
    expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
  });

  test('without a secret makes one that nobody keeps, without AWS, and leaves no secret in state', async () => {
    const world = await worldOfTest();
    const run = await world.run(UNSTORED);
    expect(run.outputs).toMatchObject({ result: 'created', status: 'active', 'secret-arn': '' });
    expect(await works(world, pairIn(run))).toBe(true);
    expect(run.state).toEqual({ keyToDelete: '' });
    expect(world.sandbox.log.calls.filter(({ service }) => service === 'secretsmanager')).toEqual([]);
    expect(made(world)).toHaveLength(1);
  });

  test('that is cancelled while Streamkap makes it is undone by the post stage', async () => {
    const world = await worldOfTest();
    const { log } = world.sandbox;
    log.script({ service: 'streamkap', operation: POST, action: { kind: 'hang', when: 'after' } });
    const run = await world.run(UNSTORED, { cancelAfter: world.called(4) });
    expect(run.outcome).toBe('cancelled');
    expect(run.outputs).toEqual({});
    expect(run.post?.rawTranscript).toMatch(/deleted the unfinished client credential/);
    expect(made(world)).toEqual([]);
    expect(log.of('streamkap', 'GET /project-keys')).toEqual([]);
  });
});
