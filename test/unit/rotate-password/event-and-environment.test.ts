import { describe, expect, it } from 'vitest';
import { parseEnvironment } from '../../../functions/rotate-password/environment.ts';
import { parseEvent } from '../../../functions/rotation/event.ts';
import { rotating, versionId } from '../rotation/world.ts';

describe('the event', () => {
  it('keeps the rotation token for the put, and only for it', () => {
    const event = { Step: 'createSecret', SecretId: 'arn', ClientRequestToken: 't', RotationToken: 'r' };
    expect(parseEvent(event)).toMatchObject({
      kind: 'rotation',
      request: { rotationToken: 'r', step: 'createSecret' },
    });
  });

  it.each([
    [undefined],
    ['text'],
    [{ Step: 'stealSecret', SecretId: 'arn', ClientRequestToken: 't', RotationToken: 'sensitive-token' }],
    [{ Step: 'setSecret', SecretId: 7, ClientRequestToken: 'sensitive-token' }],
    [{ action: 'sensitive-token' }],
  ])('that is malformed (%#) is refused without being quoted or logged', async (event) => {
    const world = rotating();
    await expect(world.invoke(event)).rejects.toMatchObject({ code: 'BAD_EVENT', changed: 'no' });
    expect(JSON.stringify([world.lines, String(world.errors)])).not.toContain('sensitive-token');
    expect(world.calls).toEqual([]);
  });

  it('asking one password to retire another is refused by name', async () => {
    const world = rotating();
    await expect(world.invoke({ action: 'retire', secretId: 'x' })).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
    expect(world.calls).toEqual([]);
  });
});

describe('the environment', () => {
  const RIGHT = { STREAMKAP_ADMIN_SECRET_ID: 'streamkap/admin' };

  it('has defaults for all but the admin secret', () => {
    expect(parseEnvironment(RIGHT)).toEqual({
      host: 'https://api.streamkap.com',
      adminSecretId: 'streamkap/admin',
      strategy: 'single',
      single: { onDrift: 'abandon', loginCheck: 'required', propagationMs: 120_000 },
    });
  });

  it('may say what it says by default', () => {
    const said = { ROTATION_STRATEGY: 'single', ON_DRIFT: 'abandon', LOGIN_CHECK: 'required', STREAMKAP_HOST: '' };
    expect(parseEnvironment({ ...RIGHT, ...said, PROPAGATION_TIMEOUT_SECONDS: '120' })).toEqual(
      parseEnvironment(RIGHT),
    );
  });

  it('takes whole numbers from 1 to 9999, in seconds and in hours', () => {
    for (const value of ['1', '10', '9999']) {
      const settings = { PROPAGATION_TIMEOUT_SECONDS: value, RETIRE_PREVIOUS_AFTER_HOURS: value };
      expect(parseEnvironment({ ...RIGHT, ...settings })).toMatchObject({
        single: { propagationMs: Number(value) * 1000 },
        retireAfterMs: Number(value) * 3_600_000,
      });
    }
    expect(parseEnvironment(RIGHT).retireAfterMs).toBeUndefined();
    for (const name of ['PROPAGATION_TIMEOUT_SECONDS', 'RETIRE_PREVIOUS_AFTER_HOURS']) {
      for (const value of ['0', '-1', '10000', '01', '1.5', '1h', 'x1', ' 1', '1e3']) {
        const settings = { ...RIGHT, [name]: value };
        expect(() => parseEnvironment(settings), value).toThrow(
          expect.objectContaining({
            message: expect.stringContaining(name),
            remedy: expect.stringMatching(/1 to 9999/),
          }),
        );
      }
    }
  });

  it.each([
    ['STREAMKAP_ADMIN_SECRET_ID', ''],
    ['STREAMKAP_HOST', 'http://streamkap.example'],
    ['ROTATION_STRATEGY', 'double'],
    ['ON_DRIFT', 'ignore'],
    ['LOGIN_CHECK', 'never'],
    ['PROPAGATION_TIMEOUT_SECONDS', '-1'],
  ])('%s=%s is refused by name', (name, value) => {
    expect(() => parseEnvironment({ ...RIGHT, [name]: value })).toThrow(name);
  });
});

describe('the admin secret', () => {
  const put = (world: ReturnType<typeof rotating>, value: object) =>
    world.secrets.call('PutSecretValue', {
      ...{ SecretId: 'streamkap/admin', ClientRequestToken: versionId('admin') },
      SecretString: JSON.stringify(value),
    });
  const api = { client_id: 'admin-client-id', client_secret: 'admin-client-secret-0123456789' };
  const file = (host: string) => ({
    type: 'streamkap_project_key',
    project_key_id: 'p',
    project: { service_id: 's' },
    api: { ...api, token_endpoint: `${host}/auth/access-token`, api_url: host },
  });

  it('may be a credential file with api', async () => {
    const world = rotating();
    put(world, file('https://api.streamkap.test'));
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, undefined]);
  });

  it('that points to another host is refused before anything is sent there', async () => {
    const world = rotating();
    put(world, file('https://evil.example'));
    expect(await world.steps('createSecret', 'setSecret')).toEqual([undefined, 'INVALID_INPUT']);
    expect(world.calls.some(({ to }) => to === 'streamkap')).toBe(false);
  });
});
