import type { passwordRotation } from '../../../../functions/rotate-password/strategies.ts';
import { PairWorld, paired, STANDBY } from '../../../unit/rotation/alternating/pair-world.ts';
import { SECRET, versionId } from '../../../unit/rotation/world.ts';
import type { Call } from '../../exploration/call.ts';
import { Explorer, type Report, type Subject, type View } from '../../exploration/explorer.ts';
import { reported } from '../../exploration/report.ts';
import { Services } from '../../exploration/services.ts';
import type { Troubles } from '../../exploration/state.ts';
import { assertGoodEnd } from '../pair-enumeration.ts';
import { type Deployed, programOf, type Run, STEPS } from './process.ts';
import { alone, callerOf, deployedAs, leakIn, ROTATING, sequenceAlone } from './subject.ts';

export interface PairScene {
  /** The rotation in which the second key is born, or a later one. */
  readonly chapter: 'birth' | 'turn';
  /**
   * What runs at the same time, one process each: `steps`, all four from createSecret on with the same token; `rotation`, the same
   * and before it Secrets Manager's registration; `retire`, the direct call.
   */
  readonly callers: readonly ('steps' | 'rotation' | 'retire')[];
  readonly pendingAfterSuccess?: 'left' | 'removed';
  readonly rotation?: typeof passwordRotation;
}

export const SITUATIONS: readonly (readonly [sentence: string, Partial<Troubles>])[] = [
  ['however their calls interleave', {}],
  ['one may die at any call', { crashes: 1 }],
  ['any answer may be lost, with its effect or without', { lost: 1 }],
  ['a change may land after its sender gave up', { late: 1 }],
];

/** Sequences that a rotation without trouble may need after all the trouble before it. */
const RECOVERY_SEQUENCES = 2;
/** Longer than a retirement keeps rotations off the key, and a dead attempt's birth others, in milliseconds. */
const LATER_MS = 600_000;
const DAY_MS = 86_400_000;

/** Callers of a function that rotates by `alternating`, at the same time. @throws Error with the path to what is wrong */
export async function explorePair(scene: PairScene, troubles: Partial<Troubles> = {}): Promise<Report> {
  const { chapter, callers, rotation } = scene;
  const world = chapter === 'birth' ? new PairWorld() : await paired();
  if (chapter === 'birth') world.provisionFirst();
  world.now += DAY_MS;
  const token = chapter === 'birth' ? 'second' : 'third';
  if (!callers.includes('rotation')) world.begin(token);
  const { secrets, streamkap, users } = world;
  const services = new Services({ secrets, streamkap, users, clock: world, dates: true });
  await services.open();
  const deployed = deployedAs({ arn: world.arn, strategy: 'alternating', ...(rotation ? { rotation } : {}) });
  for (const secret of world.secretTexts) deployed.secretTexts.add(secret);
  const runs = callers.map((role, index) => {
    const deed = role === 'retire' ? role : role === 'rotation' ? 'register' : STEPS[0];
    return callerOf(index, { deed, token: versionId(token) });
  });
  const explorer = new Explorer(new PairSubject({ world, services, deployed }, { scene, token }));
  const what = `${chapter}: ${callers.join(' and ')}, AWSPENDING ${scene.pendingAfterSuccess ?? 'left'}`;
  return await reported(
    `alternating, ${what}, ${JSON.stringify(troubles)}`,
    explorer.explore(runs, troubles, { now: world.now }),
  );
}

interface Stage {
  readonly world: PairWorld;
  readonly services: Services;
  readonly deployed: Deployed;
}

class PairSubject implements Subject<Run, void> {
  readonly time = ROTATING.time;
  readonly losesAll = ROTATING.losesAll;
  readonly remembersEnds = ROTATING.remembersEnds;
  readonly next = ROTATING.next;
  readonly model: Services;
  readonly #stage: Stage;
  readonly #facts: { readonly scene: PairScene; readonly token: string };
  readonly #recoveries = new Map<string, string | undefined>();

  constructor(stage: Stage, facts: { readonly scene: PairScene; readonly token: string }) {
    this.model = stage.services;
    this.#stage = stage;
    this.#facts = facts;
  }

  programOf(run: Run) {
    return programOf(run, this.#stage.deployed);
  }

  flies(call: Call): boolean {
    return call.to === 'streamkap' && (call.method === 'PATCH' || call.method === 'POST');
  }

  afterLast({ deed, token }: Run): void {
    if (deed !== 'finishSecret' || this.#facts.scene.pendingAfterSuccess !== 'removed') return;
    const move = { SecretId: SECRET, VersionStage: 'AWSPENDING', RemoveFromVersionId: token };
    if (this.#labels(token).includes('AWSPENDING'))
      this.model.aws({ operation: 'UpdateSecretVersionStage', input: move });
  }

  /** The six invariants, as far as they can be told at an instant. */
  violation(view: View<Run, void>): string | undefined {
    const { world, deployed } = this.#stage;
    const [wrong] = world.violations;
    return wrong ?? leakIn(deployed, world.secrets) ?? this.#wrongChange(view);
  }

  /** What may be under way: one change at a time, of the idle key, to a password that is stored for just that. */
  #wrongChange({ sent, processes, astray }: View<Run, void>): string | undefined {
    const { world } = this.#stage;
    const isBirth = this.#facts.scene.chapter === 'birth';
    for (const { call, from } of sent) {
      const { method, path, body = '' } = call as Extract<Call, { to: 'streamkap' }>;
      const { deed } = processes[from]?.run ?? {};
      const isMeant =
        deed === undefined || deed === 'setSecret' || deed === 'retire' || (isBirth && deed === 'createSecret');
      if (!isMeant) return `${deed} changes something at Streamkap`;
      if (method === 'POST') continue;
      const { kafka_password: password } = JSON.parse(body) as { kafka_password?: string };
      const key = world.streamkap.projectKeys.find(({ id }) => path.endsWith(id));
      if (!key?.kafka) return 'a key is changed that is not there';
      if (key.kafka.username === world.current?.username && password !== world.current.password)
        return 'a change that may still arrive is one of the current key';
      if (password === undefined) return 'something else than a password is changed';
      if (!this.#wanted().includes(password)) return 'a password was sent that is stored nowhere, or for nothing';
      // What a retirement stored is sent until it works, by all that see it there: it is in nobody's hands.
      if (deed === 'retire') continue;
      if (from >= 0 && !astray && password === key.kafka.password) return 'a password is sent that is in force already';
    }
    const waitedFor = sent.filter(({ from }) => processes[from]?.run?.deed === 'setSecret');
    const passwords = new Set(sent.map(({ call }) => (call as { body?: string }).body));
    if (isBirth) return undefined;
    return waitedFor.length > 1 || passwords.size > 1 ? 'two changes are being made at once' : undefined;
  }

  #labels(version: string): readonly string[] {
    return this.model.parts.secrets.labels(SECRET)[version] ?? [];
  }

  /** The token's password, and whatever lies in the standby secret. */
  #wanted(): (string | undefined)[] {
    const { world } = this.#stage;
    const pending = world.stored(SECRET, { versionId: versionId(this.#facts.token) })?.kafka?.password;
    const idle = world.stored(STANDBY);
    return [pending, idle?.kafka?.password ?? idle?.password];
  }

  async violationAtEnd({ world, now }: View<Run, void>): Promise<string | undefined> {
    const key = `${world}`;
    if (!this.#recoveries.has(key)) this.#recoveries.set(key, await this.#recover(now + LATER_MS).catch(String));
    return this.#recoveries.get(key);
  }

  /** What is under way has landed; the rotation without trouble, a retirement and the next rotation must end well. */
  async #recover(at: number): Promise<string | undefined> {
    const { world, services, deployed } = this.#stage;
    const facts = { deployed, services, at };
    const isBegun = this.#labels(versionId(this.#facts.token)).length > 0;
    let why: string | undefined = isBegun ? 'no sequence succeeds' : undefined;
    for (let sequence = 0; why && sequence < RECOVERY_SEQUENCES; sequence++)
      why = await sequenceAlone(`alone-${sequence}`, versionId(this.#facts.token), facts);
    if (why) return why;
    // A retirement that died has a password stored that Streamkap was not told: the next one tells it.
    const isHalfRetired = this.#facts.scene.callers.includes('retire');
    if (isBegun && !isHalfRetired) assertGoodEnd(world, 'the rotation, retried without trouble');
    const retire: Run = { name: 'alone/retire', deed: 'retire', token: '' };
    const retired = await alone(retire, facts);
    if (retired.at !== 'end') return `retire ends in ${retired.at === 'error' ? retired.code : 'a call'}`;
    if (isBegun) assertGoodEnd(world, 'a retirement after the rotation');
    const next = versionId('fourth');
    const later = { ...facts, at: at + LATER_MS };
    world.now = later.at;
    await alone({ name: 'alone/register', deed: 'register', token: next }, later);
    why = await sequenceAlone('alone-next', next, later);
    if (why) return `in the next rotation, ${why}`;
    assertGoodEnd(world, 'the next rotation');
    return leakIn(deployed);
  }
}
