import { assertNoLeakInLog } from '../../../runner-harness/assert-no-leak.ts';
import { ADMIN, FIRST, versionId } from '../../../unit/rotation/world.ts';
import { ACCESS_TOKEN } from '../../exploration/outside.ts';
import { runAlone, type Standing } from '../../exploration/replay.ts';
import type { Services } from '../../exploration/services.ts';
import { byTheClock } from '../../exploration/time.ts';
import { tagsIn, type Watched } from '../watch.ts';
import { type Deployed, programOf, type Run, STEPS } from './process.ts';

/** So long after it was sent, a change is given up on (PROPAGATION_SECONDS in process.ts, less a last look), in milliseconds. */
const WAITED_FOR_MS = 500;

/** @returns what the function of an exploration says goes here */
export function deployedAs(facts: Pick<Deployed, 'arn' | 'strategy' | 'rotation'>): Deployed {
  return { ...facts, said: new Set(), secretTexts: new Set([FIRST, ADMIN.clientSecret, ACCESS_TOKEN]) };
}

/** What explorations of rotations have in common: time, and the order of steps. */
export const ROTATING = {
  time: byTheClock(WAITED_FOR_MS),
  losesAll: true,
  remembersEnds: false,
  next: ({ name, deed, token }: Run): Run | undefined => {
    if (deed === 'retire') return undefined;
    const following = deed === 'register' ? STEPS[0] : STEPS[STEPS.indexOf(deed) + 1];
    return following && { name: `${name.split('/')[0]}/${following}`, deed: following, token };
  },
} as const;

/** Tags in which nothing was found. */
const clean = new Set<string>();

/** Two callers that run the same must not make the same passwords. */
export function callerOf(index: number, { token = versionId('second'), deed = STEPS[0] }: Partial<Run> = {}): Run {
  return { name: `caller-${index}/${deed}`, deed, token };
}

/** Invariant 5, of all that was said since the last time, and of what is written beside the secrets. */
export function leakIn({ said, secretTexts }: Deployed, secrets?: Watched['secrets']): string | undefined {
  const tags = secrets && tagsIn(secrets);
  if (tags !== undefined && !clean.has(tags)) said.add(tags);
  try {
    for (const text of said) assertNoLeakInLog(text, [...secretTexts]);
  } catch (error) {
    return String(error);
  }
  if (tags !== undefined) clean.add(tags);
  said.clear();
  return undefined;
}

/** One run by the shipped function with nobody else about, at a time given in milliseconds. */
export async function alone(
  run: Run,
  { deployed, services, at }: { readonly deployed: Deployed; readonly services: Services; readonly at: number },
): Promise<Standing<void>> {
  let now = at;
  const apply: Parameters<typeof runAlone>[1] = (call) => {
    if (call.to === 'clock') now += call.milliseconds;
    return services.apply(call, now);
  };
  return await runAlone(programOf(run, deployed), apply, at);
}

/** The four steps, one after the other. @returns where the first one that fails ends */
export async function sequenceAlone(
  name: string,
  token: string,
  facts: Parameters<typeof alone>[1],
): Promise<string | undefined> {
  for (const deed of STEPS) {
    const standing = await alone({ name: `${name}/${deed}`, deed, token }, facts);
    if (standing.at !== 'end') return `${deed} ends in ${standing.at === 'error' ? standing.code : 'a call'}`;
  }
  return undefined;
}
