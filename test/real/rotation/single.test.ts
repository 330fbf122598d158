import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNoLeakInLog } from '../../runner-harness/assert-no-leak.ts';
import type { ClientName, StreamConsumer } from './consumer.ts';
import { gapTable } from './consumer-gap.ts';
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
let course: FiveRotations;

beforeAll(async () => {
  world = await startRotationWorld({ strategy: 'single' });
  await world.deployWarm();
  const reading = await startReading(world, 'refusal');
  ({ consumers } = reading);
  const all = [...consumers.values()];
  // The gap is so short that a slow client could miss it, so the first one is held open until all have met it.
  world.beforeStep = async (step) => {
    if (step === 'testSecret') await Promise.all(all.map((consumer) => consumer.isRefused()));
  };
  course = await rotateFiveTimes({ world, stream: reading.stream, consumers: all });
});
afterAll(async () => {
  await Promise.all([...(consumers?.values() ?? [])].map((consumer) => consumer.stop()));
  await world?.stop();
});

test('five rotations in place succeed, each with one change at Streamkap', () => {
  expect(course.rotations.map(({ outcome }) => outcome)).toEqual(Array(ROTATIONS).fill('RotationSucceeded'));
  expect(world.sandbox.log.of('streamkap', 'PATCH /project-keys/{id}')).toHaveLength(ROTATIONS);
  expect(new Set(course.passwords).size).toBe(ROTATIONS + 1);
});

test.each(CLIENT_NAMES)('%s recovers by itself from the refused logins of a consumer gap', (name) => {
  const facts = consumers.get(name)?.facts() ?? [];
  expect(facts.some(({ refused }) => refused !== undefined)).toBe(true);
  const lastRefusal = facts.findLastIndex(({ refused }) => refused !== undefined);
  expect(facts.slice(lastRefusal).some(({ record }) => record === course.last)).toBe(true);
});

test.each(CLIENT_NAMES)('%s loses no record of a stream that goes on throughout', (name) => {
  const records = consumers.get(name)?.records() ?? [];
  expect(course.last).toBeGreaterThan(ROTATIONS);
  expect(missing(records, course.last)).toEqual([]);
});

test('the function measures every consumer gap, and its consumers see theirs', () => {
  const measured = world.lines().flatMap(({ consumer_gap_ms: gap }) => gap ?? []);
  expect(measured).toHaveLength(ROTATIONS);
  process.stderr.write(gapTable({ measured, recoveredAt: course.recoveredAt, consumers }));
});

test('no secret is in the log of the function or in its events', () => {
  const secrets = [...course.passwords, world.sandbox.admin.clientSecret];
  expect(world.log().match(/"step":"finishSecret"/g)).toHaveLength(ROTATIONS);
  assertNoLeakInLog(world.log(), secrets);
  assertNoLeakInLog(JSON.stringify(world.bus.events), secrets);
});
