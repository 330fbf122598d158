import { describe, expect, test } from 'vitest';
import { parseSecretId } from '../../action/secret-id.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:ci/orders-AbCdEf';
const parse = (text: string, region?: string) => parseSecretId(() => text, 'secret-id', { AWS_REGION: region });

describe('an input that names a secret', () => {
  test.each([
    ['a name', 'ci/orders'],
    ['an ARN of the Region that is asked', ARN],
    ['an ARN in China', 'arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:ci/orders-AbCdEf'],
    [
      'an ARN in a government cloud',
      'arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:ci/orders-AbCdEf',
    ],
    ['an ARN of a partition of its own', 'arn:aws-iso:secretsmanager:us-iso-east-1:123456789012:secret:orders-AbCdEf'],
  ])('may be %s', (_what, text) => {
    expect(parse(text, text.split(':')[3] ?? 'eu-central-1')).toBe(text);
  });

  test.each([
    'arn:aws:secretsmanager:cn-north-1:123456789012:secret:ci/orders-AbCdEf',
    'arn:aws:secretsmanager:us-gov-west-1:123456789012:secret:ci/orders-AbCdEf',
    'arn:aws-cn:secretsmanager:eu-central-1:123456789012:secret:ci/orders-AbCdEf',
    'arn:aws-us-gov:secretsmanager:cn-north-1:123456789012:secret:ci/orders-AbCdEf',
  ])('is refused as an ARN whose Region lies in another partition: %s', (text) => {
    const [, partition, , region] = text.split(':');
    expect(() => parse(text, region)).toThrow(
      `secret-id: is an ARN of the partition ${partition}, in which there is no Region ${region}`,
    );
  });

  test('may be an ARN where the environment names no Region', () => {
    expect(parse(ARN)).toBe(ARN);
  });

  test('is nothing when it is empty', () => {
    expect(parse('', 'eu-central-1')).toBeNull();
  });

  test('is refused as an ARN of another Region than the one that is asked, and both are named', () => {
    expect(() => parse(ARN, 'us-east-1')).toThrow(
      'secret-id: is the ARN of a secret in eu-central-1, but AWS_REGION is us-east-1',
    );
  });

  test.each(['ci orders', 'arn:aws:s3:::bucket', 'x'.repeat(513)])('is refused when it is neither: %s', (text) => {
    expect(() => parse(text, 'eu-central-1')).toThrow('is no name or ARN of a Secrets Manager secret');
  });
});
