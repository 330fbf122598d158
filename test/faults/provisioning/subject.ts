import type { Credential } from '../../../core/provisioning/kind.ts';
import type { ProvisioningResult } from '../../../core/provisioning/ports.ts';
import type { Call } from '../exploration/call.ts';
import { Explorer, type Report, type Subject, type View } from '../exploration/explorer.ts';
import { runAlone, type Standing } from '../exploration/replay.ts';
import type { Troubles } from '../exploration/state.ts';
import { ON_NEWS } from '../exploration/time.ts';
import { type Distortion, type Kind, programOf, type Run } from './process.ts';
import { type CurrentFile, idOf, World } from './world.ts';

/** What is explored. */
export interface Scene {
  readonly kind: Kind;
  /** Intents of this attempt are not taken over, which bounds the exploration. */
  readonly maxAttempts: number;
  /** The run whose request Streamkap refuses. */
  readonly badRequestBy?: number;
  /** A stack made the secret, without a value. */
  readonly emptySecret?: boolean;
  readonly distort?: Distortion;
  /** Processes. @default 2 */
  readonly runs?: 1 | 2;
  /** States; the rest is not looked at. @default all */
  readonly atMost?: number;
}

export interface ProvisioningReport extends Report {
  /** Ends of runs without a crash, in which every process exported the same credential. */
  readonly unanimous: number;
}

type End = ProvisioningResult<Credential>;
const runOf = (kind: Kind, name: number): Run => ({ kind, name: `0000000${name}` });

/** Runs that make the same key at the same time. @throws Error with the path to what is wrong */
export async function exploreProvisioning(scene: Scene, troubles: Partial<Troubles> = {}): Promise<ProvisioningReport> {
  const { kind, badRequestBy, emptySecret = false, runs: length = 2, atMost } = scene;
  const subject = new Provisioning(scene);
  await subject.model.open();
  if (emptySecret) subject.model.makeEmptySecret();
  const runs = Array.from({ length }, (_, name) => ({ ...runOf(kind, name), badRequest: name === badRequestBy }));
  const report = await new Explorer(subject).explore(runs, troubles, atMost ? { atMost } : {});
  return { ...report, unanimous: subject.unanimous };
}

class Provisioning implements Subject<Run, End> {
  unanimous = 0;
  readonly model = new World();
  readonly time = ON_NEWS;
  readonly losesAll = false;
  readonly remembersEnds = true;
  readonly #scene: Scene;
  readonly #recoveries = new Map<string, string | undefined>();

  constructor(scene: Scene) {
    this.#scene = scene;
    this.model.maxAttempts = scene.maxAttempts;
  }

  programOf(run: Run) {
    return programOf(run, this.#scene.distort);
  }

  flies(call: Call): boolean {
    return call.to === 'streamkap' && call.method === 'POST';
  }

  violation(view: View<Run, End>): string | undefined {
    const { current, keys } = this.model;
    const isLive = (file: CurrentFile) => keys.some((key) => key.id === idOf(file) && key.works(file));
    if (current && idOf(current) && !isLive(current)) return 'AWSCURRENT names a key that does not work';
    const exported = exportedIn(view);
    if (!exported.every(isLive)) return 'an exported credential does not work';
    if (new Set(exported.map((file) => JSON.stringify(file))).size > 1)
      return 'two different credentials were exported';
    const atRest = view.processes.every(({ phase }) => phase === 'ended') && view.sent.length === 0;
    if (atRest && !view.astray && exported.length > 0 && keys.length !== 1)
      return `${keys.length} keys though no run died and no POST was late`;
    return undefined;
  }

  /** After the runs: what is still under way lands before, or after, one more run; a further run must leave exactly one key. */
  async violationAtEnd(view: View<Run, End>): Promise<string | undefined> {
    if (exportedIn(view).length === view.processes.length) this.unanimous++;
    const posts = view.sent.map(({ call }) => call);
    const key = `${view.world} ${JSON.stringify(posts)}`;
    if (!this.#recoveries.has(key)) {
      const world = this.model.snapshot();
      this.model.maxAttempts = Number.POSITIVE_INFINITY;
      let why = await this.#recover(posts, 'lands before');
      this.model.restore(world);
      why ??= await this.#recover(posts, 'lands after');
      this.model.maxAttempts = this.#scene.maxAttempts;
      this.#recoveries.set(key, why);
    }
    return this.#recoveries.get(key);
  }

  async #recover(posts: readonly Call[], when: 'lands before' | 'lands after'): Promise<string | undefined> {
    const land = async () => {
      for (const post of posts) await this.model.apply(post, 0);
    };
    if (when === 'lands before') await land();
    const first = await this.#alone(8);
    if (first.at !== 'end') return `the next run ends in ${first.at === 'error' ? first.code : 'a call'} (${when})`;
    if (when === 'lands before' && this.model.keys.length !== 1)
      return `${this.model.keys.length} keys after the next run (${when})`;
    if (when === 'lands after') {
      await land();
      await this.#alone(9);
    }
    const { current, keys } = this.model;
    if (keys.length !== 1) return `${keys.length} keys at the end (${when})`;
    if (!current || !keys[0]?.works(current)) return `the credential at the end does not work (${when})`;
    return undefined;
  }

  #alone(name: number): Promise<Standing<End>> {
    return runAlone(this.programOf(runOf(this.#scene.kind, name)), (call) => this.model.apply(call, 0), 0);
  }
}

function exportedIn({ processes }: View<Run, End>): CurrentFile[] {
  return processes.flatMap(({ standing }) => (standing?.at === 'end' ? [standing.end.file as CurrentFile] : []));
}
