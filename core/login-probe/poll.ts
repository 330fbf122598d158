import { backoffMs } from '../clock.ts';
import type { LoginRequest, LoginResult } from './login.ts';

export interface PollOptions {
  /** The outcome that ends the polling. */
  readonly until: 'accepted' | 'rejected';
  /** No probe is started at or after this time, and none may last beyond it; on the same clock as `now`. */
  readonly deadline: number;
  /** Milliseconds. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** One login with the given time limit, for instance {@link import('./probe.ts').probeLogin} with its ports bound. */
  readonly probe: (request: LoginRequest) => Promise<LoginResult>;
}

const BACKOFF = { first: 250, max: 5000 } as const;
/** What a last look gets at least, where the deadline is nearer than the next pause. */
const LAST_LOOK_MS = 500;

/** What the polling came to. */
export type PollResult = LoginResult & {
  /** With `unknown`: an earlier look was refused, so that it must not pass for a login that merely could not be made. */
  readonly wasRejected?: true;
};

/**
 * Logs in again and again, with growing pauses, until the outcome is the one waited for or the time is up: how long a new
 * password takes to reach every proxy is not documented. Not for a password that is expected to stay wrong.
 *
 * Kafka's word is not lost to a look that the deadline cut short: the one before it stands.
 * @param request its `timeoutMs` is the most one probe may take
 * @returns the last result, whatever it is; `unknown` TIMEOUT when there was no time for a single probe
 */
export async function pollUntil(request: LoginRequest, options: PollOptions): Promise<PollResult> {
  const { until, deadline, now, sleep, probe } = options;
  let result: LoginResult = { outcome: 'unknown', code: 'TIMEOUT', milliseconds: 0 };
  let wasRejected = false;
  let slowestMs = 0;
  for (let attempt = 0; now() < deadline; attempt++) {
    const startedAt = now();
    const timeoutMs = Math.min(request.timeoutMs, deadline - startedAt);
    const look = await probe({ ...request, timeoutMs });
    if (look.outcome === until) return look;
    const wasCut = timeoutMs < request.timeoutMs && look.outcome === 'unknown' && look.code === 'TIMEOUT';
    if (!wasCut || result.outcome === 'unknown') result = look;
    wasRejected ||= look.outcome === 'rejected';
    if (look.outcome !== 'unknown') slowestMs = Math.max(slowestMs, now() - startedAt);
    const pause = Math.min(backoffMs(attempt, BACKOFF), deadline - now() - Math.max(LAST_LOOK_MS, 2 * slowestMs));
    if (pause < BACKOFF.first) break;
    await sleep(pause);
  }
  return result.outcome === 'unknown' && wasRejected ? { ...result, wasRejected } : result;
}
