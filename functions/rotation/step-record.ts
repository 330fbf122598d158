import type { KeyringError } from '../../core/errors.ts';
import type { StepEvidence } from '../../core/evidence/step-evidence.ts';
import type { StepReport, StepRequest } from '../../core/rotation/protocol.ts';
import type { Proof, StrategyName } from '../../core/rotation/strategy.ts';
import type { LogFields } from './step-log.ts';

/** One call of one step, over. Times in milliseconds since the epoch. */
export interface StepRecord {
  readonly request: StepRequest;
  readonly strategy: StrategyName;
  readonly functionRequestId: string;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly end: StepReport | KeyringError;
}

/** @returns the fragment of evidence for a call */
export function evidenceOf({
  request,
  strategy,
  functionRequestId,
  startedAt,
  finishedAt,
  end,
}: StepRecord): StepEvidence {
  return {
    ...{ schema: 'streamkap-keyring/rotation-step/1', mode: 'rotation' },
    ...{ secretArn: request.secretId, token: request.token, step: request.step, strategy, functionRequestId },
    ...{ startedAt: iso(startedAt), finishedAt: iso(finishedAt) },
    ...(end instanceof Error ? failureOf(end) : successOf(end)),
  };
}

function successOf({ outcome, proof, outgoing, sentAt, movedAt, consumerGapMs }: StepReport) {
  return {
    outcome,
    ...(proof ? { login: loginOf(proof) } : {}),
    ...(outgoing ? { outgoingLogin: loginOf(outgoing) } : {}),
    ...(sentAt === undefined ? {} : { sentAt: iso(sentAt) }),
    ...(movedAt === undefined ? {} : { movedAt: iso(movedAt) }),
    ...(consumerGapMs === undefined ? {} : { consumerGapMs }),
  };
}

function failureOf({ code, changed, retryable, requestId }: KeyringError) {
  return { outcome: 'failed' as const, error: { code, changed, retryable, ...(requestId ? { requestId } : {}) } };
}

const loginOf = ({ outcome, code, broker, milliseconds }: Proof) => ({
  ...{ outcome, milliseconds },
  ...(code ? { code } : {}),
  ...(broker ? { broker } : {}),
});

const iso = (time: number): string => new Date(time).toISOString();

/** One set of dimensions for all secrets: CloudWatch charges for each, and the line itself says which secret it is about. */
const NAMESPACE = 'StreamkapKeyring';
const DIMENSIONS = [['strategy', 'step']];

/**
 * @returns what makes CloudWatch count a log line: attempts and failures by strategy and step, and the consumer gap where the line
 * has one. The line needs `strategy`, `step` and `consumer_gap_ms` at its top.
 * Source: Amazon CloudWatch user guide, "Embedded metric format specification".
 */
export function metricFields({ finishedAt, end }: StepRecord): LogFields {
  const failed = end instanceof Error;
  const counts = [
    { Name: 'attempts', Unit: 'Count' },
    { Name: 'failures', Unit: 'Count' },
  ];
  const gap = failed || end.consumerGapMs === undefined ? [] : [{ Name: 'consumer_gap_ms', Unit: 'Milliseconds' }];
  const directive = { Namespace: NAMESPACE, Dimensions: DIMENSIONS, Metrics: [...counts, ...gap] };
  return { attempts: 1, failures: failed ? 1 : 0, _aws: { Timestamp: finishedAt, CloudWatchMetrics: [directive] } };
}
