// The package's entry exports the same object beside an Octokit of half a megabyte; see docs/decisions.md.
import { Context } from '../node_modules/@actions/github/lib/context.js';
import type { RunContext } from './provenance.ts';

/**
 * @returns what GitHub says of this run
 * @throws whatever reading the event's file comes to, and an Error where no repository is known
 */
export function githubContext(): RunContext {
  const { repo, serverUrl, runId, runAttempt, actor } = new Context();
  return { repo, serverUrl, runId, runAttempt, actor };
}
