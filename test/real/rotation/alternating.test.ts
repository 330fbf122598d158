import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNoLeakInLog } from '../../runner-harness/assert-no-leak.ts';
import { type ClientName, type StreamConsumer, startConsumer } from './consumer.ts';
import {
  CLIENT_NAMES,
  type FiveRotations,
  missing,
  ROTATIONS,
  rotateFiveTimes,
  startReading,
} from './five-rotations.ts';
import { type RotationWorld, startRotationWorld } from './world.ts';

let world: RotationWorld;
let consumers: Map<ClientName, StreamConsumer>;
/** Reads the secret once, at its start. */
let deaf: StreamConsumer;
let deafWasRefusedIn: number | undefined;
let course: FiveRotations;

beforeAll(async () => {
  world = await startRotationWorld({ strategy: 'alternating' });
  await world.deployWarm();
  const reading = await startReading(world, 'event');
  ({ consumers } = reading);
  deaf = await startConsumer(world, 'confluent-kafka', 'never');
  await deaf.reaches(1);
  const listening = [...consumers.values()];
  course = await rotateFiveTimes({
    ...{ world, stream: reading.stream, consumers: listening },
    afterRotation: async ({ token }, number) => {
      await Promise.all(listening.map((consumer) => consumer.hasRead(token)));
      if (number === 1) await deaf.reaches(reading.stream.last + 1);
      if (number === 2) await deaf.isRefused();
      if (number <= 2 && deaf.refusals().length > 0) deafWasRefusedIn ??= number;
      // The last rotation's credential has to be used too.
      if (number === ROTATIONS) world.kafka.disconnectAll();
    },
  });
});
afterAll(async () => {
  await Promise.all([...(consumers?.values() ?? []), deaf].map((consumer) => consumer?.stop()));
  await world?.stop();
});

test('five rotations by two keys succeed: the first makes the second key, each later one changes one password', () => {
  expect(course.rotations.map(({ outcome }) => outcome)).toEqual(Array(ROTATIONS).fill('RotationSucceeded'));
  expect(world.sandbox.log.of('streamkap', 'POST /project-keys')).toHaveLength(1);
  expect(world.sandbox.log.of('streamkap', 'PATCH /project-keys/{id}')).toHaveLength(ROTATIONS - 1);
  expect(new Set(course.passwords).size).toBe(ROTATIONS + 1);
});

test.each(CLIENT_NAMES)('%s loses no record of a stream that goes on throughout', (name) => {
  const records = consumers.get(name)?.records() ?? [];
  expect(course.last).toBeGreaterThan(ROTATIONS);
  expect(missing(records, course.last)).toEqual([]);
});

test.each(CLIENT_NAMES)('%s is never refused when it reads the secret anew on each event', (name) => {
  const facts = consumers.get(name)?.facts() ?? [];
  const read = facts.flatMap(({ read: version }) => version ?? []);
  expect(read.slice(1)).toEqual(course.rotations.map(({ token }) => token));
  expect(facts.filter(({ refused }) => refused !== undefined)).toEqual([]);
});

test('a consumer that never reads the secret anew lives through one rotation and is refused from the second on', () => {
  expect(deafWasRefusedIn).toBe(2);
});

test('the function says it on the event bus once a rotation, and no secret there or in its log', () => {
  const { events } = world.bus;
  expect(events.map(({ detail }) => [detail.token, detail.strategy, detail.movedNow])).toEqual(
    course.rotations.map(({ token }) => [token, 'alternating', true]),
  );
  const secrets = [...course.passwords, world.sandbox.admin.clientSecret];
  expect(world.log().match(/"step":"finishSecret"/g)).toHaveLength(ROTATIONS);
  assertNoLeakInLog(JSON.stringify(events), secrets);
  assertNoLeakInLog(world.log(), secrets);
});
