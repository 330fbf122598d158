import { describe, expect, test } from 'vitest';
import { emptyAccount, FUNCTION_ARN, id, NAME, oneVersion } from './fixture.ts';
import { RotationDriver } from './rotation-driver.ts';
import { arrange, FOUR, failAt, type Hook, named, steps } from './rotation-fixture.ts';

describe('a rotation that succeeds', () => {
  test('row 41: calls the four steps in order with one token, and not before RotateSecret has answered', async () => {
    const { driver, events, rotate, on } = arrange();
    expect(rotate()).toBe(id('k'));
    expect(events).toEqual([]);
    const results = await driver.runToEnd();
    expect(results).toMatchObject([{ outcome: 'succeeded', token: id('k'), sequences: 1, standing: 'open' }]);
    expect(steps(events)).toEqual(FOUR);
    const arn = on('DescribeSecret').ARN;
    expect(new Set(events.map((event) => `${event.SecretId} ${event.ClientRequestToken}`))).toEqual(
      new Set([`${arn} ${id('k')}`]),
    );
    expect(new Set(events.map((event) => event.RotationToken)).size).toBe(1);
    expect(await driver.runToEnd()).toEqual([]);
  });

  test('row 42: where the service takes AWSPENDING away, the old version is previous and the new one only current', async () => {
    const { driver, rotate, labels, on } = arrange(undefined, { pendingAfterSuccess: 'removed' });
    expect(on('DescribeSecret')).not.toHaveProperty('LastRotatedDate');
    rotate();
    await driver.runToEnd();
    expect(labels()).toEqual({ v0: ['AWSPREVIOUS'], k: ['AWSCURRENT'] });
    expect(on('DescribeSecret')).toMatchObject({ RotationEnabled: true });
    expect(on('DescribeSecret')).toHaveProperty('LastRotatedDate');
  });

  test('row 43: where AWSPENDING is left, the next rotation moves it', async () => {
    const { driver, rotate, labels } = arrange();
    rotate();
    await driver.runToEnd();
    expect(labels()).toEqual({ v0: ['AWSPREVIOUS'], k: ['AWSCURRENT', 'AWSPENDING'] });
    driver.rotate(NAME, { clientRequestToken: id('k2') });
    expect(labels()).toEqual({ v0: ['AWSPREVIOUS'], k: ['AWSCURRENT'], k2: ['AWSPENDING'] });
    await driver.runToEnd();
    expect(labels()).toEqual({ v0: [], k: ['AWSPREVIOUS'], k2: ['AWSCURRENT', 'AWSPENDING'] });
  });

  test('is told to CloudTrail with a request id that ends in the token', async () => {
    const { driver, rotate, on } = arrange();
    rotate();
    await driver.runToEnd();
    const arn = String(on('DescribeSecret').ARN);
    const requestID = `Rotation-${arn}-${id('k')}`;
    expect(driver.events).toEqual([
      { eventName: 'RotationStarted', secretId: arn, requestID },
      { eventName: 'RotationSucceeded', secretId: arn, requestID },
    ]);
  });
});

describe('a step that fails', () => {
  test.each(FOUR)('in %s starts the whole sequence again with the same token', async (step) => {
    const { driver, events, rotate, labels } = arrange(failAt(step, 2));
    rotate();
    expect(await driver.runToEnd()).toMatchObject([{ outcome: 'succeeded', sequences: 3 }]);
    const failing = FOUR.slice(0, FOUR.indexOf(step) + 1);
    expect(steps(events)).toEqual([...failing, ...failing, ...FOUR]);
    expect(new Set(events.map((event) => event.ClientRequestToken))).toEqual(new Set([id('k')]));
    expect(named(driver)).toEqual(['RotationStarted', 'RotationFailed', 'RotationFailed', 'RotationSucceeded']);
    expect(driver.events[1]?.reason).toBe(`${step}: TypeError`);
    expect(labels()).toMatchObject({ k: ['AWSCURRENT', 'AWSPENDING'] });
  });

  test('to the end of the window leaves the version pending, which blocks every other rotation', async () => {
    const { driver, rotate, labels, refused } = arrange(failAt('setSecret', Number.POSITIVE_INFINITY));
    rotate();
    expect(await driver.runToEnd({ maxSequences: 3 })).toMatchObject([
      { outcome: 'failed', sequences: 3, error: expect.any(TypeError) },
    ]);
    expect(labels()).toEqual({ v0: ['AWSCURRENT'], k: ['AWSPENDING'] });
    expect(refused('RotateSecret', { ClientRequestToken: id('k2') }).message).toContain("isn't complete");
    expect(named(driver)).not.toContain('RotationSucceeded');
  });

  test('is tried again in the next window with the same token', async () => {
    const { driver, rotate, events } = arrange(failAt('setSecret', 5));
    rotate();
    await driver.runToEnd();
    driver.retryFailed();
    expect(await driver.runToEnd()).toMatchObject([{ outcome: 'succeeded', token: id('k'), sequences: 1 }]);
    driver.retryFailed();
    expect(await driver.runToEnd()).toEqual([]);
    expect(events.filter((event) => event.Step === 'finishSecret')).toHaveLength(1);
  });

  test('is not tried again once the window has passed by the clock', async () => {
    const fixture = oneVersion();
    const late: Hook = () => {
      fixture.pass(3_600_000);
      throw new TypeError('not now');
    };
    const { driver, rotate } = arrange(late, { windowMs: 2 * 3_600_000, maxSequences: 100 }, fixture);
    rotate();
    expect(await driver.runToEnd()).toMatchObject([{ outcome: 'failed', sequences: 2 }]);
  });

  test('finishSecret that returns without moving AWSCURRENT counts as failed', async () => {
    const fixture = oneVersion();
    const driver = new RotationDriver({ state: fixture.state, pendingAfterSuccess: 'left', invoke: async () => {} });
    driver.rotate(NAME, { functionArn: FUNCTION_ARN });
    expect(await driver.runToEnd({ maxSequences: 2 })).toMatchObject([{ outcome: 'failed', sequences: 2 }]);
  });
});

describe('the deploy-time test (row 46)', () => {
  test.each([
    ['passes', false, 'test-succeeded', ['TestRotationStarted', 'TestRotationSucceeded']],
    ['fails', true, 'test-failed', ['TestRotationStarted', 'TestRotationFailed']],
  ] as const)('that %s calls testSecret alone, once, and takes the label off again', async (_, fails, outcome, told) => {
    const { driver, events, rotate, labels, state } = arrange(failAt('testSecret', fails ? 1 : 0));
    rotate({ rotateImmediately: false });
    expect(labels()).toEqual({ v0: ['AWSCURRENT'], k: ['AWSPENDING'] });
    expect(await driver.runToEnd()).toMatchObject([{ outcome, token: id('k') }]);
    expect(steps(events)).toEqual(['testSecret']);
    expect(labels()).toEqual({ v0: ['AWSCURRENT'], k: [] });
    expect(state.valueOf(NAME)).toBe('zero');
    expect(named(driver)).toEqual(told);
  });

  test('of a secret without a value finds none under its token', async () => {
    const fixture = emptyAccount();
    fixture.on('CreateSecret');
    const codes: string[] = [];
    const read: Hook = (event) => {
      codes.push(fixture.refused('GetSecretValue', { VersionId: event.ClientRequestToken }).code);
    };
    const { driver, rotate } = arrange(read, {}, fixture);
    rotate({ rotateImmediately: false });
    expect(await driver.runToEnd()).toMatchObject([{ outcome: 'test-succeeded' }]);
    expect(codes).toEqual(['ResourceNotFoundException']);
  });
});

test('rotations of several secrets run one after the other, each with the function of its own', async () => {
  const fixture = oneVersion();
  fixture.state.call('CreateSecret', { Name: 'other', SecretString: 'x' });
  const called: string[] = [];
  const driver = new RotationDriver({
    state: fixture.state,
    pendingAfterSuccess: 'left',
    maxSequences: 1,
    invoke: async (event, { functionArn }) => {
      called.push(`${fixture.state.nameOf(event.SecretId)} ${functionArn.split(':').at(-1)}`);
      throw new TypeError('not now');
    },
  });
  driver.rotate('other', { functionArn: `${FUNCTION_ARN}-other` });
  driver.rotate(NAME, { functionArn: FUNCTION_ARN });
  expect(await driver.runToEnd()).toMatchObject([{ outcome: 'failed' }, { outcome: 'failed' }]);
  expect(called).toEqual(['other rotate-password-other', `${NAME} rotate-password`]);
});

test('the event of any step can be made again for a replay', async () => {
  const { driver, events, rotate, on } = arrange();
  const token = rotate();
  await driver.runToEnd();
  expect(driver.eventFor({ arn: String(on('DescribeSecret').ARN), token }, 'setSecret')).toEqual(events[1]);
});
