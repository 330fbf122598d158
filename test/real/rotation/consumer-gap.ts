import type { StreamConsumer } from './consumer.ts';

export interface GapMeasurements {
  /** As the function logs it, in milliseconds, a rotation each. */
  readonly measured: readonly number[];
  /** Epoch milliseconds at which all consumers read on, a rotation each. */
  readonly recoveredAt: readonly number[];
  readonly consumers: ReadonlyMap<string, StreamConsumer>;
}

/** How one consumer saw one rotation, in milliseconds; undefined where no login of its was refused. */
export type SeenGap = { readonly refusedMs: number; readonly silentMs: number } | undefined;

/** @returns for each rotation the longest gap that the consumer had in it */
export function gapsByRotation(consumer: StreamConsumer, recoveredAt: readonly number[]): SeenGap[] {
  return recoveredAt.map((end, index) =>
    consumer
      .gaps()
      .filter(({ at }) => at <= end && at > (recoveredAt[index - 1] ?? 0))
      .toSorted((a, b) => b.silentMs - a.silentMs)
      .at(0),
  );
}

/** @returns lines for people: the gap as measured by the function, and as each consumer saw it */
export function gapTable({ measured, recoveredAt, consumers }: GapMeasurements): string {
  const seen = [...consumers].map(([name, consumer]) => ({ name, gaps: gapsByRotation(consumer, recoveredAt) }));
  const lines = recoveredAt.map((_, index) => {
    const views = seen.map(({ name, gaps }) => `${name} ${shown(gaps[index])}`);
    return `  ${index + 1}: ${[`from PATCH to AWSCURRENT ${measured[index] ?? '?'} ms`, ...views].join('; ')}\n`;
  });
  return `consumer gap by rotation (the first is held open until every consumer was refused):\n${lines.join('')}`;
}

function shown(gap: SeenGap): string {
  return gap === undefined
    ? 'was not refused'
    : `was refused for ${gap.refusedMs} ms and read nothing for ${gap.silentMs} ms`;
}
