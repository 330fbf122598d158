import { describe, expect, test } from 'vitest';
import { errorOf, KINDS, type World, worldOfTest } from './fixture.ts';

const WITHOUT_PAIR = { STREAMKAP_CLIENT_ID: undefined, STREAMKAP_SECRET: undefined };
const INPUTS = { ...KINDS['Kafka-only'], 'admin-secret-id': 'admin/key' };
const CLIENT_SECRET = 'b54c0b1d-4e01-secret-7a91';

async function worldWithAdminSecret(value: unknown): Promise<World> {
  const world = await worldOfTest();
  const SecretString = typeof value === 'string' ? value : JSON.stringify(value);
  world.sandbox.secretsManager.call('CreateSecret', { Name: 'admin/key', SecretString });
  return world;
}

function assertNothingMade({ sandbox }: World): void {
  expect(sandbox.log.calls.filter((call) => call.tookEffect)).toEqual([]);
  expect(sandbox.log.calls.filter((call) => call.service !== 'secretsmanager')).toEqual([]);
}

describe('an admin secret', () => {
  const api = { client_id: 'c-1', client_secret: CLIENT_SECRET, api_url: 'https://evil.example' };
  test.each<[string, unknown, RegExp]>([
    [
      'with neither of its two shapes',
      { user: 'x', secret: CLIENT_SECRET },
      /admin-secret-id: its value is no admin credential/,
    ],
    ['that is no JSON', `plain ${CLIENT_SECRET}`, /admin-secret-id: its value is no admin credential/],
    [
      'with an empty client secret',
      { client_id: 'c-1', client_secret: '' },
      /admin-secret-id: its value is no admin credential/,
    ],
    [
      'that is the file of a Kafka-only key',
      {
        project_key_id: 'pk-1',
        project: {},
        api: null,
        kafka: { username: 'a', password: CLIENT_SECRET, bootstrap_servers: 'b:1' },
      },
      /admin-secret-id: its value is no admin credential/,
    ],
    [
      'whose file points to a foreign host',
      { project_key_id: 'pk-1', project: {}, api: { ...api, token_endpoint: 'https://evil.example/t' } },
      /admin-secret-id: api\.token_endpoint .* is not on the configured Streamkap host/,
    ],
  ])('%s is refused without quoting it, and nothing is sent to Streamkap', async (_what, value, says) => {
    const world = await worldWithAdminSecret(value);
    const run = await world.run(INPUTS, { env: WITHOUT_PAIR, secrets: [CLIENT_SECRET] });
    expect(errorOf(run)).toMatch(says);
    expect(errorOf(run)).toMatch(/Nothing was changed\. \[INVALID_INPUT\]$/);
    assertNothingMade(world);
  });

  test('that does not exist is named', async () => {
    const world = await worldOfTest();
    const run = await world.run(INPUTS, { env: WITHOUT_PAIR });
    expect(errorOf(run)).toMatch(/admin-secret-id: admin\/key does not exist or has no value.*\[INVALID_INPUT\]$/);
    assertNothingMade(world);
  });

  test('in base64 is read too, and its client secret is masked', async () => {
    const world = await worldOfTest();
    const { admin, secretsManager } = world.sandbox;
    const pair = JSON.stringify({ client_id: admin.clientId, client_secret: admin.clientSecret });
    secretsManager.call('CreateSecret', { Name: 'admin/key', SecretString: Buffer.from(pair).toString('base64') });
    const run = await world.run(INPUTS, { env: WITHOUT_PAIR });
    expect(run.outputs.result).toBe('created');
    expect(run.masks).toContain(admin.clientSecret);
  });
});

test('inputs win over the environment, STREAMKAP_SECRET over STREAMKAP_CLIENT_SECRET', async () => {
  const world = await worldOfTest();
  const { clientId, clientSecret } = world.sandbox.admin;
  const wrong = { STREAMKAP_CLIENT_ID: 'wrong-id', STREAMKAP_SECRET: CLIENT_SECRET };
  const given = { ...KINDS['Kafka-only'], 'client-id': clientId, 'client-secret': clientSecret };
  const byInput = await world.run(given, { env: wrong, secrets: [CLIENT_SECRET] });
  expect(byInput.outputs.result).toBe('created');
  const other = { name: 'other', kafka: 'true', 'secret-id': 'ci/other' };
  const byFirst = await world.run(other, { env: { STREAMKAP_CLIENT_SECRET: CLIENT_SECRET }, secrets: [CLIENT_SECRET] });
  expect(byFirst.outputs.result).toBe('created');
  const third = { name: 'third', kafka: 'true', 'secret-id': 'ci/third' };
  const bySecond = await world.run(third, {
    env: { STREAMKAP_SECRET: undefined, STREAMKAP_CLIENT_SECRET: clientSecret },
  });
  expect(bySecond.outputs.result).toBe('created');
});
