import type { KeyringError } from '../../core/errors.ts';
import type { StepReport } from '../../core/rotation/protocol.ts';
import type { Proof } from '../../core/rotation/strategy.ts';
import type { LogFields } from './step-log.ts';

/** @returns what a log line says of a step that was done */
export function reportFields({ outcome, proof, outgoing, consumerGapMs }: StepReport): LogFields {
  return {
    outcome,
    ...(proof ? { login: proofFields(proof) } : {}),
    ...(outgoing ? { outgoing_login: proofFields(outgoing) } : {}),
    ...(consumerGapMs === undefined ? {} : { consumer_gap_ms: consumerGapMs }),
  };
}

/** @returns what a log line says of an error */
export function errorFields({ code, message, changed, retryable, remedy, requestId }: KeyringError): LogFields {
  return {
    ...{ outcome: 'failed', error_code: code, error: message, changed, retryable, remedy },
    ...(requestId ? { request_id: requestId } : {}),
  };
}

export const proofFields = ({ outcome, code, broker, milliseconds }: Proof): LogFields => ({
  ...{ outcome, milliseconds },
  ...(code ? { code } : {}),
  ...(broker ? { broker } : {}),
});
