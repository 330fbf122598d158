import { describe, expect, test } from 'vitest';
import type { ClientCredentialFile } from '../../../core/client-credential-file.ts';
import { clientCredentials } from '../../../core/provisioning/client-credentials.ts';
import type { KeyRequest } from '../../../core/provisioning/ports.ts';
import { provisionKind } from '../../../core/provisioning/provision.ts';
import { ClientCredentials } from '../../../core/streamkap/client-credentials.ts';
import { PERMISSION, ROLES } from '../../sandbox/streamkap/roles.ts';
import { errorOf } from '../streamkap-bench.ts';
import { INTENT_ID, MINUTE_MS, SECRET, World } from './bench.ts';

const POST = 'POST /auth/client-credentials';
const LIST = 'GET /auth/client-credentials';
const DELETE = 'DELETE /auth/client-credentials/{id}';
const [READER] = ROLES.slice(-1);
const WANTED: KeyRequest = {
  ...{ name: 'reports', username: null },
  requested: { description: 'For reports', role_ids: [READER?.id ?? ''] },
};

/** One run of `ensure` with `kind: client-credential`. */
function ensure(world: World, wanted: KeyRequest = WANTED) {
  const kind = clientCredentials(new ClientCredentials(world.ports.streamkap.calls));
  const secretSeen = (secret: string | ClientCredentialFile) =>
    world.calls.push(`mask ${typeof secret === 'string' ? secret : secret.client_id}`);
  return provisionKind(
    { ...world.ports, kind, report: { ...world.ports.report, secretSeen } },
    {
      ...{ secretId: SECRET, prepare: async () => wanted, run: 'org/repo run 1.1', takeOverAfterMs: 2 * MINUTE_MS },
      ...{ verifyLogin: 'auto', newSecret: { tags: {} } },
    },
  );
}

/** Those beside the admin's own. */
const made = ({ streamkap }: World) => streamkap.clientCredentials.slice(1);

/** What Streamkap answers to the next creation, changed on its way. */
function distort(world: World, change: (answer: Record<string, unknown>) => object): void {
  const handle = world.streamkap.handle.bind(world.streamkap);
  world.streamkap.handle = (request, delayMs) => {
    const answer = handle(request, delayMs);
    if (`${request.method} ${request.path}` !== POST) return answer;
    return { ...answer, body: JSON.stringify(change(JSON.parse(answer.body) as Record<string, unknown>)) };
  };
}

describe('a client credential', () => {
  test('is made once and stored in the shape of an admin secret, with what it may do', async () => {
    const world = new World();
    const { outcome, file } = await ensure(world);
    expect(outcome).toBe('created');
    const [credential] = made(world);
    expect(file).toEqual({
      client_id: credential?.clientId,
      client_secret: credential?.secret,
      service_id: world.streamkap.settings.serviceId,
      roles: [{ id: READER?.id, name: READER?.name }],
    });
    expect(world.current).toEqual(file);
    expect(world.calls.indexOf(`mask ${file.client_id}`)).toBeLessThan(world.calls.indexOf('PutSecretValue'));
    expect(world.progress).toEqual(['creating the client credential "reports"']);
  });

  test('has its name and what it is for in its description, by which people find it, and the marker behind them', async () => {
    for (const [description, text] of [
      ['For reports', 'reports: For reports'],
      ['', 'reports'],
    ] as const) {
      const world = new World();
      await ensure(world, { ...WANTED, requested: { ...WANTED.requested, description } });
      expect(made(world)[0]?.description).toMatch(new RegExp(`^${text} \\[keyring:[0-9a-f-]{36}\\.1\\]$`));
    }
  });

  test('by permissions, for the project that was named', async () => {
    const world = new World();
    const { serviceId } = world.streamkap.settings;
    const requested = { description: '', service_id: serviceId, permission_ids: [PERMISSION.projectKeysRead] };
    const { file } = await ensure(world, { ...WANTED, requested });
    expect(made(world)).toMatchObject([{ serviceId, permissionIds: [PERMISSION.projectKeysRead], roleIds: [] }]);
    expect(file.roles).toEqual([]);
  });

  test('whose roles come without a name, or not at all, is stored as far as it is known', async () => {
    const id = READER?.id ?? '';
    for (const [roles, known] of [
      [[{ id, name: null }], [{ id }]],
      [[{ id }], [{ id }]],
      [null, []],
    ]) {
      const world = new World();
      distort(world, ({ service_id: _service, ...answer }) => ({ ...answer, roles }));
      const { file } = await ensure(world);
      expect(file.roles).toEqual(known);
      expect(file).not.toHaveProperty('service_id');
    }
  });

  test.each([
    ['service_id', (answer: object) => ({ ...answer, service_id: 'another' })],
    ['roles', (answer: object) => ({ ...answer, roles: [{ id: 'another', name: 'Another' }] })],
  ])('that Streamkap made with other %s than asked for is deleted, and that is an error', async (field, change) => {
    const world = new World();
    distort(world, change);
    const { serviceId } = world.streamkap.settings;
    const requested = { ...WANTED.requested, service_id: serviceId };
    const error = await errorOf(ensure(world, { ...WANTED, requested }));
    // "yes": the secret holds a note by then.
    expect(error).toMatchObject({ code: 'CREDENTIAL_DIFFERS', changed: 'yes', retryable: false });
    expect(error.message).toContain(`with other ${field} than asked for`);
    expect(made(world)).toEqual([]);
    expect(world.count(POST)).toBe(1);
    expect(world.current).toMatchObject({ withdrawn: true });
  });

  test('whose answer was lost is never adopted, its secret being lost with it: it is deleted and made again', async () => {
    const world = new World();
    world.fault('streamkap', POST, { kind: 'drop', when: 'after' });
    const { outcome, file } = await ensure(world);
    expect(outcome).toBe('created');
    expect(made(world).map(({ clientId }) => clientId)).toEqual([file.client_id]);
    expect(world.count(POST)).toBe(2);
    expect(world.calls.filter((call) => call.startsWith(DELETE.slice(0, 20)))).toHaveLength(1);
    expect(world.count('login')).toBe(0);
  });

  test('is found by one call to AWS', async () => {
    const world = new World();
    const { file } = await ensure(world);
    world.calls.length = 0;
    expect(await ensure(world)).toMatchObject({ outcome: 'found', file });
    expect(world.calls).toEqual(['GetSecretValue', `mask ${file.client_id}`]);
  });
});

describe('a secret that holds another kind of thing', () => {
  test.each([
    ['a project key’s file', (world: World) => world.putKey(), "it is a project key's credential file"],
    ['an intent for a project key', () => ({}), 'it is the intent for a project-key'],
    ['half a client credential', () => ({ client_id: 'c' }), 'client_secret'],
  ])('is not taken for a client credential: %s', async (what, value, problem) => {
    const world = new World();
    if (what.startsWith('an intent')) world.putIntent();
    else world.put(value(world));
    const error = await errorOf(ensure(world));
    expect(error).toMatchObject({ code: 'SECRET_HAS_FOREIGN_VALUE', changed: 'no', retryable: false });
    expect(error.message).toContain('is not a client credential');
    expect(error.message).toContain(problem);
    expect(world.calls).toEqual(['GetSecretValue']);
  });

  test.each<[string, unknown, string]>([
    ['a client credential', { client_id: 'c', client_secret: 'hunter2-hunter2' }, 'it is a client credential'],
    ['a file with a client id and no kind of access', { client_id: 'c', project_key_id: 'k', project: {} }, 'api'],
    ['a number', 7, 'expected object'],
    ['nothing', null, 'expected object'],
    ['nothing, in base64', 'bnVsbA==', 'expected object'],
    ['a client id that is no text', { client_id: 7 }, 'project_key_id'],
  ])('is not taken for a project key: %s', async (_what, value, problem) => {
    const world = new World();
    world.put(value);
    const error = await errorOf(world.provision());
    expect(error).toMatchObject({ code: 'SECRET_HAS_FOREIGN_VALUE', changed: 'no' });
    expect(error.message).toContain('is not a Streamkap credential file');
    expect(error.message).toContain(problem);
    expect(error.message).not.toContain('hunter2');
    expect(world.calls).toEqual(['GetSecretValue']);
  });

  test('an intent for a client credential is not taken over for a project key', async () => {
    const world = new World();
    world.putIntent({ kind: 'client-credential', username: null, password: null, intentId: INTENT_ID });
    world.clock.time += 2 * MINUTE_MS;
    const error = await errorOf(world.provision());
    expect(error.code).toBe('SECRET_HAS_FOREIGN_VALUE');
    expect(error.message).toContain('it is the intent for a client-credential');
    expect(world.count(LIST)).toBe(0);
  });
});
