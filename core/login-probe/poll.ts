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
/** What a last look gets, where the deadline is nearer than the next pause. */
const LAST_LOOK_MS = 500;

/**
 * Logs in again and again, with growing pauses, until the outcome is the one waited for or the time is up: how long a new
 * password takes to reach every proxy is not documented. Not for a password that is expected to stay wrong.
 * @param request its `timeoutMs` is the most one probe may take
 * @returns the last result, whatever it is; `unknown` TIMEOUT when there was no time for a single probe
 */
export async function pollUntil(request: LoginRequest, options: PollOptions): Promise<LoginResult> {
  const { until, deadline, now, sleep, probe } = options;
  let result: LoginResult = { outcome: 'unknown', code: 'TIMEOUT', milliseconds: 0 };
  for (let attempt = 0; now() < deadline; attempt++) {
    result = await probe({ ...request, timeoutMs: Math.min(request.timeoutMs, deadline - now()) });
    if (result.outcome === until) return result;
    const pause = Math.min(backoffMs(attempt, BACKOFF), deadline - now() - LAST_LOOK_MS);
    if (pause < BACKOFF.first) return result;
    await sleep(pause);
  }
  return result;
}
