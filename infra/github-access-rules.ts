import type { StackConfiguration } from './configuration.ts';
import { type Problem, partitionOf, placeProblem, repeated } from './configuration-problem.ts';
import { nameInArn } from './secret-name.ts';

type RoleConfiguration = NonNullable<StackConfiguration['githubAccess']>['roles'][number];

/** @returns what is wrong between the fields of `githubAccess` */
export function gitHubProblems(stack: StackConfiguration): Problem[] {
  const { githubAccess: access } = stack;
  if (!access) return [];
  const problems: Problem[] = access.roles.flatMap((role, index) =>
    roleProblems(stack, role).map(({ path, rule }) => ({ path: ['roles', index, ...path], rule })),
  );
  const [, partition, , , account] = access.oidcProviderArn?.split(':') ?? [];
  if (account !== undefined && (account !== stack.account || partition !== partitionOf(stack.region))) {
    problems.push({ path: ['oidcProviderArn'], rule: "must be of the stack's account and partition" });
  }
  const inRoles = (found: Problem[]) => found.map(({ path, rule }) => ({ path: ['roles', ...path], rule }));
  problems.push(
    ...inRoles(
      repeated(
        access.roles.map(({ name }) => name),
        'name',
      ),
    ),
  );
  problems.push(
    ...inRoles(repeated(access.roles.map(subjectOf), '', 'must differ from the other roles in whom it is for')),
  );
  return problems;
}

function roleProblems(stack: StackConfiguration, role: RoleConfiguration): Problem[] {
  const { repository, environment, ref, subject, read, readWrite, rotate, create, adminSecret } = role;
  const claims = [environment, ref].filter((claim) => claim !== undefined).length;
  if (subject === undefined ? !repository || claims !== 1 : repository !== undefined || claims > 0) {
    return [{ path: [], rule: 'must have repository with environment or ref, or subject alone' }];
  }
  if (read.length + readWrite.length + rotate.length === 0 && !create && !adminSecret)
    return [{ path: [], rule: 'must name a project key in read, readWrite or rotate, or secrets in create' }];
  const names = new Set(stack.projectKeys.map(({ name }) => name));
  const unknown = (field: 'read' | 'readWrite' | 'rotate') =>
    role[field].flatMap((name, index) =>
      names.has(name) ? [] : [{ path: [field, index], rule: 'must be the name of a project key of this stack' }],
    );
  const both = readWrite.findIndex((name) => read.includes(name));
  return [
    ...unknown('read'),
    ...unknown('readWrite'),
    ...unknown('rotate'),
    ...(both < 0 ? [] : [{ path: ['readWrite', both], rule: 'must not be in read as well: readWrite reads too' }]),
    ...creationProblems(stack, role),
    ...lengthProblems(stack, role),
  ];
}

/** Who could make a secret under the prefix, or fill the admin secret, would hand a value of its own to the functions. */
function creationProblems(stack: StackConfiguration, { create }: RoleConfiguration): Problem[] {
  const { secretNamePrefix, adminSecret } = stack;
  const admin = adminSecret.name ?? nameInArn(adminSecret.arn);
  const place = create === undefined ? [] : placeProblem(stack, ['kmsKeyArn'], create.kmsKeyArn);
  const reaching = (create?.secrets ?? []).flatMap((name, index): Problem[] => {
    const reaches = (other: string) => other === name || (name.endsWith('/') && other.startsWith(name));
    const path = ['secrets', index];
    if (name.startsWith(secretNamePrefix) || reaches(secretNamePrefix)) {
      return [{ path, rule: 'must not reach secrets under secretNamePrefix: the stack makes those' }];
    }
    return reaches(admin) ? [{ path, rule: 'must not reach the admin secret' }] : [];
  });
  return [...place, ...reaching].map(({ path, rule }) => ({ path: ['create', ...path], rule }));
}

/** IAM's limit for all inline policies of a role together, in characters. */
const MOST_POLICY_CHARACTERS = 10_240;
/** What an ARN has besides the secret's name, and what the statements have besides the ARNs; the longest of each. */
const ARN_CHARACTERS = 75;
const STATEMENT_CHARACTERS = 3_500;

function lengthProblems(
  { projectKeys }: StackConfiguration,
  { read, readWrite, rotate }: RoleConfiguration,
): Problem[] {
  const characters = (keys: readonly string[], times: number) =>
    projectKeys
      .filter(({ name }) => keys.includes(name))
      .map(({ secretName, secretArn }) => times * (ARN_CHARACTERS + (secretName ?? nameInArn(secretArn)).length));
  // How many statements name each of them (github-permissions.ts).
  const all = [...characters(read, 2), ...characters(readWrite, 4), ...characters(rotate, 4)];
  if (all.reduce((sum, each) => sum + each, STATEMENT_CHARACTERS) <= MOST_POLICY_CHARACTERS) return [];
  return [
    { path: [], rule: `must have fewer project keys: its policies would exceed ${MOST_POLICY_CHARACTERS} characters` },
  ];
}

/** @returns the sub claim that a role trusts; GitHub's default form, or the one that was given */
export function subjectOf({ repository, environment, ref, subject }: RoleConfiguration): string {
  return subject ?? `repo:${repository}:${environment === undefined ? `ref:${ref}` : `environment:${environment}`}`;
}
