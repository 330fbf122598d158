import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { AdminCredentialRotation } from './admin-credential-rotation.ts';
import type { PasswordRotation } from './password-rotation.ts';

export interface RotationDashboardProps {
  readonly rotations: readonly PasswordRotation[];
  /** @default - the admin credential is not rotated */
  readonly admin?: AdminCredentialRotation;
}

/** What the functions count in their log lines (functions/rotation/step-record.ts). */
const NAMESPACE = 'StreamkapKeyring';
const LAST_STEP = 'finishSecret';
const HALF = 12;

/** Rotations, failures and the consumer gap by strategy, and the functions' own errors and durations. */
export class RotationDashboard extends Construct {
  constructor(scope: Construct, id: string, { rotations, admin }: RotationDashboardProps) {
    super(scope, id);
    const strategies = [...rotations.map(({ strategy }) => strategy), ...(admin ? ['admin'] : [])];
    const functions = [...rotations, ...(admin ? [admin] : [])];
    const counted = (metricName: string, step: string, statistic: string) =>
      strategies.map(
        (strategy) =>
          new cloudwatch.Metric({
            namespace: NAMESPACE,
            dimensionsMap: { strategy, step },
            ...{ metricName, statistic, label: strategy, period: Duration.hours(1) },
          }),
      );
    const ofFunctions = (metricName: string, statistic: string) =>
      functions.map(
        ({ functionName }) =>
          new cloudwatch.Metric({
            namespace: 'AWS/Lambda',
            dimensionsMap: { FunctionName: functionName },
            ...{ metricName, statistic, period: Duration.hours(1) },
          }),
      );
    const graph = (title: string, left: cloudwatch.IMetric[]) =>
      new cloudwatch.GraphWidget({ title, left, width: HALF, liveData: true });
    new cloudwatch.Dashboard(this, 'Dashboard', {
      widgets: [
        [
          graph('Rotations finished', counted('attempts', LAST_STEP, cloudwatch.Stats.SUM)),
          graph('Consumer gap, worst (ms)', counted('consumer_gap_ms', LAST_STEP, cloudwatch.Stats.MAXIMUM)),
        ],
        [
          graph(
            'Failed steps',
            ['createSecret', 'setSecret', 'testSecret', LAST_STEP].flatMap((step) =>
              counted('failures', step, cloudwatch.Stats.SUM),
            ),
          ),
          graph('Longest step (ms)', ofFunctions('Duration', cloudwatch.Stats.MAXIMUM)),
        ],
      ],
    });
  }
}
