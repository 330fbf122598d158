import { type ClientName, type StreamConsumer, startConsumer } from './consumer.ts';
import { NumberedStream } from './stream.ts';
import { type Rotated, type RotationWorld, TOPIC } from './world.ts';

export const CLIENT_NAMES: readonly ClientName[] = ['confluent-kafka', '@platformatic/kafka'];
export const ROTATIONS = 5;

/** What happened to a stream and its consumers while its password was rotated. */
export interface FiveRotations {
  readonly rotations: readonly Rotated[];
  /** Epoch milliseconds at which all consumers had read what was written after each. */
  readonly recoveredAt: readonly number[];
  /** All passwords that were current at some time. */
  readonly passwords: readonly string[];
  /** The last number of the stream; all consumers have processed it, and with it, one hopes, all before it. */
  readonly last: number;
}

export interface Course {
  readonly world: RotationWorld;
  readonly stream: NumberedStream;
  readonly consumers: readonly StreamConsumer[];
  /** Awaited after each rotation, before the next. @param number 1 for the first */
  readonly afterRotation?: (rotated: Rotated, number: number) => Promise<unknown>;
}

/** Starts a stream, and a consumer by each client that reads it; resolves when all of them do. */
export async function startReading(world: RotationWorld, refresh: 'event' | 'refusal') {
  const stream = new NumberedStream(world.kafka, TOPIC);
  const consumers = new Map<ClientName, StreamConsumer>();
  for (const name of CLIENT_NAMES) {
    const consumer = await startConsumer(world, name, refresh);
    consumers.set(name, consumer);
    world.bus.subscribe((event) => consumer.tell(event));
  }
  await Promise.all([...consumers.values()].map((consumer) => consumer.reaches(1)));
  return { stream, consumers };
}

/** Five times: rotates, and goes on when every consumer has read a record that was written after the rotation. */
export async function rotateFiveTimes({ world, stream, consumers, afterRotation }: Course): Promise<FiveRotations> {
  const rotations: Rotated[] = [];
  const recoveredAt: number[] = [];
  const passwords = [world.stored().password];
  const allReach = (number: number) => Promise.all(consumers.map((consumer) => consumer.reaches(number)));
  for (let number = 1; number <= ROTATIONS; number++) {
    const rotated = await world.rotate();
    rotations.push(rotated);
    passwords.push(world.stored().password);
    await afterRotation?.(rotated, number);
    await allReach(stream.last + 1);
    recoveredAt.push(Date.now());
  }
  const last = await stream.end();
  await allReach(last);
  return { rotations, recoveredAt, passwords, last };
}

/** @returns the numbers from 1 to `last` that are not among the records */
export function missing(records: readonly number[], last: number): number[] {
  const seen = new Set(records);
  return Array.from({ length: last }, (_, index) => index + 1).filter((number) => !seen.has(number));
}
