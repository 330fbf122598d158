import { Annotations, RemovalPolicy } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { PasswordRotation } from './password-rotation.ts';
import { cronProblem, rateProblem } from './schedule.ts';

export interface RotationScheduleProps {
  /** Six fields in UTC, minutes 0, year *, 4 hours apart or more. @default - `rate` */
  readonly cron?: string | undefined;
  /** Such as `30 days`. @default - `cron` */
  readonly rate?: string | undefined;
  /** Hours from the start of a window to its end, inside the UTC day. @default 3 */
  readonly windowHours?: number;
}

export interface Replica {
  readonly region: string;
  /** @default - aws/secretsmanager of that Region */
  readonly kmsKeyArn?: string | undefined;
}

export type RotatedProjectKeyProps = {
  readonly rotation: PasswordRotation;
  readonly schedule: RotationScheduleProps;
  /**
   * Whether the secret holds a credential file by now. What Secrets Manager does with a schedule on a secret without a value is
   * not documented, and a rotation that fails there may block the first real one: without a value there is no schedule.
   * @default false
   */
  readonly provisioned?: boolean;
} & (NewSecret | ExistingSecret);

interface NewSecret {
  /** The secret to make, without a value. */
  readonly secretName: string;
  /** @default - aws/secretsmanager */
  readonly kmsKeyArn?: string | undefined;
  /** Made once the key is provisioned. @default - none */
  readonly replicas?: readonly Replica[];
}

interface ExistingSecret {
  /** Full ARN of a secret made elsewhere; nothing of it is changed but its rotation. */
  readonly secretArn: string;
}

/** The secret of one project key, and when its password is rotated. The secret outlives the stack. */
export class RotatedProjectKey extends Construct {
  /** Full ARN. */
  readonly secretArn: string;

  constructor(scope: Construct, id: string, props: RotatedProjectKeyProps) {
    super(scope, id);
    requireSchedule(props.schedule);
    const { provisioned = false, rotation } = props;
    requireRotatable(props, rotation);
    this.secretArn = 'secretArn' in props ? props.secretArn : this.#makeSecret(props, provisioned);
    if (provisioned) this.#attachSchedule(props);
    else this.#sayUnscheduled();
  }

  /** CDK's own class cannot make a secret without a value, and `ensure` has to find it empty. */
  #makeSecret({ secretName, kmsKeyArn, replicas = [] }: NewSecret, provisioned: boolean): string {
    const secret = new secretsmanager.CfnSecret(this, 'Secret', {
      name: secretName,
      description: 'Credential file of a Streamkap project key',
      ...(kmsKeyArn ? { kmsKeyId: kmsKeyArn } : {}),
      ...(provisioned && replicas.length > 0
        ? {
            replicaRegions: replicas.map(({ region, kmsKeyArn: kmsKeyId }) => ({
              region,
              ...(kmsKeyId ? { kmsKeyId } : {}),
            })),
          }
        : {}),
      tags: [
        { key: 'managed-by', value: 'streamkap-keyring' },
        { key: 'streamkap:strategy', value: 'single' },
      ],
    });
    secret.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return secret.ref;
  }

  #attachSchedule({ rotation, schedule }: RotatedProjectKeyProps): void {
    const attached = new secretsmanager.CfnRotationSchedule(this, 'Schedule', {
      secretId: this.secretArn,
      rotationLambdaArn: rotation.functionArn,
      // A deployment must not change passwords: Secrets Manager then only calls testSecret.
      rotateImmediatelyOnUpdate: false,
      rotationRules: {
        scheduleExpression: schedule.cron === undefined ? `rate(${schedule.rate})` : `cron(${schedule.cron})`,
        duration: `${schedule.windowHours ?? 3}h`,
      },
    });
    attached.node.addDependency(...rotation.ready);
  }

  #sayUnscheduled(): void {
    Annotations.of(this).addInfo(
      `${this.node.id}: no rotation is scheduled (and no replica made) until it says "provisioned": true; set that once its secret holds a credential file`,
    );
  }
}

function requireRotatable(props: RotatedProjectKeyProps, { secretNamePrefix }: PasswordRotation): void {
  const name = 'secretArn' in props ? props.secretArn.split(':').slice(6).join(':') : props.secretName;
  if (name.startsWith(secretNamePrefix)) return;
  throw new Error(`the secret's name must begin with ${secretNamePrefix}: the function may rotate no other`);
}

function requireSchedule({ cron, rate, windowHours = 3 }: RotationScheduleProps): void {
  if ((cron === undefined) === (rate === undefined)) throw new Error('schedule: must have cron or rate, and not both');
  const whole = Number.isInteger(windowHours) && windowHours >= 1 && windowHours <= 24;
  if (!whole) throw new Error('schedule: windowHours must be a whole number from 1 to 24');
  const problem = cron === undefined ? rateProblem(rate ?? '', windowHours) : cronProblem(cron, windowHours);
  if (problem) throw new Error(`schedule: ${cron === undefined ? 'rate' : 'cron'} ${problem}`);
}
