import { expect, onTestFinished } from 'vitest';
import type { ActionRun } from '../../runner-harness/run-action.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import {
  assertWorks,
  errorOf,
  fileIn,
  type Inputs,
  KINDS,
  type Kind,
  SECRET_ID,
  storedIn,
  type World,
  worldOfTest,
} from './fixture.ts';
import { type HoldingProxy, startHoldingProxy } from './holding-proxy.ts';

/** Jobs that start together; each state of the secret that DESIGN.md section 4 knows is met by all of them at once. */
export const RUNS = 10;
export const BOTH = KINDS['API + Kafka'];
export const POST = 'POST /project-keys';
export const DELETE = 'DELETE /project-keys/{id}';
export const PATCH = 'PATCH /project-keys/{id}';
/** An intent of this age counts as its holder's death, unless wait-timeout-seconds says otherwise; AWS tells the time in whole seconds. */
export const TAKE_OVER_MS = 121_000;

interface TimedWorld extends World {
  /** Lets time pass for the stand-ins; the runs keep the machine's clock. */
  pass(ms: number): void;
}

/** A world whose time stands still, so that how fast the machine is decides nothing about ages. */
export async function timedWorld(options: Parameters<typeof worldOfTest>[0] = {}): Promise<TimedWorld> {
  let now = Date.now();
  const world = await worldOfTest({ ...options, now: () => now });
  const pass = (ms: number) => {
    now += ms;
  };
  return { ...world, pass };
}

export function tenRuns(world: World, inputs: Inputs): Promise<ActionRun[]> {
  return Promise.all(Array.from({ length: RUNS }, () => world.run(inputs)));
}

/** As {@link tenRuns}; `waiting` resolves when each of them has said that it waits for another run. */
export function tenWaitingRuns(world: World, inputs: Inputs) {
  const each = Array.from({ length: RUNS }, () => {
    const waits = Promise.withResolvers<void>();
    const onLine = (line: string) => {
      if (line.includes('waiting for another run to finish creating the key')) waits.resolve();
    };
    return { waits: waits.promise, run: world.run(inputs, { onLine }) };
  });
  const runs = Promise.all(each.map(({ run }) => run));
  // A run that ends without having waited fails the test instead of letting it wait for ever.
  const waiting = Promise.race([
    Promise.all(each.map(({ waits }) => waits)),
    runs.then(() => Promise.reject(new Error('a run did not wait'))),
  ]);
  return { runs, waiting };
}

/** @returns how often each result came out, e.g. `{ created: 1, found: 9 }` */
export function results(runs: readonly ActionRun[]): Record<string, number> {
  return countOf(runs.map(({ outputs }) => outputs.result ?? 'none'));
}

export function countOf(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

/** What each of the ten ended as when all went well: the same credential, the stored one, and it works; one key, nothing else of it. */
export async function assertOneCredential(world: World, runs: readonly ActionRun[]): Promise<void> {
  expect(runs.flatMap(({ annotations }) => annotations.errors)).toEqual([]);
  expect(runs.map(({ exitCode }) => exitCode)).toEqual(Array(RUNS).fill(0));
  for (const output of ['credentials', 'secret-arn', 'secret-version-id', 'project-key-id'])
    expect([output, new Set(runs.map(({ outputs }) => outputs[output])).size]).toEqual([output, 1]);
  const [first] = runs;
  if (!first) throw new Error('no run');
  expect(storedIn(world)).toEqual(fileIn(first));
  const id = first.outputs['project-key-id'];
  const { projectKeys, clientCredentials } = world.sandbox.streamkap;
  expect(projectKeys.map((key) => ({ id: key.id, status: key.status }))).toEqual([{ id, status: 'active' }]);
  expect(new Set(clientCredentials.map(({ projectKeyId }) => projectKeyId ?? id))).toEqual(new Set([id]));
  await assertWorks(world, fileIn(first));
}

/** What each of the ten ended as when none could go on: one error of this form, nothing handed out, AWS and Streamkap as before. */
export async function assertAllRefused(world: World, inputs: Inputs, says: RegExp): Promise<void> {
  const before = snapshotOf(world);
  const runs = await tenRuns(world, inputs);
  expect(runs.map(({ exitCode }) => exitCode)).toEqual(Array(RUNS).fill(1));
  for (const run of runs) {
    expect(errorOf(run)).toMatch(says);
    expect([run.outputs, run.env, run.state, run.summary]).toEqual([{}, {}, {}, '']);
  }
  expect(snapshotOf(world)).toEqual(before);
  expect(world.sandbox.log.calls.filter(({ tookEffect }) => tookEffect)).toEqual([]);
}

export function snapshotOf({ sandbox: { secretsManager, streamkap } }: World) {
  return { aws: secretsManager.snapshot({ dates: false }), keys: streamkap.projectKeys.map(({ id }) => id) };
}

/** @returns the labels of each version, those of the current one first */
export function labelsOf({ secretsManager }: Sandbox): string[][] {
  const labels = Object.values(secretsManager.labels(SECRET_ID)).map((stages) => [...stages].sort());
  return labels.sort((a, b) => Number(b.includes('AWSCURRENT')) - Number(a.includes('AWSCURRENT')));
}

export function counted({ sandbox: { log } }: World): Record<string, number> {
  return { [POST]: log.of('streamkap', POST).length, [DELETE]: log.of('streamkap', DELETE).length };
}

export const MADE_ONCE = [['AWSCURRENT', 'KEYRING_CREATED'], ['AWSPREVIOUS']];

/** Has a run of this kind killed while its creation is under way, `before` or `after` Streamkap heard of it. */
export async function dieAtCreation(world: World, kind: Kind, when: 'before' | 'after'): Promise<void> {
  await dieAt(world, kind, { service: 'streamkap', operation: POST, when });
}

export async function dieAt(
  world: World,
  kind: Kind,
  {
    service,
    operation,
    when = 'before',
  }: { service: 'streamkap' | 'secretsmanager'; operation: string; when?: 'before' | 'after' },
): Promise<void> {
  const { log } = world.sandbox;
  log.script({ service, operation, action: { kind: 'hang', when } });
  const run = await world.run(KINDS[kind], { cancelAfter: world.reached(service, operation) });
  expect(run.outcome).toBe('cancelled');
  log.clearFaults();
}

export async function heldWorld(): Promise<{ world: World; proxy: HoldingProxy }> {
  let host = '';
  const proxy = await startHoldingProxy(() => host, 'request');
  onTestFinished(() => proxy.close());
  const world = await timedWorld({ streamkap: { apiBaseUrl: () => proxy.url } });
  host = world.sandbox.streamkapHost;
  return { world, proxy };
}
