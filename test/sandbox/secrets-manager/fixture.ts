import { expect } from 'vitest';
import { AwsError } from './aws-error.ts';
import { SecretsManagerState, type StateOptions } from './state.ts';

export const NAME = 'kafka/orders';
export const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:rotate-password';
export const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A version id or token of the length AWS asks for, readable in a failing assertion. */
export const id = (short: string): string => `${short}-`.padEnd(36, '0');

export interface Fixture {
  readonly state: SecretsManagerState;
  /** A call on the secret {@link NAME}. */
  readonly on: (operation: string, input?: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  /** The labels by short version id (`v0: ['AWSCURRENT']`). */
  readonly labels: () => Record<string, string[]>;
  /** Expects the call to fail and to change nothing. */
  readonly refused: (operation: string, input?: Readonly<Record<string, unknown>>) => AwsError;
  /** Moves the clock forward; every call also takes a millisecond. */
  readonly pass: (milliseconds: number) => void;
}

/** An empty account with a clock that each reading moves by a millisecond, and ids that count up. */
export function emptyAccount(options: Partial<StateOptions> = {}): Fixture {
  let now = START_MS;
  let ids = 0;
  const state = new SecretsManagerState({ now: () => ++now, randomId: () => id(`r${++ids}`), ...options });
  const on: Fixture['on'] = (operation, input = {}) =>
    state.call(operation, { ...(operation === 'CreateSecret' ? { Name: NAME } : { SecretId: NAME }), ...input });
  return {
    state,
    on,
    labels: () =>
      Object.fromEntries(
        Object.entries(state.labels(NAME)).map(([version, stages]) => [version.split('-')[0] ?? version, stages]),
      ),
    refused: (operation, input) => {
      const before = state.snapshot();
      let caught: unknown;
      try {
        on(operation, input);
      } catch (error) {
        caught = error;
      }
      expect(caught, `${operation} must be refused`).toBeInstanceOf(AwsError);
      expect(state.snapshot()).toBe(before);
      return caught as AwsError;
    },
    pass: (milliseconds) => {
      now += milliseconds;
    },
  };
}

/** A secret whose only version v0 is current. */
export function oneVersion(options: Partial<StateOptions> = {}): Fixture {
  const fixture = emptyAccount(options);
  fixture.on('CreateSecret', { ClientRequestToken: id('v0'), SecretString: 'zero' });
  return fixture;
}

/** v0:[CURRENT] v1:[PENDING] */
export function onePending(): Fixture {
  const fixture = oneVersion();
  fixture.on('PutSecretValue', { ClientRequestToken: id('v1'), SecretString: 'one', VersionStages: ['AWSPENDING'] });
  return fixture;
}

/** v0:[PREVIOUS] v1:[CURRENT,PENDING]: a finished rotation whose pending label was left. */
export function finishedPendingLeft(): Fixture {
  const fixture = onePending();
  fixture.on('UpdateSecretVersionStage', {
    VersionStage: 'AWSCURRENT',
    RemoveFromVersionId: id('v0'),
    MoveToVersionId: id('v1'),
  });
  return fixture;
}

/** v0:[CURRENT], rotation configured, never run. */
export function rotating(options: Partial<StateOptions> = {}): Fixture {
  const fixture = oneVersion(options);
  fixture.on('RotateSecret', {
    ClientRequestToken: id('k'),
    RotationLambdaARN: FUNCTION_ARN,
    RotationRules: { AutomaticallyAfterDays: 30 },
  });
  return fixture;
}
