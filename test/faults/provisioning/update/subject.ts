import type { CredentialFile } from '../../../../core/credential-file.ts';
import { isUnfinished } from '../../../../core/provisioning/update/update-intent.ts';
import type { Call, Result } from '../../exploration/call.ts';
import { Explorer, type Report, type Subject, type View } from '../../exploration/explorer.ts';
import { runAlone } from '../../exploration/replay.ts';
import type { Troubles } from '../../exploration/state.ts';
import { ON_NEWS } from '../../exploration/time.ts';
import { type CurrentFile, SECRET, World } from '../world.ts';
import { type Change, type End, has, programOf, type Role, type Run } from './process.ts';

export interface Scene {
  readonly brings: Change;
  readonly roles: readonly Role[];
  /** States; the rest is not looked at. @default all */
  readonly atMost?: number;
}

export interface UpdateReport extends Report {
  /** Ends in which every update handed out the same, working credential. */
  readonly unanimous: number;
  /** Ends whose next run says API_SECRET_LOST. */
  readonly lostSecrets: number;
}

const PASSWORD = 'Original!Password0123456789abcdef';

/** The shipped update with another one or with a whole rotation. @throws Error with the path to what is wrong */
export async function exploreUpdate(scene: Scene, troubles: Partial<Troubles> = {}): Promise<UpdateReport> {
  const { brings, roles, atMost } = scene;
  const subject = new Update(scene);
  await subject.begin();
  // Two that may take over from each other at once would do so for ever where nothing is to be inherited.
  const patienceMs = brings === 'acls' ? 1_000_000 : 0;
  const takeOverAfterMs = roles.filter((role) => role === 'update').length > 1 ? patienceMs : 120_000;
  const runs = roles.map((role, index): Run => ({ role, brings, name: `0000000${index}`, takeOverAfterMs }));
  const report = await new Explorer(subject).explore(runs, troubles, atMost ? { atMost } : {});
  return { ...report, unanimous: subject.unanimous, lostSecrets: subject.lostSecrets };
}

class Update implements Subject<Run, End> {
  unanimous = 0;
  lostSecrets = 0;
  readonly model = new World();
  readonly time = ON_NEWS;
  readonly losesAll = false;
  readonly remembersEnds = true;
  readonly #scene: Scene;
  readonly #recovered = new Map<string, string | 'lost' | undefined>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  readonly programOf = programOf;

  /** A key with the one access, its file stored. */
  async begin(): Promise<void> {
    await this.model.open();
    const { brings } = this.#scene;
    const config = { username: 'orders', password: PASSWORD, kafka_acls: [] };
    const roles = (await this.#ask('GET', '/auth/roles')) as { body: string };
    const role = (JSON.parse(roles.body) as { id: string }[])[0]?.id;
    const body = { name: 'orders', ...(brings === 'kafka' ? { role_ids: [role] } : { kafka_config: config }) };
    const made = await this.#ask('POST', '/project-keys', JSON.stringify(body));
    if (made.kind !== 'http' || made.status !== 201) throw new Error('no key');
    const input = { Name: SECRET, SecretString: made.body, ClientRequestToken: 'a'.repeat(32) };
    this.model.aws({ operation: 'CreateSecret', input });
  }

  #ask(method: 'GET' | 'POST', path: string, body?: string): Promise<Result> {
    return this.model.apply({ to: 'streamkap', method, path, body }, 0);
  }

  flies(call: Call, run: Run): boolean {
    return this.mayFail(run) && call.to === 'streamkap' && call.method === 'PATCH';
  }

  mayFail({ role }: Run): boolean {
    return role === 'update';
  }

  violation(view: View<Run, End>): string | undefined {
    const { keys, current, secretsInForce } = this.model;
    const { roles, brings } = this.#scene;
    if (keys.length !== 1) return `${keys.length} keys`;
    const rotates = roles.includes('rotation');
    // While a rotation changes the password, the current one is refused for a moment.
    if (!rotates && (!current || !this.model.accepts(current))) return 'AWSCURRENT does not work';
    const unstored = secretsInForce.filter((secret) => !this.model.keeps(secret));
    if (brings === 'kafka' && unstored.length > 0) return 'Streamkap has a password that is stored under no label';
    for (const file of handedOutIn(view)) {
      if (!has(file, brings)) return 'an update handed out a file without what it was to bring';
      if (!rotates && !this.model.accepts(file)) return 'an update handed out what does not work';
    }
    return undefined;
  }

  async violationAtEnd(view: View<Run, End>): Promise<string | undefined> {
    const flights = view.sent.map(({ call }) => call);
    const key = `${view.world} ${JSON.stringify(flights)}`;
    if (!this.#recovered.has(key)) this.#recovered.set(key, await this.#recover(flights));
    const why = this.#recovered.get(key);
    if (why === 'lost') this.lostSecrets++;
    const updates = this.#scene.roles.filter((role) => role === 'update').length;
    if (handedOutIn(view).length === updates) this.unanimous++;
    return why === 'lost' ? undefined : why;
  }

  /** What is under way lands, then one more update runs alone. @returns `lost` where the API secret is, or what is wrong */
  async #recover(flights: readonly Call[]): Promise<string | undefined> {
    for (const call of flights) await this.model.apply(call, 0);
    const { brings } = this.#scene;
    const wasStored = this.model.secretsInForce.every((secret) => this.model.keeps(secret));
    const run: Run = { role: 'update', brings, name: '99999999', takeOverAfterMs: 0 };
    const standing = await runAlone(programOf(run), (call) => this.model.apply(call, 0), 0);
    const { current } = this.model;
    if (!current || !this.model.accepts(current)) return 'AWSCURRENT does not work after the next run';
    const value = this.model.under('KEYRING_INTENT');
    if (value && isUnfinished({ value }, current as CredentialFile)) return 'the next run leaves an update unfinished';
    if (standing.at === 'error' && standing.code === 'API_SECRET_LOST' && !wasStored) return 'lost';
    return standing.at === 'end' && has(current, brings)
      ? undefined
      : `the next run ends in ${JSON.stringify(standing)}`;
  }
}

function handedOutIn({ processes }: View<Run, End>): CurrentFile[] {
  return processes.flatMap(({ standing }) => (standing?.at === 'end' && standing.end ? [standing.end] : []));
}
