import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AwsError } from './aws-error.ts';
import { emptyAccount, type Fixture, FUNCTION_ARN, id, NAME } from './fixture.ts';

const ids = ['a', 'b', 'c', 'd', 'e'].map(id);
const version = fc.constantFrom(...ids);
const label = fc.constantFrom('AWSCURRENT', 'AWSPREVIOUS', 'AWSPENDING', 'X', 'Y');
const value = fc.constantFrom('one', 'two');
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

/** Any call that can move a label, on one secret. */
const call = fc.oneof(
  fc.record({ op: fc.constant('CreateSecret'), ClientRequestToken: version, SecretString: maybe(value) }),
  fc.record({
    op: fc.constant('PutSecretValue'),
    ClientRequestToken: version,
    SecretString: value,
    VersionStages: maybe(fc.uniqueArray(label, { minLength: 1, maxLength: 3 })),
  }),
  fc.record({ op: fc.constant('UpdateSecret'), ClientRequestToken: version, SecretString: maybe(value) }),
  fc.record({
    op: fc.constant('UpdateSecretVersionStage'),
    VersionStage: label,
    RemoveFromVersionId: maybe(version),
    MoveToVersionId: maybe(version),
  }),
  fc.record({
    op: fc.constant('RotateSecret'),
    ClientRequestToken: version,
    RotationLambdaARN: maybe(fc.constant(FUNCTION_ARN)),
    RotateImmediately: maybe(fc.boolean()),
  }),
  fc.record({ op: fc.constantFrom('CancelRotateSecret', 'RestoreSecret', 'GetSecretValue') }),
  fc.record({ op: fc.constant('DeleteSecret'), ForceDeleteWithoutRecovery: maybe(fc.boolean()) }),
);
const calls = fc.array(call, { minLength: 1, maxLength: 25 });

/** @returns false when the call was refused */
function play(fixture: Fixture, { op, ...input }: { op: string }): boolean {
  try {
    fixture.on(op, input);
    return true;
  } catch (error) {
    if (error instanceof AwsError) return false;
    throw error;
  }
}

function labelsOrNone({ state }: Fixture): Record<string, string[]> {
  return state.nameOf(NAME) === undefined ? {} : state.labels(NAME);
}

test('row 17: after any calls each label is on one version at most, and a value means exactly one current version', () => {
  fc.assert(
    fc.property(calls, (sequence) => {
      const fixture = emptyAccount();
      for (const next of sequence) {
        play(fixture, next);
        const versions = Object.entries(labelsOrNone(fixture));
        const stages = versions.flatMap(([, held]) => held);
        expect(new Set(stages).size).toBe(stages.length);
        const valued = versions.some(([versionId]) => fixture.state.valueOf(NAME, { versionId }) !== undefined);
        expect(stages.filter((stage) => stage === 'AWSCURRENT')).toHaveLength(valued ? 1 : 0);
        for (const [, held] of versions)
          expect(held.includes('AWSCURRENT') && held.includes('AWSPREVIOUS')).toBe(false);
      }
    }),
    { numRuns: 500, seed: 17 },
  );
});

test('a refused call changes nothing, and a version never changes its value while its secret lives', () => {
  fc.assert(
    fc.property(calls, (sequence) => {
      const fixture = emptyAccount();
      const { state } = fixture;
      let known = new Map<string, string>();
      for (const next of sequence) {
        const before = state.snapshot();
        if (!play(fixture, next)) expect(state.snapshot()).toBe(before);
        if (state.nameOf(NAME) === undefined) known = new Map();
        for (const versionId of Object.keys(labelsOrNone(fixture))) {
          const stored = state.valueOf(NAME, { versionId });
          if (known.has(versionId)) expect(stored).toBe(known.get(versionId));
          if (stored !== undefined) known.set(versionId, stored);
        }
      }
    }),
    { numRuns: 300, seed: 18 },
  );
});

test('a restored snapshot is the same state and goes on the same way', () => {
  fc.assert(
    fc.property(calls, calls, (before, after) => {
      const original = emptyAccount();
      for (const next of before) play(original, next);
      const copy = emptyAccount();
      copy.state.restore(original.state.snapshot());
      expect(copy.state.snapshot()).toBe(original.state.snapshot());
      expect(copy.state.snapshot({ dates: false })).toBe(original.state.snapshot({ dates: false }));
      for (const next of after) expect(play(copy, next)).toBe(play(original, next));
      expect(labelsOrNone(copy)).toEqual(labelsOrNone(original));
    }),
    { numRuns: 200, seed: 19 },
  );
});

test('without dates two states are equal whenever they differ in times alone', () => {
  const build = (wait: number): string => {
    const fixture = emptyAccount();
    fixture.on('CreateSecret', { ClientRequestToken: id('a'), SecretString: 'one' });
    fixture.pass(wait);
    fixture.on('GetSecretValue');
    fixture.on('PutSecretValue', { ClientRequestToken: id('b'), SecretString: 'two' });
    return fixture.state.snapshot({ dates: false });
  };
  expect(build(0)).toBe(build(86_400_000 * 3));
});
