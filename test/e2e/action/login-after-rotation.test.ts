import { expect, test } from 'vitest';
import { assertWorks, errorOf, fileIn, KINDS, SECRET_ID, storedIn, type World } from './fixture.ts';
import { passwordOf, patches, ROTATE, rotatableWorld, rotate } from './rotate-fixture.ts';

const LOOKUP = { mode: 'lookup', 'secret-id': SECRET_ID };
const ELSEWHERE = 'Changed-3lsewhere-by-hand';

/** Calls back when a rotation has made its version current, before anybody can read it. */
function whenCurrent({ sandbox }: World, callBack: () => void): void {
  const { secretsManager } = sandbox;
  const call = secretsManager.call.bind(secretsManager);
  secretsManager.call = (operation, input) => {
    const answer = call(operation, input);
    const { VersionStage } = input as { VersionStage?: string };
    if (operation === 'UpdateSecretVersionStage' && VersionStage === 'AWSCURRENT') callBack();
    return answer;
  };
}

test('a new password that Kafka does not accept at once is tried again, and handed out when it does', async () => {
  const { world } = await rotatableWorld();
  const { kafkaUsers } = world.sandbox;
  let password = '';
  whenCurrent(world, () => {
    password = passwordOf(world) ?? '';
    kafkaUsers.set('orders-ci', ELSEWHERE);
  });
  const onLine = (line: string) => {
    if (line.includes('trying again')) kafkaUsers.set('orders-ci', password);
  };
  const run = await world.run(ROTATE, { onLine });
  await world.sandbox.secretsManagerServer.idle();
  expect(run.outcome).toBe('success');
  expect(run.outputs.result).toBe('rotated');
  expect(run.rawTranscript).toContain('Kafka login of orders-ci: SASL_AUTHENTICATION_FAILED, trying again');
  expect(run.rawTranscript).toMatch(/Kafka login of orders-ci accepted by /);
  expect(run.annotations.warnings).toEqual([]);
  expect(patches(world)).toHaveLength(1);
  expect(fileIn(run)).toEqual(storedIn(world));
  await assertWorks(world, fileIn(run));
});

test('a password that was changed past AWS after a rotation is handed out by auto, which makes no login', async () => {
  const { world } = await rotatableWorld();
  const rotated = await rotate(world);
  world.sandbox.kafkaUsers.set('orders-ci', ELSEWHERE);
  world.forget();
  const run = await world.run(LOOKUP, { secrets: [ELSEWHERE] });
  expect(fileIn(run)).toEqual(fileIn(rotated));
  expect(world.calls()).toEqual(['secretsmanager GetSecretValue ok']);
});

test.each([
  ['refuses it', 'rejected', 'LOGIN_REJECTED', (world: World) => world.sandbox.kafkaUsers.set('orders-ci', ELSEWHERE)],
  ['cannot be reached', 'unknown', 'LOGIN_UNKNOWN', (world: World) => world.sandbox.kafka?.close()],
] as const)('a rotated password is not handed out by always when Kafka %s, and nothing is changed', async (_how, outcome, code, make) => {
  const { world } = await rotatableWorld();
  await rotate(world);
  await make(world);
  const before = world.sandbox.secretsManager.snapshot({ dates: false });
  for (const inputs of [LOOKUP, KINDS['Kafka-only']]) {
    world.forget();
    const run = await world.run({ ...inputs, 'verify-login': 'always' }, { secrets: [ELSEWHERE] });
    expect(errorOf(run)).toContain(`login of orders-ci is ${outcome} (`);
    expect(errorOf(run)).toMatch(new RegExp(`Nothing was changed\\..*\\[${code}\\]$`));
    expect(run.outputs).toEqual({});
    expect(run.masks).toContain((storedIn(world).kafka as { password: string }).password);
    expect(world.sandbox.log.calls.filter(({ tookEffect }) => tookEffect)).toEqual([]);
  }
  expect(world.sandbox.secretsManager.snapshot({ dates: false })).toBe(before);
});
