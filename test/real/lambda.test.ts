import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type HeldAt, type HoldingProxy, startHoldingProxy } from '../e2e/action/holding-proxy.ts';
import { FIRST, SECRET, seedKafkaKey } from '../e2e/lambda-bundle.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { projectFolder } from './judges/cache.ts';
import { type LambdaAnswer, type RunningLambda, startLambda } from './judges/lambda.ts';
import { asRotationFunction } from './lambda/rotation-function.ts';

/** Long enough to begin a change and to prove it on a busy machine, short enough to be waited for. */
const TIMEOUT_SECONDS = 15;
const ADMIN = 'streamkap/admin';
const PATCH = 'PATCH /project-keys/{id}';
const POST = 'POST /auth/client-credentials';

interface Scene {
  readonly sandbox: Sandbox;
  readonly proxy: HoldingProxy;
  readonly lambda: RunningLambda;
  /** How each call of the function ended, in order. */
  readonly answers: LambdaAnswer[];
}

interface Kind {
  readonly folder: 'rotate-password' | 'rotate-admin';
  readonly secretId: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What the proxy keeps. */
  readonly call: string;
  readonly prepare: (sandbox: Sandbox) => void;
  /** Rotations before the one that meets trouble. */
  readonly before: number;
}

const password = (strategy: 'single' | 'alternating', before: number): Kind => ({
  ...{ folder: 'rotate-password', secretId: SECRET, call: 'PATCH /project-keys/', before },
  environment: { ROTATION_STRATEGY: strategy, PROPAGATION_TIMEOUT_SECONDS: '2' },
  prepare: (sandbox) => seedKafkaKey(sandbox, strategy),
});
const SINGLE = password('single', 0);
// The first rotation makes the second key, and changes no password.
const ALTERNATING = password('alternating', 1);
const CREDENTIAL: Kind = {
  ...{ folder: 'rotate-admin', secretId: ADMIN, call: POST, before: 0 },
  ...{ environment: {}, prepare: () => {} },
};

const started: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.stop();
});

/** The shipped function under Lambda's emulator, called by RotateSecret, with a proxy before Streamkap that keeps one call. */
async function stage(kind: Kind, heldAt: HeldAt): Promise<Scene> {
  const sandbox = await startSandbox({ rotation: { maxSequences: 3 } });
  started.push({ stop: () => sandbox.close() });
  kind.prepare(sandbox);
  const proxy = await startHoldingProxy(() => sandbox.streamkapHost, heldAt, kind.call);
  started.push({ stop: () => proxy.close() });
  const lambda = await startLambda({
    bundleFolder: join(projectFolder, 'functions/dist', kind.folder),
    env: { ...sandbox.environment, ...kind.environment, STREAMKAP_HOST: proxy.url },
    timeoutSeconds: TIMEOUT_SECONDS,
  });
  started.push(lambda);
  const answers: LambdaAnswer[] = [];
  const invoke = asRotationFunction({
    ...lambda,
    invoke: async (event) => {
      const answer = await lambda.invoke(event);
      answers.push(answer);
      return answer;
    },
  });
  sandbox.setHandler(invoke);
  const scene = { sandbox, proxy, lambda, answers };
  for (let rotation = 0; rotation < kind.before; rotation++) await rotated(scene, kind);
  sandbox.log.calls.length = 0;
  answers.length = 0;
  return scene;
}

function beginRotation({ sandbox }: Scene, { secretId }: Kind): void {
  sandbox.secretsManager.call('RotateSecret', {
    ...{ SecretId: secretId, ClientRequestToken: randomUUID(), RotationRules: { AutomaticallyAfterDays: 30 } },
    RotationLambdaARN: 'arn:aws:lambda:eu-central-1:123456789012:function:rotation',
  });
}

async function rotated(scene: Scene, kind: Kind): Promise<void> {
  beginRotation(scene, kind);
  await scene.sandbox.secretsManagerServer.idle();
}

interface Credential {
  readonly username: string;
  readonly password: string;
}

const fileIn = ({ sandbox }: Scene, secretId: string, stage = 'AWSCURRENT'): Credential =>
  (JSON.parse(sandbox.secretsManager.valueOf(secretId, { stage }) ?? '{}') as { kafka: Credential }).kafka;
const isAccepted = ({ sandbox }: Scene, { username, password }: Credential) =>
  sandbox.kafkaUsers.passwordOf(username) === password;
const effectiveChanges = ({ sandbox }: Scene, operation: string) =>
  sandbox.log.of('streamkap', operation).filter(({ tookEffect }) => tookEffect);
const failures = ({ answers }: Scene) => answers.filter(({ outcome }) => outcome !== 'success');

/** One key, one change; what is stored is what Streamkap accepts; with two keys the other one is stored and accepted too. */
function expectRotatedOnce(scene: Scene, strategy: 'single' | 'alternating'): void {
  expect(effectiveChanges(scene, PATCH)).toHaveLength(1);
  const current = fileIn(scene, SECRET);
  expect(isAccepted(scene, current)).toBe(true);
  expect(current.password).not.toBe(FIRST);
  if (strategy === 'alternating') {
    const outgoing = fileIn(scene, `${SECRET}/standby`);
    expect(outgoing.username).not.toBe(current.username);
    expect(isAccepted(scene, outgoing)).toBe(true);
  }
  expectNothingSecretIn(scene, [FIRST, current.password, scene.sandbox.admin.clientSecret]);
}

function expectNothingSecretIn({ lambda, answers }: Scene, secrets: readonly string[]): void {
  const said = lambda.log() + answers.map(({ body }) => body).join();
  for (const secret of secrets) {
    expect(said).not.toContain(secret);
    expect(said).not.toContain(Buffer.from(secret).toString('base64'));
  }
}

/** The one failure is the function's own, told by name; Lambda did not have to end it. */
function expectOwnError(scene: Scene, code: string): void {
  expect(failures(scene)).toMatchObject([
    { outcome: 'error', errorType: 'RotationError', errorMessage: expect.stringMatching(new RegExp(`^${code}: `)) },
  ]);
  expect(scene.lambda.log()).toContain(`"error_code":"${code}"`);
  expect(scene.lambda.log()).not.toContain('Task timed out');
}

/** The one failure is Lambda's, for want of a process. */
function expectKilledOnce(scene: Scene): void {
  expect(failures(scene)).toMatchObject([
    { errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining('signal: killed') },
  ]);
}

describe('a PATCH that is held open ends within the deadline of the function itself', () => {
  test.each([
    ['single', SINGLE],
    ['alternating', ALTERNATING],
  ] as const)('%s: it never arrives; named, and sent once more by the retry', async (strategy, kind) => {
    const scene = await stage(kind, 'request');
    await rotated(scene, kind);
    expectOwnError(scene, 'ANSWER_LOST');
    expectRotatedOnce(scene, strategy);
    expect(scene.sandbox.log.of('streamkap', PATCH)).toHaveLength(1);
  });

  test.each([
    ['single', SINGLE],
    ['alternating', ALTERNATING],
  ] as const)('%s: it took effect and is not answered; a login finds that, nothing fails', async (strategy, kind) => {
    const scene = await stage(kind, 'answer');
    await rotated(scene, kind);
    expect(failures(scene)).toEqual([]);
    expectRotatedOnce(scene, strategy);
    expect(scene.sandbox.log.of('streamkap', PATCH)).toHaveLength(1);
  });
});

describe('a process that is killed while its PATCH is held open', () => {
  test.each([
    ['single', 'request', SINGLE],
    ['single', 'answer', SINGLE],
    ['alternating', 'request', ALTERNATING],
    ['alternating', 'answer', ALTERNATING],
  ] as const)('%s, kept at the %s: the replay ends well, with one change', async (strategy, heldAt, kind) => {
    const scene = await stage(kind, heldAt);
    const outgoing = fileIn(scene, SECRET);
    beginRotation(scene, kind);
    await scene.proxy.held;
    expect(isAccepted(scene, fileIn(scene, SECRET, 'AWSPENDING'))).toBe(heldAt === 'answer');
    await scene.lambda.killRuntime();
    await scene.sandbox.secretsManagerServer.idle();
    expectKilledOnce(scene);
    expectRotatedOnce(scene, strategy);
    expect(isAccepted(scene, outgoing)).toBe(strategy === 'alternating');
  });

  test('single, and it arrives after the death: it is found, and not sent again', async () => {
    const scene = await stage(SINGLE, 'request');
    beginRotation(scene, SINGLE);
    await scene.proxy.held;
    await scene.lambda.killRuntime();
    scene.proxy.release();
    await scene.sandbox.secretsManagerServer.idle();
    expectKilledOnce(scene);
    expectRotatedOnce(scene, 'single');
    expect(scene.sandbox.log.of('streamkap', PATCH)).toHaveLength(1);
  });
});

describe("rotate-admin's POST", () => {
  const live = ({ sandbox }: Scene) => sandbox.streamkap.clientCredentials.map(({ clientId }) => clientId);
  const storedId = ({ sandbox }: Scene, stage = 'AWSCURRENT') =>
    (JSON.parse(sandbox.secretsManager.valueOf(ADMIN, { stage }) ?? '{}') as { client_id: string }).client_id;

  /** Current and previous work; what was lost meanwhile is gone after the next rotation that is 15 minutes younger. */
  async function expectNothingLeft(scene: Scene, lost: number): Promise<void> {
    expect(live(scene)).toContain(storedId(scene));
    expect(storedId(scene, 'AWSPREVIOUS')).toBe(scene.sandbox.admin.clientId);
    expect(live(scene)).toHaveLength(2 + lost);
    const snapshot = JSON.parse(scene.sandbox.streamkap.snapshot()) as { credentials: { createdAt: string }[] };
    for (const credential of snapshot.credentials) credential.createdAt = '2020-01-01T00:00:00Z';
    scene.sandbox.streamkap.restore(JSON.stringify(snapshot));
    const previous = storedId(scene);
    await rotated(scene, CREDENTIAL);
    expect(live(scene).sort()).toEqual([previous, storedId(scene)].sort());
    expectNothingSecretIn(scene, [
      scene.sandbox.admin.clientSecret,
      ...scene.sandbox.streamkap.clientCredentials.map(({ secret }) => secret),
    ]);
  }

  test.each([
    ['never arrives', 'request', 0],
    ['made a credential and is not answered', 'answer', 1],
  ] as const)('held open, it %s: ends within the own deadline, by name', async (_what, heldAt, lost) => {
    const scene = await stage(CREDENTIAL, heldAt);
    await rotated(scene, CREDENTIAL);
    expectOwnError(scene, 'ANSWER_LOST');
    await expectNothingLeft(scene, lost);
  });

  test.each([
    ['request', 0],
    ['answer', 1],
  ] as const)('kept at the %s while the process is killed: the replay makes another', async (heldAt, lost) => {
    const scene = await stage(CREDENTIAL, heldAt);
    beginRotation(scene, CREDENTIAL);
    await scene.proxy.held;
    await scene.lambda.killRuntime();
    await scene.sandbox.secretsManagerServer.idle();
    expectKilledOnce(scene);
    await expectNothingLeft(scene, lost);
  });
});
