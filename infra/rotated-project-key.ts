import { Annotations, RemovalPolicy } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { PasswordRotation } from './password-rotation.ts';
import { attachSchedule, type RotationScheduleProps, requireSchedule } from './rotation-schedule.ts';
import { nameInArn } from './secret-name.ts';

export interface Replica {
  readonly region: string;
  /** @default - aws/secretsmanager of that Region */
  readonly kmsKeyArn?: string | undefined;
}

interface CommonProps {
  readonly rotation: PasswordRotation;
  readonly schedule: RotationScheduleProps;
  /**
   * Whether the secret holds a credential file by now. What Secrets Manager does with a schedule on a secret without a value is
   * not documented, and a rotation that fails there may block the first real one: without a value there is no schedule.
   * @default false
   */
  readonly provisioned?: boolean;
}

export type RotatedProjectKeyProps = CommonProps & (NewSecret | ExistingSecret);

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
  /** Its customer managed key, which then encrypts the standby too. @default - aws/secretsmanager */
  readonly kmsKeyArn?: string | undefined;
}

/**
 * The secret of one project key, and when its password is rotated, by the strategy of the function that rotates it. With
 * `alternating` an empty secret `<name>/standby` lies beside it, for the idle key's file. The secrets outlive the stack.
 */
export class RotatedProjectKey extends Construct {
  /** Full ARN. */
  readonly secretArn: string;

  constructor(scope: Construct, id: string, props: RotatedProjectKeyProps) {
    super(scope, id);
    requireSchedule(props.schedule);
    const { provisioned = false, rotation, schedule } = props;
    const name = nameOf(props);
    if (!name.startsWith(rotation.secretNamePrefix)) {
      throw new Error(
        `the secret's name must begin with ${rotation.secretNamePrefix}: the function may rotate no other`,
      );
    }
    this.secretArn = 'secretArn' in props ? props.secretArn : this.#makeSecret(props, provisioned);
    if (rotation.strategy === 'alternating') this.#makeStandby(name, props.kmsKeyArn);
    if (provisioned) attachSchedule(this, { secretId: this.secretArn, rotation, schedule });
    else this.#sayUnscheduled();
  }

  /** CDK's own class cannot make a secret without a value, and `ensure` has to find it empty. */
  #makeSecret(
    { secretName, kmsKeyArn, rotation, replicas = [] }: NewSecret & CommonProps,
    provisioned: boolean,
  ): string {
    return this.#emptySecret('Secret', {
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
      tags: [MANAGED, { key: 'streamkap:strategy', value: rotation.strategy }],
    }).ref;
  }

  #makeStandby(name: string, kmsKeyArn: string | undefined): void {
    this.#emptySecret('Standby', {
      name: `${name}/standby`,
      description: 'Credential file of the idle one of two Streamkap project keys',
      ...(kmsKeyArn ? { kmsKeyId: kmsKeyArn } : {}),
      tags: [MANAGED, { key: 'streamkap:role', value: 'standby' }, { key: 'streamkap:strategy', value: 'alternating' }],
    });
  }

  #emptySecret(id: string, props: secretsmanager.CfnSecretProps): secretsmanager.CfnSecret {
    const secret = new secretsmanager.CfnSecret(this, id, props);
    secret.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return secret;
  }

  #sayUnscheduled(): void {
    Annotations.of(this).addInfo(
      `${this.node.id}: no rotation is scheduled (and no replica made) until it says "provisioned": true; set that once its secret holds a credential file`,
    );
  }
}

const MANAGED = { key: 'managed-by', value: 'streamkap-keyring' };

/** Without the six characters that AWS adds to an ARN. */
function nameOf(props: NewSecret | ExistingSecret): string {
  return 'secretArn' in props ? nameInArn(props.secretArn) : props.secretName;
}
