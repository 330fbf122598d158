import type { EvidencePorts } from '../../../functions/rotation/evidence-recorder.ts';

/** What a world's function wrote and sent beside its work, as text. */
export interface Recorded {
  readonly fragments: Map<string, string>;
  readonly events: string[];
}

export interface EvidenceCall {
  readonly to: 's3' | 'eventbridge';
  readonly operation: 'PutObject' | 'PutEvents';
  readonly what: string;
}

/** @param around carries out one call, or has it fail @returns ports that keep what they are given */
export function recordedEvidence(
  { fragments, events }: Recorded,
  around: (call: EvidenceCall, effect: () => Promise<void>) => Promise<void>,
): EvidencePorts {
  return {
    store: {
      put: (key, json) =>
        around({ to: 's3', operation: 'PutObject', what: key }, async () => {
          fragments.set(key, json);
        }),
    },
    bus: {
      send: (event) =>
        around({ to: 'eventbridge', operation: 'PutEvents', what: event.detailType }, async () => {
          events.push(JSON.stringify(event));
        }),
    },
  };
}

/** What AWS's clients throw when an evidence call fails; the function only ever sees that it did. */
export function evidenceFailure(mishap: string): never {
  const names: Record<string, string> = { throttle: 'SlowDown', fail: 'InternalError', lose: 'TimeoutError' };
  throw Object.assign(new Error('not written'), { name: names[mishap] ?? 'Error' });
}

/** @returns Streamkap's answer; the secrets in it are noted first, so that they can be searched for */
export function withSecretsNoted<Answer extends { readonly body: string }>(answer: Answer, noted: Set<string>): Answer {
  for (const [, secret] of answer.body.matchAll(
    /"(?:accessToken|refreshToken|secret|client_secret|password)":"([^"]{8,})"/g,
  ))
    if (secret) noted.add(secret);
  return answer;
}
