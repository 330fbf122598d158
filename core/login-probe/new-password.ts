import type { Clock } from '../clock.ts';
import type { LoginRequest, LoginResult } from './login.ts';
import { pollUntil } from './poll.ts';

/** Assumed, because unmeasured: a password that was set is accepted by all proxies within this time, in milliseconds. */
const ARRIVES_WITHIN_MS = 120_000;
/** A broker that cannot be asked at all for this long, in milliseconds, will not be reachable from here. */
const REACHABLE_WITHIN_MS = 20_000;

interface NewPasswordPorts {
  readonly clock: Clock;
  readonly probe: (request: LoginRequest) => Promise<LoginResult>;
  readonly progress: (line: string) => void;
}

/**
 * Logs in with a password that was set a moment ago, as often as it takes to arrive.
 * @returns the last result: `rejected` after two minutes, `unknown` after twenty seconds without an answer from Kafka
 */
export async function tryNewPassword(
  request: LoginRequest,
  { clock, probe, progress }: NewPasswordPorts,
): Promise<LoginResult> {
  const startedAt = clock.now();
  const poll = (withinMs: number) =>
    pollUntil(request, {
      until: 'accepted',
      deadline: startedAt + withinMs,
      now: () => clock.now(),
      sleep: (milliseconds) => clock.sleep(milliseconds),
      probe: async (attempt) => {
        const result = await probe(attempt);
        if (result.outcome !== 'accepted') progress(`Kafka login of ${request.username}: ${result.code}, trying again`);
        return result;
      },
    });
  const result = await poll(REACHABLE_WITHIN_MS);
  return result.outcome === 'rejected' ? await poll(ARRIVES_WITHIN_MS) : result;
}
