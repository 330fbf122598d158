import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { BusEvent } from '../../sandbox/event-bus.ts';
import { pathWithProjectNode } from '../judges/cache.ts';
import { type RunningChild, startChild } from '../judges/process.ts';
import { installPythonPackages } from '../judges/python.ts';
import { GROUPS, type RotationWorld, SECRET, TOPIC } from './world.ts';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The clients, each with the command that runs its consumer. */
export const CLIENTS = {
  'confluent-kafka': async () => {
    const python = await installPythonPackages('python-consumer', await readFile(file('./requirements.txt'), 'utf8'));
    return [python, file('./consumer.py')];
  },
  '@platformatic/kafka': async () => ['node', file('./consumer-platformatic.ts')],
} satisfies Record<string, () => Promise<string[]>>;

export type ClientName = keyof typeof CLIENTS;

/** How long anything that a consumer is waited for may take. */
const DEADLINE_MS = 60_000;

/** One line that a consumer prints, as consumer.py says; `at` in milliseconds since the epoch, by the consumer. */
interface Fact {
  readonly at: number;
  readonly record?: number;
  readonly refused?: string;
  readonly read?: string;
  readonly error?: string;
}

/** How a consumer saw a consumer gap that it fell into; `at` is when it was over. */
export interface Gap {
  readonly at: number;
  /** From the first refused login to the next record, in milliseconds. */
  readonly refusedMs: number;
  /** From the last record before it to the next one, in milliseconds. */
  readonly silentMs: number;
}

/** A consumer in a process of its own, in a group of its own. */
export class StreamConsumer {
  readonly #child: RunningChild;

  constructor(child: RunningChild) {
    this.#child = child;
  }

  /** What it printed. */
  facts(): Fact[] {
    return this.output()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Fact);
  }

  output(): string {
    return this.#child.output();
  }

  /** Numbers in the order in which it processed them, each once more for each time that it came again. */
  records(): number[] {
    return this.facts().flatMap(({ record }) => record ?? []);
  }

  refusals(): Fact[] {
    return this.facts().filter(({ refused }) => refused !== undefined);
  }

  /** Each time that logins of its were refused until a record came. */
  gaps(): Gap[] {
    const gaps: Gap[] = [];
    let recordAt: number | undefined;
    let refusedAt: number | undefined;
    for (const { at, refused, record } of this.facts()) {
      if (refused !== undefined) refusedAt ??= at;
      if (record === undefined) continue;
      if (refusedAt !== undefined) gaps.push({ at, refusedMs: at - refusedAt, silentMs: at - (recordAt ?? refusedAt) });
      recordAt = at;
      refusedAt = undefined;
    }
    return gaps;
  }

  tell(event: BusEvent): void {
    this.#child.write(`${JSON.stringify(event)}\n`);
  }

  /** Waits until it has processed a record. */
  reaches(number: number): Promise<void> {
    return this.#child.waitForOutput(new RegExp(`"record":\\s?${number}\\b`), DEADLINE_MS);
  }

  /** Waits until it has read a version of the secret. */
  hasRead(versionId: string): Promise<void> {
    return this.#child.waitForOutput(new RegExp(`"read":\\s?"${versionId}"`), DEADLINE_MS);
  }

  /** Waits for its first refused login. */
  isRefused(): Promise<void> {
    return this.#child.waitForOutput(/"refused"/, DEADLINE_MS);
  }

  stop(): Promise<void> {
    return this.#child.stop(1_000);
  }
}

/** @param refresh when it reads the secret anew: on an event, on a refused login, never */
export async function startConsumer(
  { environment, kafka }: RotationWorld,
  client: ClientName,
  refresh: 'event' | 'refusal' | 'never',
): Promise<StreamConsumer> {
  const [command = '', ...script] = await CLIENTS[client]();
  const group = `${GROUPS}${client === '@platformatic/kafka' ? 'node' : 'python'}-${refresh}`;
  const env = { PATH: pathWithProjectNode(), KAFKA_CA_FILE: kafka.caFile, ...environment };
  const child = await startChild(command, [...script, TOPIC, group, SECRET, refresh], {
    env: { ...env, PYTHONDONTWRITEBYTECODE: '1' },
    withInput: true,
  });
  return new StreamConsumer(child);
}
