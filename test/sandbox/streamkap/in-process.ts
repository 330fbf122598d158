import type { HttpTransport } from '../../../core/http.ts';
import type { CallLog } from '../call-log.ts';
import { decide } from './faults.ts';
import type { StreamkapState } from './state.ts';

/**
 * The tenant as a transport, without a network: for tests that enumerate what can happen. A `drop` or `hang` rejects at once, as
 * a lost answer looks to a client that has given up.
 */
export function inProcessStreamkap(world: { state: StreamkapState; log: CallLog }): HttpTransport {
  return async ({ method, url, headers, body }) => {
    const { pathname, search } = new URL(url);
    const lowered = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const decision = decide(world, { method, path: pathname + search, headers: lowered, body });
    if (decision.kind !== 'answer') throw new Error(`no answer: ${decision.kind}`);
    return decision.answer;
  };
}
