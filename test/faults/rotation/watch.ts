import { assertNoLeakInLog } from '../../runner-harness/assert-no-leak.ts';
import type { SecretsManagerState } from '../../sandbox/secrets-manager/state.ts';
import type { Recorded } from '../../unit/rotation/recorded-evidence.ts';
import type { ExternalCall, Mishap, Moment } from '../../unit/rotation/world.ts';
import type { Trouble } from './troubles.ts';

/** As much of a world as is watched. */
export interface Watched {
  readonly lines: readonly unknown[];
  readonly errors: readonly unknown[];
  readonly urls: readonly string[];
  readonly recorded: Recorded;
  readonly secretTexts: ReadonlySet<string>;
  readonly secrets: Pick<SecretsManagerState, 'call'>;
}

type Call = Pick<ExternalCall, 'seq' | 'to' | 'operation' | 'invocation'>;

/** What may go wrong in a run besides single calls. */
export interface Circumstances {
  readonly troubles?: readonly Trouble[];
  /** No write of evidence or event ever succeeds, or is ever answered. */
  readonly evidence?: 'fails' | 'stalls';
  /** From this call on, to the end of its step, no login gets an answer. */
  readonly unreachableFrom?: number;
}

/** Errors by the ten thousand are what is enumerated, and to note where each was made would take an eighth of the time. */
Error.stackTraceLimit = 0;

/** How many states were looked at, in this process. */
export const visited = { states: 0 };

const harmless = new Set<string>();
/** What differs from run to run in texts that are else alike. */
const TIMES = /\d{4}-\d\d-\d\dT[\d:.]+Z|(?<="(?:milliseconds|Timestamp|consumer_gap_ms)":)\d+/g;

const WRITES_TAGS = /^(TagResource|CreateSecret)$/;

/**
 * Looks at a world before and after every call of the function. What it finds it notes down: an assertion that throws inside a
 * call would look like a broken connection to the function.
 */
export class Watch {
  readonly violations: string[] = [];
  readonly #world: Watched;
  readonly #look: () => readonly string[];
  readonly #heard = { lines: 0, errors: 0, urls: 0, events: 0, fragments: 0 };
  #wroteEvidence: number | undefined;

  /** @param look what is wrong with the world at this instant */
  constructor(world: Watched, look: () => readonly string[]) {
    this.#world = world;
    this.#look = look;
  }

  /** Looks at the world around a call. */
  at(call: Call, moment: Moment): void {
    this.look();
    if (moment === 'after') {
      if (WRITES_TAGS.test(call.operation))
        this.violations.push(...leaks(tagsIn(this.#world.secrets), this.#world.secretTexts));
      return;
    }
    // Evidence is written beside the work: nothing of the same call of the function comes after it, so nothing waits for it.
    if (call.to === 's3') this.#wroteEvidence = call.invocation;
    else if (call.to !== 'eventbridge' && call.invocation === this.#wroteEvidence)
      this.violations.push(`call ${call.seq}, ${call.operation}, comes after the step's evidence`);
  }

  /** @throws Error that names each violation once */
  assertNone(story: string): void {
    this.look();
    const found = [...new Set(this.violations)];
    if (found.length > 0) throw new Error(`${found.slice(0, 5).join('\n  ')}\n  in ${story}`);
  }

  look(): void {
    visited.states++;
    this.violations.push(...this.#look());
    for (const text of this.#said()) this.violations.push(...leaks(text, this.#world.secretTexts));
  }

  /** @returns an observer that looks, then has go wrong what shall */
  observer({ troubles = [], evidence, unreachableFrom }: Circumstances) {
    let unreachable: number | undefined;
    return (call: Call, moment: Moment): Mishap | undefined => {
      this.at(call, moment);
      if (call.seq === unreachableFrom) unreachable = call.invocation;
      if (call.to === 'kafka' && call.invocation === unreachable) return 'lose';
      const isEvidence = call.to === 's3' || call.to === 'eventbridge';
      if (isEvidence && evidence && moment === 'before') return evidence === 'fails' ? 'fail' : 'stall';
      return troubles.find((trouble) => trouble.at === call.seq && trouble.moment === moment)?.mishap;
    };
  }

  /** Log lines, errors, URLs, events and fragments since the last time. */
  #said(): string[] {
    const { lines, errors, urls, recorded } = this.#world;
    const heard = this.#heard;
    const fragments = recorded.fragments.size === heard.fragments ? [] : [...recorded.fragments];
    const said = [
      ...lines.slice(heard.lines).map((line) => JSON.stringify(line)),
      ...errors.slice(heard.errors).map((error) => JSON.stringify([String(error), { ...(error as object) }])),
      ...urls.slice(heard.urls),
      ...recorded.events.slice(heard.events),
      ...fragments.slice(heard.fragments).map((fragment) => fragment.join(' ')),
    ];
    Object.assign(heard, { lines: lines.length, errors: errors.length, urls: urls.length });
    Object.assign(heard, { events: recorded.events.length, fragments: fragments.length || heard.fragments });
    return said;
  }
}

/** Descriptions and tags of all secrets, as text. */
export function tagsIn(secrets: Pick<SecretsManagerState, 'call'>): string {
  const { SecretList } = secrets.call('ListSecrets', {}) as { SecretList: Record<string, unknown>[] };
  return SecretList.map(({ Name, Description, Tags }) => JSON.stringify([Name, Description, Tags])).join('\n');
}

/** Texts repeat from run to run, and the search for every form of every secret is slow. */
function leaks(text: string, secrets: ReadonlySet<string>): string[] {
  const key = `${joined(secrets)}\n${text.replace(TIMES, '')}`;
  if (harmless.has(key)) return [];
  try {
    assertNoLeakInLog(text, [...secrets]);
  } catch (error) {
    return [String(error)];
  }
  harmless.add(key);
  return [];
}

const texts = new WeakMap<ReadonlySet<string>, { readonly size: number; readonly text: string }>();

/** All of them as one text, made anew when there are more. */
function joined(secrets: ReadonlySet<string>): string {
  const known = texts.get(secrets);
  if (known?.size === secrets.size) return known.text;
  const text = [...secrets].join('\n');
  texts.set(secrets, { size: secrets.size, text });
  return text;
}
