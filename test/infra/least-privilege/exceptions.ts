import type { Grant } from './recorder.ts';

interface Exception {
  readonly roles: RegExp;
  readonly actions: readonly string[];
  /** @default - any */
  readonly resources?: RegExp;
  readonly reason: string;
}

const FUNCTIONS = /^(?:PasswordRotation|AlternatingRotation|AdminRotation)Role/;

/** Grants that no call of ours was seen to need, and why they are there all the same. There is no other list of them. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    roles: FUNCTIONS,
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    reason: "Lambda itself sends the function's output to its log group, with the function's role",
  },
  {
    roles: FUNCTIONS,
    actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
    reason: "Lambda itself sends the traces of a function with active tracing, with the function's role",
  },
  {
    roles: FUNCTIONS,
    actions: [
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
    ],
    reason: "Lambda itself puts the function into its subnets, with the function's role; a Deny keeps the code from it",
  },
  {
    roles: /^GitHubAccessRoles/,
    actions: ['secretsmanager:CreateSecret'],
    resources: /-\?{6}$/,
    reason: 'whether IAM sees a name with or without its six characters before the secret is there is not documented',
  },
];

/** @returns whether an exception is about this grant */
export function covers({ roles, actions, resources }: Exception, grant: Grant): boolean {
  return roles.test(grant.role) && actions.includes(grant.action) && (resources?.test(grant.resource) ?? true);
}
