import { readFileSync } from 'node:fs';
import { KeyringError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';

const MISSING_CREDENTIALS = new Set([
  'INVALID_INPUT',
  'ADMIN_CREDENTIAL_MISSING',
  'AWS_NO_CREDENTIALS',
  'AWS_BAD_CREDENTIALS',
  'AWS_NO_REGION',
  'STREAMKAP_UNAUTHENTICATED',
]);

/**
 * @returns what about this job explains an error that looks like missing credentials or a wrong Region, as sentences; empty where
 * nothing does
 */
export function hintFor(error: unknown, environment: NodeJS.ProcessEnv): string {
  if (!(error instanceof KeyringError)) return '';
  if (error.code === 'SECRET_NOT_FOUND' && environment.AWS_REGION) return `AWS_REGION is ${environment.AWS_REGION}.`;
  if (!MISSING_CREDENTIALS.has(error.code)) return '';
  // Of all bad inputs only an empty one can come from a secret that this run does not get.
  if (error.code === 'INVALID_INPUT' && !error.message.includes('empty')) return '';
  if (isForkPullRequest(environment)) {
    return 'This run is for a pull request from a fork: GitHub gives it neither secrets nor an OIDC token.';
  }
  if (environment.GITHUB_ACTOR === 'dependabot[bot]') {
    return "This run is Dependabot's: GitHub gives it Dependabot's secrets only, not the repository's.";
  }
  if (error.code === 'AWS_NO_CREDENTIALS' && !environment.ACTIONS_ID_TOKEN_REQUEST_URL) {
    return 'This job has no OIDC token: add `permissions: id-token: write` to it.';
  }
  return '';
}

/** The event's payload: GitHub's webhook documentation, `pull_request`. */
function isForkPullRequest(environment: NodeJS.ProcessEnv): boolean {
  // pull_request_target runs in the base repository and has its secrets.
  if (environment.GITHUB_EVENT_NAME !== 'pull_request' || !environment.GITHUB_EVENT_PATH) return false;
  const event = parseJson(readIfThere(environment.GITHUB_EVENT_PATH)) as null | {
    pull_request?: {
      head?: { repo?: { full_name?: string; fork?: boolean } | null };
      base?: { repo?: { full_name?: string } };
    };
  };
  if (typeof event !== 'object' || !event?.pull_request) return false;
  const { head, base } = event.pull_request;
  return head?.repo === null || head?.repo?.fork === true || head?.repo?.full_name !== base?.repo?.full_name;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** @returns the one line that tells the user: what, what next, whether anything changed, and the code to search for */
export function describeError(error: unknown, environment: NodeJS.ProcessEnv): string {
  if (!(error instanceof KeyringError)) {
    const name = error instanceof Error ? error.name : typeof error;
    return `streamkap-keyring: unexpected ${name}; please report it [UNEXPECTED]`;
  }
  const changed = {
    no: 'Nothing was changed.',
    yes: 'Something was changed.',
    unknown: 'It is not known whether something was changed.',
  };
  const again = error.retryable ? ' It may be tried again.' : '';
  const parts = [
    `streamkap-keyring: ${error.message}.`,
    error.remedy,
    hintFor(error, environment),
    `${changed[error.changed]}${again}`,
    `[${error.code}]`,
  ];
  return parts.filter(Boolean).join(' ').replace(/\s+/g, ' ');
}
