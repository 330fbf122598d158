import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct, IDependable } from 'constructs';
import { cronProblem, rateProblem } from './schedule.ts';

export interface RotationScheduleProps {
  /** Six fields in UTC, minutes 0, year *, 4 hours apart or more. @default - `rate` */
  readonly cron?: string | undefined;
  /** Such as `30 days`. @default - `cron` */
  readonly rate?: string | undefined;
  /** Hours from the start of a window to its end, inside the UTC day. @default 3 */
  readonly windowHours?: number;
}

interface ScheduledSecret {
  /** Name or ARN. */
  readonly secretId: string;
  readonly rotation: { readonly functionArn: string; readonly ready: readonly IDependable[] };
  readonly schedule: RotationScheduleProps;
}

/** Attaches a schedule to a secret. A deployment must not change passwords: Secrets Manager then only calls testSecret. */
export function attachSchedule(scope: Construct, { secretId, rotation, schedule }: ScheduledSecret) {
  const attached = new secretsmanager.CfnRotationSchedule(scope, 'Schedule', {
    secretId,
    rotationLambdaArn: rotation.functionArn,
    rotateImmediatelyOnUpdate: false,
    rotationRules: {
      scheduleExpression: schedule.cron === undefined ? `rate(${schedule.rate})` : `cron(${schedule.cron})`,
      duration: `${schedule.windowHours ?? 3}h`,
    },
  });
  attached.node.addDependency(...rotation.ready);
  return attached;
}

/** @throws Error naming the field and the rule */
export function requireSchedule({ cron, rate, windowHours = 3 }: RotationScheduleProps): void {
  if ((cron === undefined) === (rate === undefined)) throw new Error('schedule: must have cron or rate, and not both');
  const whole = Number.isInteger(windowHours) && windowHours >= 1 && windowHours <= 24;
  if (!whole) throw new Error('schedule: windowHours must be a whole number from 1 to 24');
  const problem = cron === undefined ? rateProblem(rate ?? '', windowHours) : cronProblem(cron, windowHours);
  if (problem) throw new Error(`schedule: ${cron === undefined ? 'rate' : 'cron'} ${problem}`);
}
