import { describe, expect, test } from 'vitest';
import type { FaultAction } from '../../sandbox/call-log.ts';
import { assertWorks, errorOf, fileIn, KIND_NAMES, KINDS, worldOfTest } from './fixture.ts';

const PROXY_PAGE = '<html><body><h1>Forbidden</h1></body></html>';

function answer(status: number, extra: { body?: string; headers?: Record<string, string> } = {}): FaultAction {
  return { kind: 'status', when: 'before', status, ...extra };
}

/** Refusals after which there is certainly no key. */
const DEFINITIVE: readonly (readonly [string, FaultAction, RegExp])[] = [
  [
    'a 403',
    answer(403),
    /Streamkap answered 403 to POST \/project-keys.*"Project Keys" write permission.*\[STREAMKAP_FORBIDDEN\]$/,
  ],
  ['a 409', answer(409), /Streamkap answered 409.*\[STREAMKAP_CONFLICT\]$/],
  [
    'a 422 with text',
    answer(422, { body: '{"detail":"Kafka user \'orders-ci\' already exists"}' }),
    /Kafka user 'orders-ci' already exists.*\[STREAMKAP_INVALID\]$/,
  ],
  [
    'a page of HTML',
    answer(403, { body: PROXY_PAGE, headers: { 'content-type': 'text/html', 'x-request-id': '' } }),
    /Streamkap answered 403 to POST \/project-keys\..*\[STREAMKAP_FORBIDDEN\]$/,
  ],
  [
    'a 429 with Retry-After',
    answer(429, { headers: { 'retry-after': '30' } }),
    /rate of calls.*It may be tried again\. \[STREAMKAP_THROTTLED\]$/,
  ],
];

describe.each(DEFINITIVE)('a creation refused by %s', (_what, action, says) => {
  test.concurrent.for(
    KIND_NAMES,
  )('of a %s key leaves nothing at Streamkap, and a run with a corrected request succeeds at once', async (kind, context) => {
    const world = await worldOfTest({}, context);
    const { log, streamkap } = world.sandbox;
    log.script({ service: 'streamkap', operation: 'POST /project-keys', action });
    const run = await world.run(KINDS[kind]);
    expect(errorOf(run)).toMatch(says);
    expect(errorOf(run)).toContain('The secret keeps a note');
    expect(errorOf(run)).not.toContain('<');
    expect(run.outputs).toEqual({});
    expect(streamkap.projectKeys).toEqual([]);
    expect(log.of('streamkap', 'POST /project-keys')).toHaveLength(1);
    // The default wait of 120 s is not waited: the first run took its intent back.
    world.forget();
    const corrected = {
      ...KINDS[kind],
      name: 'Orders CI, corrected',
      ...(kind === 'API-only' ? {} : { 'kafka-username': 'orders-new' }),
    };
    const next = await world.run(corrected);
    expect(next.outputs.result).toBe('created');
    expect(next.rawTranscript).not.toContain('waiting for another run');
    expect(streamkap.projectKeys.map((key) => key.name)).toEqual(['Orders CI, corrected']);
    expect(log.of('streamkap', 'POST /project-keys')).toHaveLength(1);
    await assertWorks(world, fileIn(next));
  });
});

test('a 422 that echoes the password shows where the problem is and what it is, never what was sent', async () => {
  const world = await worldOfTest();
  const { streamkap } = world.sandbox;
  const handle = streamkap.handle.bind(streamkap);
  streamkap.handle = (request, delayMs) => {
    if (request.method !== 'POST' || request.path !== '/project-keys') return handle(request, delayMs);
    const { password } = JSON.parse(request.body ?? '{}').kafka_config;
    handle({ ...request, method: 'GET', body: undefined }, delayMs);
    const issue = { loc: ['body', 'kafka_config', 'password'], type: 'value_error', msg: 'Password is too common' };
    const detail = [{ ...issue, input: password, ctx: { error: `bad ${password}` } }];
    return {
      status: 422,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ detail }),
      tookEffect: false,
    };
  };
  const run = await world.run(KINDS['Kafka-only']);
  expect(errorOf(run)).toMatch(
    /422 to POST \/project-keys: body\.kafka_config\.password: Password is too common \[value_error\].*\[STREAMKAP_INVALID\]$/,
  );
});

test('even a message that quotes the password is shown without it', async () => {
  const world = await worldOfTest();
  const { streamkap } = world.sandbox;
  const handle = streamkap.handle.bind(streamkap);
  let sent = '';
  streamkap.handle = (request, delayMs) => {
    if (request.method !== 'POST' || request.path !== '/project-keys') return handle(request, delayMs);
    sent = JSON.parse(request.body ?? '{}').kafka_config.password;
    const body = JSON.stringify({ detail: `The password "${sent}" is too common` });
    return { status: 422, headers: { 'content-type': 'application/json' }, body, tookEffect: false };
  };
  const run = await world.run(KINDS['Kafka-only']);
  expect(sent).not.toBe('');
  expect(errorOf(run)).toMatch(/422 to POST \/project-keys: The password ".*" is too common/);
  expect(errorOf(run)).not.toContain(sent);
});

test('a token that is refused is renewed once and the creation sent again, as one key', async () => {
  const world = await worldOfTest();
  const { log, streamkap } = world.sandbox;
  log.script({ service: 'streamkap', operation: 'POST /project-keys', action: answer(401) });
  const run = await world.run(KINDS['API + Kafka']);
  expect(run.outputs.result).toBe('created');
  expect(log.of('streamkap', 'POST /auth/access-token')).toHaveLength(2);
  expect(log.of('streamkap', 'POST /project-keys').filter((call) => call.tookEffect)).toHaveLength(1);
  expect(streamkap.projectKeys).toHaveLength(1);
});

test('a token that stays refused is an error, and the next run succeeds at once', async () => {
  const world = await worldOfTest();
  const { log } = world.sandbox;
  log.script({ service: 'streamkap', operation: 'POST /project-keys', times: 2, action: answer(401) });
  const run = await world.run(KINDS['API + Kafka']);
  expect(errorOf(run)).toMatch(/keeps a note .* \[STREAMKAP_UNAUTHENTICATED\]$/);
  const next = await world.run(KINDS['API + Kafka']);
  expect(next.outputs.result).toBe('created');
  expect(next.rawTranscript).not.toContain('waiting for another run');
});

test.concurrent.for<[string, FaultAction]>([
  ['an empty 500', answer(500, { body: '' })],
  ['a proxy’s 502', answer(502, { body: '<html>Bad Gateway</html>', headers: { 'content-type': 'text/html' } })],
  ['an empty 500 after the key was made', { ...answer(500, { body: '' }), when: 'after' } as FaultAction],
])('after %s nobody knows: what is there is looked up, and one key comes of it', async ([, action], context) => {
  const world = await worldOfTest({}, context);
  const { log, streamkap } = world.sandbox;
  log.script({ service: 'streamkap', operation: 'POST /project-keys', action });
  const run = await world.run(KINDS['API + Kafka']);
  expect(run.outcome).toBe('success');
  expect(run.maskedTranscript).not.toContain('<html>');
  expect(streamkap.projectKeys.map((key) => key.id)).toEqual([run.outputs['project-key-id']]);
  await assertWorks(world, fileIn(run));
});

test.concurrent('a creation that is never answered is given up after three tries, and the next run makes the key', async (context) => {
  const world = await worldOfTest({}, context);
  const { log, streamkap } = world.sandbox;
  log.script({ service: 'streamkap', operation: 'POST /project-keys', times: 3, action: answer(500, { body: '' }) });
  const run = await world.run(KINDS['API + Kafka']);
  expect(errorOf(run)).toMatch(
    /did not answer the creation.*It is not known whether something was changed\. It may be tried again\. \[CREATE_UNANSWERED\]$/,
  );
  expect(log.of('streamkap', 'POST /project-keys')).toHaveLength(3);
  const next = await world.run({ ...KINDS['API + Kafka'], 'wait-timeout-seconds': '0' });
  expect(next.outcome).toBe('success');
  expect(streamkap.projectKeys).toHaveLength(1);
});

test.concurrent('a success that is no credential file is an error that does not quote it, and the next run puts things in order', async (context) => {
  const world = await worldOfTest({}, context);
  const { log, streamkap } = world.sandbox;
  const body = JSON.stringify({ project_key_id: 'x', api: { client_secret: 'Qv7Tn2Rk9Lw4Ys6Bd1Gh' } });
  log.script({
    service: 'streamkap',
    operation: 'POST /project-keys',
    times: 3,
    action: { ...answer(201, { body }), when: 'after' } as FaultAction,
  });
  const run = await world.run(KINDS['API-only'], { secrets: ['Qv7Tn2Rk9Lw4Ys6Bd1Gh'] });
  expect(run.outcome).toBe('failure');
  expect(run.outputs).toEqual({});
  log.clearFaults();
  const next = await world.run({ ...KINDS['API-only'], 'wait-timeout-seconds': '0' });
  expect(next.outcome).toBe('success');
  expect(streamkap.projectKeys.map((key) => key.id)).toEqual([next.outputs['project-key-id']]);
});
