import { describe, expect, it } from 'vitest';
import type { AccessRequest } from '../../sandbox/access.ts';
import { matchOf, type PolicyStatement } from './policy.ts';
import { AccessRecorder } from './recorder.ts';

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:team/keys/orders-a1B2c3';
const request = (changes: Partial<AccessRequest> = {}): AccessRequest => ({
  ...{ accessKeyId: 'role', action: 'secretsmanager:GetSecretValue', resource: SECRET, context: {} },
  ...changes,
});
const statement = (changes: Partial<PolicyStatement> = {}): PolicyStatement => ({
  ...{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: SECRET },
  ...changes,
});
const holds = (Condition: PolicyStatement['Condition'], context: AccessRequest['context']) =>
  matchOf(statement({ ...(Condition ? { Condition } : {}) }), request({ context })) !== undefined;

describe('a statement', () => {
  it.each([
    ['this very secret', SECRET, true],
    ['a prefix', SECRET.replace('orders-a1B2c3', '*'), true],
    ['six characters of any kind', SECRET.replace('a1B2c3', '??????'), true],
    ['five', SECRET.replace('a1B2c3', '?????'), false],
    ['a name that begins alike', SECRET.replace('orders-a1B2c3', 'order-??????'), false],
    ['a dot for any character', SECRET.replace('orders', 'o.ders'), false],
  ])('for %s', (_, Resource, matches) => {
    expect(matchOf(statement({ Resource }), request()) !== undefined).toBe(matches);
  });

  it('is for the actions that it names, in any case, and no others', () => {
    expect(matchOf(statement({ Action: ['secretsmanager:getsecretvalue'] }), request())).toBeDefined();
    expect(matchOf(statement({ Action: 'secretsmanager:GetSecret' }), request())).toBeUndefined();
  });
});

describe('a condition', () => {
  it.each<[string, PolicyStatement['Condition'], AccessRequest['context'], boolean]>([
    ['on an equal value', { StringEquals: { k: 'v' } }, { k: ['v'] }, true],
    ['on one of several', { StringEquals: { k: ['u', 'v'] } }, { k: ['v'] }, true],
    ['on another value', { StringEquals: { k: 'v' } }, { k: ['vv'] }, false],
    ['on an absent key', { StringEquals: { k: 'v' } }, {}, false],
    ['on an absent key, if it exists', { StringEqualsIfExists: { k: 'v' } }, {}, true],
    ['on another value, if it exists', { StringEqualsIfExists: { k: 'v' } }, { k: ['w'] }, false],
    ['on a pattern', { StringLike: { k: 'a/*' } }, { k: ['a/b/c'] }, true],
    ['on a pattern taken as it is', { StringEquals: { k: 'a/*' } }, { k: ['a/b'] }, false],
    ['on all of a set', { 'ForAllValues:StringEquals': { k: ['a', 'b'] } }, { k: ['a', 'b'] }, true],
    ['on a set with one more', { 'ForAllValues:StringEquals': { k: ['a'] } }, { k: ['a', 'b'] }, false],
    ['on a set that is absent', { 'ForAllValues:StringEquals': { k: ['a'] } }, {}, true],
    ['on a flag', { BoolIfExists: { k: 'false' } }, { k: ['true'] }, false],
    ['on two keys of which one does not hold', { StringEquals: { k: 'v', l: 'v' } }, { k: ['v'], l: ['w'] }, false],
  ])('%s', (_, condition, context, expected) => {
    expect(holds(condition, context)).toBe(expected);
  });

  it('with an operator that is not known is never passed over', () => {
    expect(() => holds({ DateLessThan: { k: '2026-01-01' } }, { k: ['x'] })).toThrow('DateLessThan is not known');
  });
});

describe('the recorder', () => {
  const using = (...statements: PolicyStatement[]) => {
    const recorder = new AccessRecorder();
    recorder.use({ policies: new Map([['role', statements]]), keyPolicies: new Map() });
    return recorder;
  };

  it('refuses what no statement allows, and tells it', () => {
    const recorder = using(statement({ Action: 'secretsmanager:DescribeSecret' }));
    expect(recorder.deny(request())).toContain('is not authorized to perform: secretsmanager:GetSecretValue');
    expect([...recorder.missing]).toEqual([`role secretsmanager:GetSecretValue ${SECRET}`]);
  });

  it('tells each action on each resource that was not needed', () => {
    const recorder = using(
      statement({
        Action: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
        Resource: [SECRET, 'arn:other'],
      }),
    );
    expect(recorder.deny(request())).toBeUndefined();
    expect(recorder.unused().map(({ action, resource }) => `${action} ${resource}`)).toEqual([
      'secretsmanager:GetSecretValue arn:other',
      `secretsmanager:PutSecretValue ${SECRET}`,
      'secretsmanager:PutSecretValue arn:other',
    ]);
  });

  it('lets a Deny win', () => {
    expect(using(statement(), statement({ Effect: 'Deny' })).deny(request())).toBeDefined();
  });

  it('asks the policy of a KMS key too', () => {
    const key = 'arn:aws:kms:eu-central-1:123456789012:key/a';
    const asked = request({ action: 'kms:Decrypt', resource: key, context: { via: ['s3'] } });
    const recorder = new AccessRecorder();
    const use = (Condition: NonNullable<PolicyStatement['Condition']>) =>
      recorder.use({
        policies: new Map([['role', [statement({ Action: 'kms:Decrypt', Resource: key })]]]),
        keyPolicies: new Map([[key, [statement({ Action: 'kms:Decrypt', Resource: '*', Condition })]]]),
      });
    use({ StringEquals: { via: 's3' } });
    expect(recorder.deny(asked)).toBeUndefined();
    use({ StringEquals: { via: 'secretsmanager' } });
    expect(recorder.deny(asked)).toBeDefined();
  });

  it('knows everybody who asks', () => {
    expect(() => using().deny(request({ accessKeyId: 'stranger' }))).toThrow('nobody has the access key id stranger');
  });
});
