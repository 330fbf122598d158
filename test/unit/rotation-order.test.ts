import { describe, expect, test } from 'vitest';
import { SecretStoreError } from '../../core/errors.ts';
import { logAddressOf } from '../../core/rotation-order/log-address.ts';
import { retirePrevious } from '../../core/rotation-order/retire.ts';
import { rotate } from '../../core/rotation-order/rotate.ts';
import type { SecretDescription } from '../../core/secret-store.ts';

const ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password';
const TOKEN = 'new';
type Versions = SecretDescription['versions'];
const BEFORE: Versions = { old: ['AWSCURRENT'] };
const MADE: Versions = { old: ['AWSCURRENT'], new: ['AWSPENDING', 'KEYRING_MADE', 'KEYRING_UNSENT'] };
const SENT: Versions = { old: ['AWSCURRENT', 'KEYRING_UNSENT'], new: ['AWSPENDING', 'KEYRING_MADE'] };
const DONE: Versions = { old: ['AWSPREVIOUS'], new: ['AWSCURRENT', 'AWSPENDING'] };

/** Time passes only where somebody sleeps. */
function clockOfTest() {
  let now = 0;
  return {
    now: () => now,
    sleep: async (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

/** @param looks what DescribeSecret shows, first before the rotation, the last one for ever; an error is thrown */
async function run(looks: readonly (Versions | Error)[], waitMs = 60_000) {
  const lines: string[] = [];
  let look = 0;
  const describeSecret = async (): Promise<SecretDescription> => {
    const versions = looks[Math.min(look++, looks.length - 1)] ?? BEFORE;
    if (versions instanceof Error) throw versions;
    return { arn: 'arn', name: 's', tags: {}, versions, rotationEnabled: true, rotationFunction: ARN };
  };
  const read = async (_: string, at?: object) => {
    const value = at && 'versionId' in at ? 'new value' : 'old value';
    return { arn: 'arn', name: 's', versionId: 'old', value, stages: [], createdAt: 0, readAt: 0 };
  };
  const outcome = await rotate<string>(
    {
      store: { read, describe: describeSecret },
      starter: { rotate: async () => undefined },
      clock: clockOfTest(),
      randomId: () => TOKEN,
      parse: (value) => value,
      check: () => undefined,
      login: async (value) =>
        value === 'old value'
          ? { outcome: 'accepted', broker: 'b', milliseconds: 1 }
          : { outcome: 'rejected', broker: 'b', milliseconds: 1, code: 'SASL' },
      progress: (line) => void lines.push(line),
    } as Parameters<typeof rotate<string>>[0],
    { secretId: 's', waitMs },
  ).catch((error: unknown) => error);
  return { outcome, lines };
}

const throttled = new SecretStoreError({
  ...{ code: 'AWS_THROTTLED', message: 'm', changed: 'no', retryable: true, remedy: 'r' },
});

describe('a rotation that was ordered', () => {
  test('is done when the new version is current', async () => {
    const { outcome } = await run([BEFORE, MADE, SENT, DONE]);
    expect(outcome).toMatchObject({ before: 'old value', after: 'new value', token: TOKEN });
  });

  test('says nothing for two seconds, then how far it is', async () => {
    const { lines } = await run([BEFORE, MADE, MADE, MADE, SENT, SENT, DONE]);
    expect(lines).toEqual([
      'rotation of s began, with version new',
      'rotation of s after 4 s: the new credential was sent and is being proven',
    ]);
  });

  test('goes on where AWS cannot be asked for a while, or does not show the version yet', async () => {
    expect((await run([BEFORE, BEFORE, throttled, BEFORE, DONE])).outcome).toMatchObject({ token: TOKEN });
  });

  test.each([
    [MADE, 'the new credential is stored and not sent yet'],
    [SENT, 'the new credential was sent and is being proven'],
  ])('that does not end in time is told by its labels %j', async (labels, words) => {
    const { outcome } = await run([BEFORE, labels], 20_000);
    expect(outcome).toMatchObject({
      code: 'ROTATION_UNFINISHED',
      changed: 'yes',
      message: expect.stringContaining(words),
    });
  });

  test('that was taken back or stopped is told at once', async () => {
    const back: Versions = { old: ['AWSCURRENT'], new: ['KEYRING_ROLLED_BACK'] };
    expect((await run([BEFORE, MADE, back])).outcome).toMatchObject({ code: 'ROTATION_ROLLED_BACK' });
    expect((await run([BEFORE, MADE, { hand: ['AWSCURRENT'] }])).outcome).toMatchObject({ code: 'ROTATION_ABANDONED' });
  });
});

test.each([
  ['aws', 'eu-central-1', 'https://console.aws.amazon.com/'],
  ['aws-cn', 'cn-north-1', 'https://console.amazonaws.cn/'],
  ['aws-us-gov', 'us-gov-west-1', 'https://console.amazonaws-us-gov.com/'],
])('the log of a function in %s lies in the console of its partition', (partition, region, start) => {
  const { console: url, command } = logAddressOf(`arn:${partition}:lambda:${region}:123456789012:function:rotate:live`);
  expect(url).toBe(
    `${start}cloudwatch/home?region=${region}#logsV2:log-groups/log-group/$252Faws$252Flambda$252Frotate`,
  );
  expect(command).toBe(`aws logs tail /aws/lambda/rotate --since 15m --region ${region}`);
});

test('a retirement that meets the end of a rotation is ordered again until it is over', async () => {
  const answers = ['ROTATION_UNDER_WAY: x', 'ROTATION_UNDER_WAY: x'];
  const functions = {
    invoke: async () => {
      const message = answers.shift();
      return message === undefined
        ? ({ outcome: 'returned', value: { outcome: 'retired' } } as const)
        : ({ outcome: 'failed', message } as const);
    },
  };
  const order = { functionArn: ARN, secretId: 's', waitMs: 60_000 };
  expect(await retirePrevious({ functions, clock: clockOfTest() }, order)).toBe(true);
  expect(answers).toEqual([]);
});
