import type { World } from './world.ts';

/** Kafka takes `milliseconds` for a login from now on; one that is given less time is cut short, and says nothing. */
export function answerAfter(world: Pick<World, 'login' | 'now'>, milliseconds: number): void {
  world.login = ({ timeoutMs }) => {
    world.now += Math.min(timeoutMs, milliseconds);
    return timeoutMs < milliseconds ? { outcome: 'unknown', code: 'TIMEOUT', milliseconds: timeoutMs } : undefined;
  };
}
