import { expect } from 'vitest';
import type { RotationStep } from '../../../sandbox/secrets-manager/rotation-events.ts';
import type { AdminWorld, ExternalCall } from '../../../unit/rotation/admin/world.ts';
import { lookAt } from '../admin-enumeration.ts';

/** Ends a schedule that would only repeat what was seen. */
class Seen extends Error {}

/** One step called twice at once: the calls of both, in an order that the test decides. */
class Race {
  readonly world: AdminWorld;
  readonly waiting = new Map<number, { go: () => void; stop: (error: Error) => void }>();
  readonly ended = new Set<number>();
  readonly #heard = new Map<number, string[]>();
  readonly #running: Promise<unknown>[] = [];
  #changed: () => void = () => {};

  constructor(world: AdminWorld) {
    this.world = world;
    world.turn = (call: ExternalCall) =>
      new Promise<void>((go, stop) => {
        this.waiting.set(call.invocation, { go, stop });
        this.#changed();
      });
    world.heard = ({ invocation, operation }, answer) => {
      this.#heard.set(invocation, [...(this.#heard.get(invocation) ?? []), operation, JSON.stringify(answer)]);
    };
  }

  async start(...invocations: (() => Promise<unknown>)[]): Promise<void> {
    for (const [index, invoke] of invocations.entries()) {
      const before = this.waiting.size + this.ended.size;
      const number = index + 1;
      const running = invoke().finally(() => {
        this.ended.add(number);
        this.#changed();
      });
      this.#running.push(running);
      await this.#until(() => this.waiting.size + this.ended.size > before);
    }
  }

  /** @param which of those that wait, by order */
  async next(which: number): Promise<void> {
    const [invocation, turn] = [...this.waiting].sort(([a], [b]) => a - b)[which] ?? [];
    if (invocation === undefined || !turn) throw new Error('nobody waits');
    const settled = this.waiting.size + this.ended.size;
    this.waiting.delete(invocation);
    turn.go();
    await this.#until(() => this.waiting.size + this.ended.size >= settled);
  }

  /** Equal keys have equal futures: the world, and all that each of the two was told. */
  key({ heard }: { readonly heard: boolean } = { heard: true }): string {
    const { secrets, streamkap } = this.world;
    return JSON.stringify([secrets.snapshot(), streamkap.snapshot(), heard ? [...this.#heard].sort() : []]);
  }

  async end(): Promise<unknown[]> {
    return await Promise.all(this.#running);
  }

  async stop(): Promise<void> {
    this.world.turn = () => Promise.reject(new Seen());
    for (const { stop } of this.waiting.values()) stop(new Seen());
    await Promise.allSettled(this.#running);
  }

  async #until(settled: () => boolean): Promise<void> {
    while (!settled())
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
  }
}

/** @returns how many ways there were to end, and how many states */
export async function everyInterleaving(
  prepare: () => Promise<AdminWorld>,
  calls: readonly (readonly [step: RotationStep, name: string])[],
  atEnd: (world: AdminWorld, codes: unknown[]) => Promise<void>,
): Promise<{ readonly ends: number; readonly states: number }> {
  const seen = new Set<string>();
  const schedules: number[][] = [[]];
  const settled = new Set<string>();
  let ends = 0;
  for (let schedule = schedules.pop(); schedule; schedule = schedules.pop()) {
    const race = new Race(await prepare());
    await race.start(...calls.map((call) => () => race.world.step(...call)));
    const taken: number[] = [];
    for (const choice of schedule) {
      await race.next(choice);
      taken.push(choice);
    }
    let known = false;
    while (race.waiting.size > 0 && !known) {
      expect(lookAt(race.world)()).toEqual([]);
      const key = race.key();
      known = seen.has(key);
      seen.add(key);
      if (known) break;
      if (race.waiting.size > 1) schedules.push([...taken, 1]);
      await race.next(0);
      taken.push(0);
    }
    if (known) {
      await race.stop();
      continue;
    }
    ends++;
    const codes = await race.end();
    const end = JSON.stringify([codes, race.key({ heard: false })]);
    if (settled.has(end)) continue;
    settled.add(end);
    race.world.turn = undefined;
    race.world.heard = undefined;
    await atEnd(race.world, codes);
  }
  return { ends, states: seen.size };
}
