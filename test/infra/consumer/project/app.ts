import { App, Stack } from 'aws-cdk-lib';
import {
  PasswordRotation,
  RotatedProjectKey,
  RotationAlarms,
  type RotationScheduleProps,
  SecretsKey,
  type Strategy,
} from 'streamkap-keyring/infra';

/** 50 keys, every other one without a gap for its consumers. */
const KEYS = 50;
const PREFIX = 'platform/keys/';
const schedule: RotationScheduleProps = { cron: '0 2 1 * ? *', windowHours: 4 };

const stack = new Stack(new App({ outdir: 'cdk.out' }), 'Keys', {
  env: { account: '123456789012', region: 'eu-central-1' },
});
const { keyArn } = new SecretsKey(stack, 'SecretsKey');
const rotationBy = (strategy: Strategy) =>
  new PasswordRotation(stack, `Rotation-${strategy}`, {
    strategy,
    secretNamePrefix: PREFIX,
    adminSecret: 'platform/streamkap-admin',
    secretsKmsKeyArns: [keyArn],
  });
const rotations = [rotationBy('single'), rotationBy('alternating')] as const;
for (let index = 0; index < KEYS; index++) {
  const rotation = rotations[index % 2 === 0 ? 0 : 1];
  const secretName = `${PREFIX}key_${index}`;
  new RotatedProjectKey(stack, `Key${index}`, { rotation, schedule, secretName, kmsKeyArn: keyArn, provisioned: true });
}
new RotationAlarms(stack, 'Alarms', { rotations });
App.of(stack)?.synth();
