import type { LoginResult } from '../../../core/login-probe/probe.ts';
import { rotating, SECRET, UNKNOWN, versionId, type World } from './world.ts';

export const OPERATION = 'PATCH /project-keys/{id}';
export const PATCH = { service: 'streamkap', operation: OPERATION } as const;
/** The handler keeps this back from the time that Lambda gives. */
export const FAREWELL_MS = 1_000;
/** A change is begun with this much left, and not with less. */
export const LEAST_MS = 6_000;

type Outcome = 'accepted' | 'rejected' | 'unknown';
/** How often each password was tried, the login at hand counted; passwords by the names of their tokens. */
export interface Tried {
  readonly first: number;
  readonly second: number;
}

const RESULTS: Record<Outcome, LoginResult> = {
  accepted: { outcome: 'accepted', broker: 'b:1', milliseconds: 1 },
  rejected: { outcome: 'rejected', code: 'SASL_AUTHENTICATION_FAILED', broker: 'b:1', milliseconds: 1 },
  unknown: UNKNOWN,
};

/** What Kafka says to each password, whatever Streamkap has; `truth` where nothing is said. */
export function kafkaSays(world: World, say: (name: string, tried: Tried) => Outcome | 'truth'): void {
  const tried = { first: 0, second: 0 };
  world.login = ({ password }) => {
    const name = world.nameOf(password) as keyof Tried;
    tried[name]++;
    const outcome = say(name, tried);
    return outcome === 'truth' ? undefined : RESULTS[outcome];
  };
}

export const label = (world: World, VersionStage: string, to: string, from?: string) =>
  world.secrets.call('UpdateSecretVersionStage', {
    ...{ SecretId: SECRET, VersionStage, MoveToVersionId: versionId(to) },
    ...(from === undefined ? {} : { RemoveFromVersionId: versionId(from) }),
  });

/** An attempt that claimed the right to send the password and died right before it did, or right after. */
export async function died(moment: 'before' | 'after', options: Parameters<typeof rotating>[0] = {}): Promise<World> {
  const world = rotating(options);
  await world.step('createSecret');
  world.observe = ({ operation }, at) => (operation === OPERATION && at === moment ? 'kill' : undefined);
  await world.step('setSecret');
  world.observe = undefined;
  world.errors.length = 0;
  world.calls.length = 0;
  return world;
}

/** Streamkap takes the change and spoils it; the attempt dies before it puts the old password back. */
export async function diedOnTheWayBack(moment: 'before' | 'after' = 'before'): Promise<World> {
  const world = rotating();
  await world.step('createSecret');
  world.observe = ({ operation, what }, at) => {
    if (operation !== OPERATION) return undefined;
    if (what === 'second' && at === 'after') world.users.set('orders', 'Spoilt!Password0000');
    return what === 'first' && at === moment ? 'kill' : undefined;
  };
  await world.step('setSecret');
  world.observe = undefined;
  world.errors.length = 0;
  world.calls.length = 0;
  return world;
}

export const drifted = async (options: Parameters<typeof rotating>[0] = {}) => {
  const world = rotating(options);
  await world.step('createSecret');
  world.changeBehindOurBack('Behind!Our0Back0000');
  world.calls.length = 0;
  return world;
};

export const lastError = (world: World) => world.errors.at(-1);
