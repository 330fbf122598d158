import { describe, expect, test } from 'vitest';
import { type Fixture, FUNCTION_ARN, id, NAME, oneVersion } from './fixture.ts';
import { RotationDriver } from './rotation-driver.ts';
import type { RotationEvent } from './rotation-events.ts';
import { arrange, type Hook, named, steps } from './rotation-fixture.ts';

describe('a rotation is abandoned', () => {
  test.each([
    ['PutSecretValue', { SecretString: 'manual' }],
    ['UpdateSecret', { SecretString: 'manual' }],
  ])('by a manual %s, which strips AWSPENDING; the next step is not called', async (operation, input) => {
    const fixture = oneVersion();
    const manual: Hook = (event) => {
      if (event.Step === 'setSecret') fixture.on(operation, { ...input, ClientRequestToken: id('m') });
    };
    const { driver, events, rotate, labels } = arrange(manual, {}, fixture);
    rotate();
    expect(await driver.runToEnd()).toMatchObject([{ outcome: 'abandoned', standing: 'manual-put', sequences: 1 }]);
    expect(steps(events)).toEqual(['createSecret', 'setSecret']);
    expect(labels()).toEqual({ v0: ['AWSPREVIOUS'], k: [], m: ['AWSCURRENT'] });
    expect(named(driver)).toEqual(['RotationStarted', 'RotationAbandoned']);
  });

  test('by a manual put noticed late: the next step meets its token without AWSPENDING', async () => {
    const fixture = oneVersion();
    const manual: Hook = (event) => {
      if (event.Step === 'createSecret') fixture.on('PutSecretValue', { SecretString: 'manual' });
      else if (fixture.labels().k?.length === 0) throw new RangeError('my version is not pending any more');
    };
    const { driver, events, rotate } = arrange(manual, { abandonmentNoticed: 'after-sequence' }, fixture);
    rotate();
    expect(await driver.runToEnd()).toMatchObject([{ outcome: 'abandoned', standing: 'manual-put' }]);
    expect(steps(events)).toEqual(['createSecret', 'setSecret', 'testSecret', 'finishSecret']);
  });

  test('when the function itself takes AWSPENDING away and fails: no retry, and the next rotation starts afresh', async () => {
    const fixture = oneVersion();
    const rolledBack: Hook = (event) => {
      if (event.Step !== 'testSecret') return;
      fixture.on('UpdateSecretVersionStage', { VersionStage: 'AWSPENDING', RemoveFromVersionId: id('k') });
      throw new RangeError('ROLLED_BACK');
    };
    const { driver, events, rotate, on } = arrange(rolledBack, {}, fixture);
    rotate();
    expect(await driver.runToEnd()).toMatchObject([{ outcome: 'abandoned', standing: 'label-gone', sequences: 1 }]);
    expect(events).toHaveLength(3);
    expect(named(driver)).toEqual(['RotationStarted', 'RotationFailed', 'RotationAbandoned']);
    expect(on('RotateSecret', { ClientRequestToken: id('k2') })).toMatchObject({ VersionId: id('k2') });
  });

  test('by CancelRotateSecret and by the deletion of its secret', async () => {
    for (const [operation, standing] of [
      ['CancelRotateSecret', 'cancelled'],
      ['DeleteSecret', 'secret-gone'],
    ] as const) {
      const fixture = oneVersion();
      const stop: Hook = (event) => {
        if (event.Step === 'setSecret') fixture.on(operation);
      };
      const { driver, events, rotate } = arrange(stop, {}, fixture);
      rotate();
      expect(await driver.runToEnd()).toMatchObject([{ outcome: 'abandoned', standing }]);
      expect(events).toHaveLength(2);
    }
  });
});

describe('the pending version is filled by the rotation function only', () => {
  const fill = (fixture: Fixture, more: Record<string, unknown> = {}): Readonly<Record<string, unknown>> =>
    fixture.on('PutSecretValue', {
      ClientRequestToken: id('k'),
      SecretString: 'new',
      VersionStages: ['AWSPENDING'],
      ...more,
    });

  test('another caller that fills it ends the rotation', async () => {
    const fixture = oneVersion();
    const foreign: Hook = (event) => {
      if (event.Step === 'createSecret') fill(fixture);
    };
    const { driver, events, rotate } = arrange(foreign, {}, fixture);
    rotate();
    expect(await driver.runToEnd()).toMatchObject([{ outcome: 'abandoned', standing: 'foreign-fill' }]);
    expect(steps(events)).toEqual(['createSecret']);
  });

  test('a function that forgets the RotationToken passes for another caller, unless the driver does not ask for it', async () => {
    for (const requireRotationToken of [true, false]) {
      const fixture = oneVersion();
      const invoke = async (event: RotationEvent): Promise<void> => {
        if (event.Step === 'createSecret') fill(fixture);
        if (event.Step === 'finishSecret')
          fixture.on('UpdateSecretVersionStage', {
            VersionStage: 'AWSCURRENT',
            RemoveFromVersionId: id('v0'),
            MoveToVersionId: id('k'),
          });
      };
      const driver = new RotationDriver({
        state: fixture.state,
        pendingAfterSuccess: 'left',
        requireRotationToken,
        invoke,
      });
      driver.rotate(NAME, { clientRequestToken: id('k'), functionArn: FUNCTION_ARN });
      const outcome = requireRotationToken ? 'abandoned' : 'succeeded';
      expect(await driver.runToEnd()).toMatchObject([{ outcome }]);
    }
  });

  test('a RotationToken of another rotation is refused', async () => {
    const fixture = oneVersion();
    const codes: string[] = [];
    const foreign: Hook = (event) => {
      if (event.Step !== 'createSecret') return;
      const input = { ClientRequestToken: id('k'), SecretString: 'foreign', RotationToken: id('not-this-one') };
      codes.push(fixture.refused('PutSecretValue', input).code);
    };
    const { driver, rotate, state } = arrange(foreign, {}, fixture);
    rotate();
    expect(await driver.runToEnd()).toMatchObject([{ outcome: 'succeeded' }]);
    expect(codes).toEqual(['InvalidParameterException']);
    expect(state.valueOf(NAME)).toBe('new');
  });
});
