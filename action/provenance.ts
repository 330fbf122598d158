import { withOrigin } from '../core/provisioning/description.ts';
import type { KeyRequest } from '../core/provisioning/ports.ts';
import type { Runner } from './runner.ts';

/** The part of @actions/github's context that is used. Nothing in it is trusted: it comes from names that people choose. */
export interface RunContext {
  readonly repo: { readonly owner: string; readonly repo: string };
  readonly serverUrl: string;
  /** NaN outside of a run. */
  readonly runId: number;
  readonly runAttempt: number;
  readonly actor: string;
}

/** Who had a key made: texts that a description and an AWS tag can hold as they are; empty where it is not known. */
export interface Provenance {
  readonly repository: string;
  readonly runUrl: string;
  readonly runAttempt: string;
  readonly actor: string;
}

/** GitHub's own limits (39 characters for an owner, 100 for a repository, 39 for a person) with room for apps' names. */
const MAX_CHARACTERS = { owner: 39, repository: 100, actor: 100, url: 256 } as const;

const NOWHERE: Provenance = { repository: '', runUrl: '', runAttempt: '', actor: '' };

/** Reads the context on first use. A key is made also where the run cannot be named. */
export async function readProvenance(runner: Pick<Runner, 'warning'>): Promise<Provenance> {
  const { githubContext } = await import('./github-context.ts');
  try {
    return provenanceOf(githubContext());
  } catch {
    // What is thrown quotes the event's file.
    runner.warning(
      'GitHub did not say which run this is (GITHUB_REPOSITORY or the event file), so the key will not either',
    );
    return NOWHERE;
  }
}

export function provenanceOf({ repo, serverUrl, runId, runAttempt, actor }: RunContext): Provenance {
  const owner = clean(repo.owner, MAX_CHARACTERS.owner);
  const name = clean(repo.repo, MAX_CHARACTERS.repository);
  const repository = owner && name ? `${owner}/${name}` : '';
  const attempt = Number.isSafeInteger(runAttempt) && runAttempt > 0 ? String(runAttempt) : '';
  const url = `${serverUrl}/${repository}/actions/runs/${runId}${attempt ? `/attempts/${attempt}` : ''}`;
  const isWhole = repository === `${repo.owner}/${repo.repo}` && Number.isSafeInteger(runId) && isPlainUrl(url);
  return {
    repository,
    runUrl: isWhole ? url : '',
    runAttempt: attempt,
    actor: clean(actor ?? '', MAX_CHARACTERS.actor),
  };
}

/** A part of a URL leads somewhere else, so one that does not fit is left out. */
function isPlainUrl(url: string): boolean {
  return url.length <= MAX_CHARACTERS.url && /^https?:\/\/[\w.-]+(:\d+)?(\/[\w.-]+)+$/.test(url);
}

/**
 * Letters, digits and `+-=._:@`: of what Streamkap's HTML sanitiser leaves alone, and AWS allows in tags of every service, what has no
 * meaning in a log, in Markdown or in a marker.
 */
function clean(text: string, maxCharacters: number): string {
  return text
    .replace(/[^A-Za-z0-9+=._:@-]+/g, '-')
    .slice(0, maxCharacters)
    .replace(/-+$/, '');
}

/** @returns one line for a key's description; empty where nothing is known */
export function originOf({ repository, runUrl, runAttempt, actor }: Provenance): string {
  return [repository, runUrl, runAttempt && `attempt ${runAttempt}`, actor && `by ${actor}`].filter(Boolean).join(', ');
}

/** @returns the request with whoever makes it behind its description */
export function withProvenance<T extends KeyRequest>(request: T, provenance: Provenance): T {
  const { requested } = request;
  return {
    ...request,
    requested: { ...requested, description: withOrigin(requested.description, originOf(provenance)) },
  };
}

/** @returns tags for the key's secret */
export function provenanceTags({ repository, runUrl, runAttempt, actor }: Provenance): Record<string, string> {
  const tags = {
    'streamkap:repository': repository,
    'streamkap:run-url': runUrl,
    'streamkap:run-attempt': runAttempt,
    'streamkap:actor': actor,
  };
  return Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''));
}
