import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { beforeAll, describe, expect, it } from 'vitest';
import { configuration, everything, everythingWithEgress, kmsKeyArn, stackOf } from '../fixture.ts';
import { ACKNOWLEDGED, type Acknowledgement } from './acknowledged.ts';

interface Finding {
  readonly rule: string;
  readonly bracket: string;
  /** Below the stack. */
  readonly path: string;
}

/** @returns what three packs of rules find in a stack, each of their findings in each place */
function findingsIn(input: unknown): Finding[] {
  const { root } = stackOf(input).node;
  return [AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks].flatMap((Pack) =>
    new Pack().validateScope(root).violations.flatMap(({ ruleName, description, violatingResources }) => {
      // A rule that could not be evaluated is no rule that was kept.
      if (description.includes('threw an error')) throw new Error(`${ruleName}: ${description}`);
      const [, rule = '', bracket = ''] = /^([^[]+)(?:\[(.*)\])?$/s.exec(ruleName) ?? [];
      return violatingResources.map(({ constructPath = '' }) => ({
        ...{ rule, bracket },
        path: constructPath.split('/').slice(1).join('/'),
      }));
    }),
  );
}

function covers({ rules, finding, where }: Acknowledgement, { rule, bracket, path }: Finding): boolean {
  return rules.includes(rule) && where.test(path) && (finding ? finding.test(bracket) : bracket === '');
}

const unacknowledged = (findings: readonly Finding[]) =>
  findings.filter((finding) => !ACKNOWLEDGED.some((acknowledgement) => covers(acknowledgement, finding)));

describe('cdk-nag', () => {
  let findings: Finding[];
  let ofTheLeast: Finding[];
  let withEgress: Finding[];
  beforeAll(() => {
    findings = findingsIn(everything());
    withEgress = findingsIn(everythingWithEgress());
    ofTheLeast = findingsIn(configuration({ projectKeys: [] }));
  });

  it('finds nothing in a stack with every part but what is acknowledged', () => {
    expect(findings.length).toBeGreaterThan(20);
    expect(unacknowledged(findings)).toEqual([]);
  });

  it('finds nothing else in a stack with a network of its own', () => {
    expect(unacknowledged(withEgress)).toEqual([]);
  });

  it('finds nothing in the least stack either', () => {
    expect(unacknowledged(ofTheLeast)).toEqual([]);
  });

  it('finds everything that is acknowledged, for each of which there is a reason', () => {
    for (const acknowledgement of ACKNOWLEDGED) {
      for (const rule of acknowledgement.rules) {
        const here = { ...acknowledgement, rules: [rule] };
        expect(
          [...findings, ...withEgress, ...ofTheLeast].filter((finding) => covers(here, finding)),
          `${rule}: ${here.where}`,
        ).not.toEqual([]);
      }
      expect(acknowledgement.reason.split(' ').length).toBeGreaterThan(5);
    }
  });

  it('minds no log group where its KMS key is given', () => {
    const encrypted = everything({ rotation: { logsKmsKeyArn: kmsKeyArn('logs') } });
    const rules = findingsIn(encrypted).map(({ rule }) => rule);
    expect(rules).not.toContain('NIST.800.53.R5-CloudWatchLogGroupEncrypted');
  });
});
