import { describe, expect, it } from 'vitest';
import type { KafkaCredentialFile } from '../../../core/credential-file.ts';
import { AdminStrategy } from '../../../core/rotation/admin/strategy.ts';
import { AlternatingStrategy } from '../../../core/rotation/alternating/alternating.ts';
import { SingleStrategy } from '../../../core/rotation/single.ts';
import { TimeBudget } from '../../../core/rotation/time-budget.ts';
import { PairWorld, paired, ROLES, STANDBY } from './alternating/pair-world.ts';
import { FIRST, rotating, SECRET, versionId, World } from './world.ts';

const API_SECRET = 'Api-Secret-of-the-key-0001';

/** Streamkap refuses what it is asked, and quotes secrets of ours in its refusal. */
function quote(world: World, operation: string, secrets: readonly (string | undefined)[]): void {
  for (const secret of secrets) expect(secret).toMatch(/^\S{8,}$/);
  const body = JSON.stringify({ detail: `I was told ${secrets.join(' and ')}` });
  const action = { kind: 'status', when: 'before', status: 400, body } as const;
  world.fault({ service: 'streamkap', operation, times: 9, action });
}

/** The refusal is passed on, and nothing that it quoted. */
function expectNoneOf(world: World, secrets: readonly (string | undefined)[]): void {
  const said = JSON.stringify([world.lines, world.errors.map(String)]);
  expect(said).toContain('I was told');
  for (const secret of secrets) expect(said).not.toContain(secret);
}

const withApi = (file: object) => ({
  ...file,
  api: { client_id: 'c', client_secret: API_SECRET, token_endpoint: 'https://t.example', api_url: 'https://a.example' },
});
const secretOf = (value: unknown) => (value as { api?: { client_secret?: string } } | undefined)?.api?.client_secret;

describe('what Streamkap quotes of our secrets is not passed on:', () => {
  it('the current password and the API secret beside it', async () => {
    const world = new World();
    world.provision();
    const SecretString = JSON.stringify(withApi(JSON.parse(world.secrets.valueOf(SECRET) ?? '') as object));
    world.secrets.call('PutSecretValue', { SecretId: SECRET, ClientRequestToken: versionId('manual'), SecretString });
    world.begin();
    await world.step('createSecret');
    quote(world, 'GET /project-keys/{id}', [FIRST, API_SECRET]);
    expect(await world.step('setSecret')).toBe('STREAMKAP_REFUSED');
    expectNoneOf(world, [FIRST, API_SECRET]);
    expect(world.patches).toEqual([]);
  });

  it('the pending password', async () => {
    const world = rotating();
    await world.step('createSecret');
    const pending = world.passwordUnder({ token: 'second' });
    quote(world, 'PATCH /project-keys/{id}', [pending]);
    expect(await world.step('setSecret')).toBe('STREAMKAP_REFUSED');
    expectNoneOf(world, [pending]);
  });

  it('the password that the second key is to be born with', async () => {
    const world = new PairWorld();
    world.provisionFirst();
    world.begin();
    const next = 'Generated!Password00000000000100';
    quote(world, 'POST /project-keys', [next, FIRST]);
    expect(await world.step('createSecret')).toBe('STREAMKAP_REFUSED');
    expect(world.secretTexts).toContain(next);
    expectNoneOf(world, [next, FIRST]);
  });

  it('what the credential file of a key that was just born brings', async () => {
    const world = new PairWorld();
    world.provisionFirst({ roleIds: [ROLES.dataAdmin] });
    world.begin();
    world.observe = ({ operation }, moment) => {
      if (operation !== 'POST /project-keys' || moment !== 'after') return undefined;
      const secret = world.streamkap.clientCredentials.at(-1)?.secret;
      born.push(secret);
      quote(world, 'GET /project-keys/{id}', [secret]);
      return undefined;
    };
    const born: (string | undefined)[] = [];
    expect(await world.step('createSecret')).not.toBeUndefined();
    expect(born).toHaveLength(1);
    expectNoneOf(world, born);
  });

  it('what the standby secret holds, and the password that retires it', async () => {
    for (const operation of ['GET', 'PATCH'] as const) {
      const world = await paired({}, { roleIds: [ROLES.dataAdmin] });
      const secrets = [world.current?.password, world.standby?.password, secretOf(world.stored(STANDBY))];
      world.observe = (call, moment) => {
        if (operation === 'PATCH' && call.operation === 'PutSecretValue' && moment === 'after') {
          secrets.push(world.standby?.password);
          quote(world, 'PATCH /project-keys/{id}', secrets);
        }
        return undefined;
      };
      if (operation === 'GET') quote(world, 'GET /project-keys/{id}', secrets);
      expect(await world.retire(SECRET)).toBe('STREAMKAP_REFUSED');
      expect(secrets).toHaveLength(operation === 'GET' ? 3 : 4);
      expectNoneOf(world, secrets);
      expect(world.violations).toEqual([]);
    }
  });
});

describe('a password is known to the redaction before anybody gets it', () => {
  const file: KafkaCredentialFile = {
    ...{ type: 'streamkap_project_key', project_key_id: 'a', project: { service_id: 's' }, api: null },
    kafka: { username: 'orders', password: FIRST, bootstrap_servers: 'b:9092' },
  };
  const settings = { onDrift: 'abandon', loginCheck: 'required', propagationMs: 1 } as const;

  it('by single', async () => {
    const seen: string[] = [];
    const strategy = new SingleStrategy(
      {
        ...{ login: () => Promise.reject(new Error('no login')), generatePassword: () => 'Next!Password000001' },
        streamkap: () => {
          throw new Error('no call');
        },
        secretSeen: (secret) => void seen.push(secret),
      },
      settings,
    );
    expect(await strategy.makePending(file)).toContain('Next!Password000001');
    expect(seen).toEqual(['Next!Password000001']);
  });

  it('by alternating, for the key whose turn it is', async () => {
    const seen: string[] = [];
    const idle = { ...file, project_key_id: 'b', kafka: { ...file.kafka, username: 'orders-b' } };
    const version = { versionId: 'v', value: JSON.stringify(idle), stages: [], readAt: 0, createdAt: 0 };
    const ports = {
      ...{ generatePassword: () => 'Next!Password000001', secretSeen: (secret: string) => void seen.push(secret) },
      ...{ streamkap: () => ({}), store: { read: async () => version } },
    };
    const tags = { 'streamkap:project-key-id': 'a,b' };
    const facts = { secret: { arn: 'arn', name: 's', tags }, budget: { deadline: 0 } };
    const next = await new AlternatingStrategy(ports as never, settings).makePending(file, facts as never);
    expect(JSON.parse(next)).toMatchObject({ project_key_id: 'b', kafka: { password: 'Next!Password000001' } });
    expect(seen).toEqual([FIRST, 'Next!Password000001']);
  });

  it('by the admin credential, as soon as Streamkap has told it', async () => {
    const seen: string[] = [];
    const api = {
      whoami: async () => ({}),
      list: async () => [{ client_id: 'c', roles: [{ id: 'r' }] }],
      create: async () => ({ client_id: 'd', secret: 'Hidden!Admin!000002', roles: [{ id: 'r' }] }),
    };
    const ports = {
      ...{ secretSeen: (secret: string) => void seen.push(secret), host: 'https://api.streamkap.test' },
      ...{ streamkap: () => api, fingerprint: 'f', nonce: () => 'n' },
    };
    const strategy = new AdminStrategy(ports as never);
    const current = strategy.parse('{"client_id":"c","client_secret":"Hidden!Admin!000001"}', {
      role: 'current',
      secretId: 's',
    });
    const budget = new TimeBudget({ now: () => 0, sleep: async () => {} }, 60_000);
    const next = await strategy.makePending(current, { budget, token: 't' });
    expect(JSON.parse(next)).toEqual({ client_id: 'd', client_secret: 'Hidden!Admin!000002' });
    expect(seen).toEqual(['Hidden!Admin!000001', 'Hidden!Admin!000002']);
  });

  it('by alternating and the admin credential, when one that is stored is read', () => {
    const seen: string[] = [];
    const secretSeen = (secret: string) => void seen.push(secret);
    const ports = { secretSeen, host: 'https://api.streamkap.test' } as never;
    const origin = { role: 'current', secretId: 's' } as const;
    new AlternatingStrategy(ports, settings).parse(JSON.stringify(withApi(file)), origin);
    new AdminStrategy(ports).parse('{"client_id":"c","client_secret":"Hidden!Admin!000001"}', origin);
    expect(seen).toEqual([FIRST, API_SECRET, 'Hidden!Admin!000001']);
  });
});
