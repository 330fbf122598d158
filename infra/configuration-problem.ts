import type { StackConfiguration } from './configuration.ts';

/** A rule that more than one field takes part in, and the field to blame. */
export interface Problem {
  readonly path: (string | number)[];
  readonly rule: string;
}

/** @returns the partition that a Region belongs to, by its name */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return 'aws';
}

/** The ARN of something outside the stack's account and Region is refused: nothing here could reach it. */
export function placeProblem(
  { account, region }: Pick<StackConfiguration, 'account' | 'region'>,
  path: string[],
  arn: string | undefined,
): Problem[] {
  if (arn === undefined) return [];
  const [, partition, service, arnRegion, arnAccount] = arn.split(':');
  if (partition !== partitionOf(region)) return [{ path, rule: "must have the partition of the stack's Region" }];
  if (arnAccount !== account) {
    const reason =
      service === 'secretsmanager'
        ? 'Secrets Manager cannot rotate across accounts; deploy a stack there'
        : 'the policies here reach no other';
    return [{ path, rule: `must be in the stack's account: ${reason}` }];
  }
  return arnRegion === region ? [] : [{ path, rule: "must be in the stack's Region" }];
}

/** @returns a problem for each value that is there before */
export function repeated(
  values: readonly string[],
  field: string,
  rule = 'must differ from the others in the list',
): Problem[] {
  return values.flatMap((value, index) =>
    values.indexOf(value) < index ? [{ path: field ? [index, field] : [index], rule }] : [],
  );
}
