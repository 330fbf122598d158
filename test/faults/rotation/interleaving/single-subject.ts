import type { passwordRotation } from '../../../../functions/rotate-password/strategies.ts';
import { Explorer, type Report, type Subject, type View } from '../../exploration/explorer.ts';
import { reported } from '../../exploration/report.ts';
import type { Troubles } from '../../exploration/state.ts';
import { Model, TOKEN } from './model.ts';
import { type Deployed, programOf, type Run } from './process.ts';
import { callerOf, deployedAs, leakIn, ROTATING, sequenceAlone } from './subject.ts';

export interface Scene {
  readonly pendingAfterSuccess: 'left' | 'removed';
  /** How many run the four steps at the same time, with one token. */
  readonly callers: number;
  readonly rotation?: typeof passwordRotation;
}

/** Sequences that a rotation without trouble may need after all the trouble before it. */
const RECOVERY_SEQUENCES = 2;

/** Callers that run the four steps of one rotation by `single` at the same time. @throws Error with the path to what is wrong */
export async function exploreSingle(scene: Scene, troubles: Partial<Troubles> = {}): Promise<Report> {
  const model = new Model();
  await model.open();
  const runs = Array.from({ length: scene.callers }, (_, index) => callerOf(index));
  const { rotation } = scene;
  const deployed = deployedAs({ arn: model.world.arn, strategy: 'single', ...(rotation ? { rotation } : {}) });
  const explorer = new Explorer(subjectOf(model, deployed, scene));
  return await reported(
    `single, ${scene.callers} callers, AWSPENDING ${scene.pendingAfterSuccess}, ${JSON.stringify(troubles)}`,
    explorer.explore(runs, troubles, { now: model.world.now }),
  );
}

function subjectOf(model: Model, deployed: Deployed, { pendingAfterSuccess }: Scene): Subject<Run, void> {
  const recoveries = new Map<string, string | undefined>();
  return {
    ...{ ...ROTATING, model },
    programOf: (run) => programOf(run, deployed),
    flies: (call) => call.to === 'streamkap' && call.method === 'PATCH',
    afterLast: () => {
      if (pendingAfterSuccess === 'removed') model.removePending();
    },
    violation: (view) => leakIn(deployed, model.parts.secrets) ?? violation(model, view),
    violationAtEnd: async (view) => {
      const key = `${view.world} ${view.astray}`;
      if (!recoveries.has(key)) recoveries.set(key, await recover(model, deployed, view));
      return recoveries.get(key);
    },
  };
}

/** Invariants 1, 2, 4 and 6, as far as they can be told at any instant. */
function violation(model: Model, { sent, astray, processes }: View<Run, void>): string | undefined {
  const { stored, accepted, current, pending } = model;
  if (!stored.includes(accepted)) return 'Kafka accepts a password that is stored nowhere';
  if (accepted !== current && accepted !== pending) return 'neither the current nor the pending password works';
  if (current === pending && accepted !== current) return 'AWSCURRENT is on a password that does not work';
  for (const { call, from } of sent) {
    const { body = '' } = call as { body?: string };
    const password = (JSON.parse(body) as { kafka_password?: string }).kafka_password;
    if (!stored.includes(password)) return 'a password was sent that is not stored';
    if (!astray && password !== pending) return 'a change that may still arrive is taken back';
    if (from >= 0 && !astray && password === accepted) return 'a password is sent that is in force already';
    const { deed } = processes[from]?.run ?? { deed: 'setSecret' };
    if (deed !== 'setSecret') return `${deed} changes something at Streamkap`;
  }
  if (sent.filter(({ from }) => from >= 0).length > 1) return 'two changes are being made at once';
  return undefined;
}

/** What is under way has landed; then a rotation without trouble must end well. */
async function recover(
  model: Model,
  deployed: Deployed,
  { astray, now }: View<Run, void>,
): Promise<string | undefined> {
  let why: string | undefined = 'no sequence succeeds';
  for (let sequence = 0; why && sequence < RECOVERY_SEQUENCES; sequence++)
    why = await sequenceAlone(`alone-${sequence}`, TOKEN, { deployed, services: model, at: now });
  const { accepted, current, pending, labels } = model;
  const takenBack = Object.values(labels).some((stages) => stages.includes('KEYRING_ROLLED_BACK'));
  if (astray && takenBack) return accepted === current ? undefined : 'what was put back does not work';
  return (
    why ?? (accepted === current && current === pending ? undefined : 'the rotation ended without the new password')
  );
}
