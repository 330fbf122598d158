import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../real/judges/cache.ts';
import { gapsByRotation } from '../real/rotation/consumer-gap.ts';
import { rotateFiveTimes, startReading } from '../real/rotation/five-rotations.ts';
import { startRotationWorld } from '../real/rotation/world.ts';

/** One strategy as one client saw it through five rotations; medians, in milliseconds. */
interface ConsumerGapRow {
  readonly strategy: string;
  readonly client: string;
  /** As the function measures it; only where consumers can be refused. */
  readonly 'PATCH to AWSCURRENT': number | undefined;
  /** Rotations in which a login of the client's was refused. */
  readonly refused: number;
  readonly 'refused for': number | undefined;
  readonly 'read nothing for': number | undefined;
}

/** What the measurement runs on; test/real installs it. */
const JUDGES = ['kafka', 'lambda-emulator', 'lambda-runtime-client', 'python-consumer'];

/** @returns undefined where the real tier has not installed a broker and its clients */
export async function measureConsumerGaps(): Promise<ConsumerGapRow[] | undefined> {
  if (!JUDGES.every((judge) => existsSync(join(cacheFolder(), judge, '.stamp')))) return undefined;
  return [...(await measure('single', 'refusal')), ...(await measure('alternating', 'event'))];
}

async function measure(strategy: 'single' | 'alternating', refresh: 'event' | 'refusal'): Promise<ConsumerGapRow[]> {
  const world = await startRotationWorld({ strategy });
  try {
    await world.deployWarm();
    const { stream, consumers } = await startReading(world, refresh);
    try {
      const { recoveredAt } = await rotateFiveTimes({ world, stream, consumers: [...consumers.values()] });
      const measured = median(world.lines().flatMap(({ consumer_gap_ms: gap }) => gap ?? []));
      return [...consumers].map(([client, consumer]) => {
        const gaps = gapsByRotation(consumer, recoveredAt).filter((gap) => gap !== undefined);
        return {
          ...{ strategy, client, 'PATCH to AWSCURRENT': measured, refused: gaps.length },
          'refused for': median(gaps.map(({ refusedMs }) => refusedMs)),
          'read nothing for': median(gaps.map(({ silentMs }) => silentMs)),
        };
      });
    } finally {
      for (const consumer of consumers.values()) await consumer.stop();
    }
  } finally {
    await world.stop();
  }
}

function median(values: number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
