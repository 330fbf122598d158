import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loginWithPlatformatic } from '../judges/platformatic.ts';
import { FIRST_PASSWORD, type RotationWorld, SECRET, startRotationWorld } from './world.ts';

const PATCH = 'PATCH /project-keys/{id}';
const OTHERS = 'Others-Password!0000000000000002';
const QUICK = { PROPAGATION_TIMEOUT_SECONDS: '1' };

let world: RotationWorld;

let eventsBefore: number;

beforeAll(async () => {
  world = await startRotationWorld({ strategy: 'single' });
});
afterAll(() => world?.stop());
/** Each test begins where current and accepted password are the same. */
beforeEach(async () => {
  expect(await login(world.stored().password)).toBe('accepted');
  world.sandbox.log.calls.length = 0;
  eventsBefore = world.bus.events.length;
});

/** In the console, as it were: not by a call that the sandbox's log would show. */
function setAtStreamkap(kafka_password: string): void {
  const { streamkap, admin } = world.sandbox;
  const send = (method: string, path: string, body: object, token?: string) => {
    const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const answer = streamkap.handle({ method, path, headers, body: JSON.stringify(body) });
    expect(answer.status).toBe(200);
    return JSON.parse(answer.body) as { accessToken?: string };
  };
  const credential = { client_id: admin.clientId, secret: admin.clientSecret };
  const { accessToken } = send('POST', '/auth/access-token', credential);
  send('PATCH', `/project-keys/${streamkap.projectKeys[0]?.id}`, { kafka_password }, accessToken);
}

const patches = () => world.sandbox.log.of('streamkap', PATCH).length;
const login = async (password: string) => (await loginWithPlatformatic({ ...world.stored(), password })).outcome;
const driftEvents = () =>
  world.bus.events
    .slice(eventsBefore)
    .filter((event) => event['detail-type'] === 'credential drift')
    .map(({ detail }) => detail.kind);

test('a password changed behind our back is left alone and told of, until ON_DRIFT=heal sets the stored one', async () => {
  setAtStreamkap(OTHERS);
  world.deployCold(QUICK);
  const { token, outcome } = await world.rotate();
  expect(outcome).toBe('RotationFailed');
  expect(world.lines().at(-1)).toMatchObject({
    step: 'setSecret',
    error_code: 'DRIFT',
    changed: 'no',
    retryable: false,
  });
  expect(driftEvents()).toEqual(['drift']);
  expect(patches()).toBe(0);
  expect(world.stored().password).toBe(FIRST_PASSWORD);
  expect(await login(OTHERS)).toBe('accepted');

  world.deployCold({ ...QUICK, ON_DRIFT: 'heal' });
  expect(await world.rotate(token)).toEqual({ token, outcome: 'RotationSucceeded' });
  expect(patches()).toBe(1);
  expect(world.sandbox.secretsManager.labels(SECRET)[token]).toContain('AWSCURRENT');
  expect(await login(world.stored().password)).toBe('accepted');
  for (const gone of [OTHERS, FIRST_PASSWORD]) expect(await login(gone)).toBe('rejected');
});

test('the previous password set again behind our back is told of, and the rotation goes on', async () => {
  world.deployCold(QUICK);
  expect(await world.rotate()).toMatchObject({ outcome: 'RotationSucceeded' });
  const [overtaken, previous] = [world.stored(), world.stored('AWSPREVIOUS')].map(({ password }) => password);
  if (!overtaken || !previous) throw new Error('there are two passwords after a rotation');
  setAtStreamkap(previous);

  const { token, outcome } = await world.rotate();
  expect(outcome).toBe('RotationSucceeded');
  expect(driftEvents()).toEqual(['previous-in-use']);
  expect(patches()).toBe(2);
  expect(world.sandbox.secretsManager.labels(SECRET)[token]).toContain('AWSCURRENT');
  expect(await login(world.stored().password)).toBe('accepted');
  for (const gone of [overtaken, previous]) expect(await login(gone)).toBe('rejected');
});
