import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { grantRows, trustRows } from '../../scripts/permissions.ts';
import { DOCUMENT, exampleTemplates, withPermissions } from '../../scripts/write-permissions.ts';
import { synthesise } from './fixture.ts';

describe('docs/permissions.md', () => {
  it('says what the templates grant (else run node scripts/write-permissions.ts)', () => {
    const document = readFileSync(DOCUMENT, 'utf8');
    expect(withPermissions(document, exampleTemplates())).toBe(document);
  });

  it('changes with a statement', () => {
    const document = readFileSync(DOCUMENT, 'utf8');
    const [first = {}, ...rest] = structuredClone(exampleTemplates());
    const policy = Object.values(first).find(({ Type }) => Type === 'AWS::IAM::Policy');
    const { Statement } = policy?.Properties.PolicyDocument as { Statement: object[] };
    Statement.pop();
    expect(withPermissions(document, [first, ...rest])).not.toBe(document);
  });

  it('needs a place in the document', () => {
    expect(() => withPermissions('# Nothing\n', [])).toThrow('has no lines <!-- permissions');
  });
});

describe('a row', () => {
  const resources = synthesise().toJSON().Resources;

  it('is for each statement of each role, with its conditions in words', () => {
    expect(grantRows(resources)).toContainEqual([
      'PasswordRotation',
      '`secretsmanager:DescribeSecret` `secretsmanager:GetSecretValue` `secretsmanager:PutSecretValue` `secretsmanager:UpdateSecretVersionStage`',
      '`secret:team/keys/*`',
      'where `function:PasswordRotation` rotates it',
    ]);
    expect(trustRows(resources)).toEqual([['PasswordRotation', '`lambda.amazonaws.com`', '']]);
  });

  it('is not made of a condition that has no words', () => {
    const Condition = { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } };
    const Statement = [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'x' }, Condition }];
    const role = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: { Statement } } };
    expect(() => trustRows({ Role: role })).toThrow('aws:PrincipalOrgID has no words');
  });
});
