import type { Configuration, StackConfiguration } from './configuration.ts';
import { type Problem, partitionOf, placeProblem, repeated } from './configuration-problem.ts';
import { gitHubProblems } from './github-access-rules.ts';
import { sizeProblem } from './key-stacks.ts';
import { cronProblem, rateProblem } from './schedule.ts';
import { nameInArn } from './secret-name.ts';

type ProjectKeyConfiguration = StackConfiguration['projectKeys'][number];
type ReplicaConfiguration = ProjectKeyConfiguration['replicas'][number];

/** Secrets Manager's 512, less `/standby`. */
const MOST_NAME_WITH_STANDBY = 504;

/** @returns what is wrong between fields that are right by themselves */
export function rulesBetweenFields({ stacks }: Configuration): Problem[] {
  const inStacks = stacks.flatMap((stack, index) =>
    unitProblems(stack).map(({ path, rule }) => ({ path: [index, ...path], rule })),
  );
  return [...inStacks, ...stackProblems(stacks)].map(({ path, rule }) => ({ path: ['stacks', ...path], rule }));
}

/** @returns what is wrong between the fields of one stack */
function unitProblems(stack: StackConfiguration): Problem[] {
  const within = (path: (string | number)[], problems: readonly Problem[]) =>
    problems.map((problem) => ({ path: [...path, ...problem.path], rule: problem.rule }));
  return [
    ...within(['adminSecret'], adminSecretProblems(stack)),
    ...within([], placeProblem(stack, ['secretsKmsKeyArn'], stack.secretsKmsKeyArn)),
    ...within([], placeProblem(stack, ['eventBusArn'], stack.eventBusArn)),
    ...within(['rotation'], placeProblem(stack, ['logsKmsKeyArn'], stack.rotation.logsKmsKeyArn)),
    ...within(['keyStacks'], sizeProblem(stack)),
    ...within(['evidence'], evidenceProblems(stack)),
    ...within(['adminRotation', 'schedule'], stack.adminRotation ? scheduleProblems(stack.adminRotation.schedule) : []),
    ...within(['rotation'], retirementProblems(stack)),
    ...within(['rotation'], networkProblems(stack)),
    ...stack.projectKeys.flatMap((key, index) => within(['projectKeys', index], projectKeyProblems(stack, key))),
    ...within(
      ['projectKeys'],
      repeated(
        stack.projectKeys.map(({ name }) => name),
        'name',
      ),
    ),
    ...within(['projectKeys'], repeatedSecrets(stack)),
    ...within(['githubAccess'], gitHubProblems(stack)),
  ];
}

function evidenceProblems({ evidence }: StackConfiguration): Problem[] {
  if (!evidence || evidence.expirationDays >= evidence.retentionDays) return [];
  return [{ path: ['expirationDays'], rule: 'must not be less than retentionDays' }];
}

function retirementProblems({ rotation, projectKeys }: StackConfiguration): Problem[] {
  if (rotation.retirePreviousAfterHours === undefined) return [];
  if (projectKeys.some(({ strategy }) => strategy === 'alternating')) return [];
  const rule = 'goes with the strategy "alternating", which no project key has';
  return [{ path: ['retirePreviousAfterHours'], rule }];
}

function networkProblems({ rotation: { vpc, staticEgress } }: StackConfiguration): Problem[] {
  if (!vpc || !staticEgress) return [];
  return [{ path: ['staticEgress'], rule: 'goes without vpc: the function is in one network' }];
}

/** @returns what is wrong between stacks */
function stackProblems(stacks: readonly StackConfiguration[]): Problem[] {
  const providers = new Set<string>();
  return [
    ...repeated(
      stacks.map(({ name }) => name),
      'name',
    ),
    ...stacks.flatMap(({ name }, index) => {
      const [, other, part] = /^(.+)-keys-(\d\d)$/.exec(name) ?? [];
      const taken = stacks.some((stack) => stack.name === other && Number(part) < stack.keyStacks);
      return taken ? [{ path: [index, 'name'], rule: 'must not be the name of a stack that keyStacks makes' }] : [];
    }),
    ...repeated(
      stacks.map(({ account, region, secretNamePrefix }) => `${account} ${region} ${secretNamePrefix}`),
      'secretNamePrefix',
      'must differ between stacks of one account and Region',
    ),
    ...stacks.flatMap(({ account, githubAccess }, index) => {
      if (!githubAccess || githubAccess.oidcProviderArn) return [];
      if (!providers.has(account)) {
        providers.add(account);
        return [];
      }
      const rule = 'needs oidcProviderArn: an account has one provider for GitHub, and another stack here makes it';
      return [{ path: [index, 'githubAccess'], rule }];
    }),
  ];
}

function adminSecretProblems(stack: StackConfiguration): Problem[] {
  const { name, arn, kmsKeyArn } = stack.adminSecret;
  if ((name === undefined) === (arn === undefined)) return [{ path: [], rule: 'must have name or arn, and not both' }];
  const problems = [...placeProblem(stack, ['arn'], arn), ...placeProblem(stack, ['kmsKeyArn'], kmsKeyArn)];
  if ((name ?? nameInArn(arn)).startsWith(stack.secretNamePrefix)) {
    const rule = 'must not begin with secretNamePrefix: whoever rotates project keys only reads this secret';
    problems.push({ path: [name === undefined ? 'arn' : 'name'], rule });
  }
  return problems;
}

function projectKeyProblems(stack: StackConfiguration, key: ProjectKeyConfiguration): Problem[] {
  const { secretName, secretArn, kmsKeyArn, replicas, schedule } = key;
  if ((secretName === undefined) === (secretArn === undefined)) {
    return [{ path: [], rule: 'must have secretName or secretArn, and not both' }];
  }
  const field = secretName === undefined ? 'secretArn' : 'secretName';
  const problems = [
    ...placeProblem(stack, ['secretArn'], secretArn),
    ...placeProblem(stack, ['kmsKeyArn'], kmsKeyArn),
    ...secretNameProblems(secretName ?? nameInArn(secretArn), stack.secretNamePrefix).map((rule) => ({
      path: [field],
      rule,
    })),
    ...scheduleProblems(schedule).map(({ path, rule }) => ({ path: ['schedule', ...path], rule })),
  ];
  if (secretName !== undefined && kmsKeyArn !== undefined) {
    problems.push({
      path: ['kmsKeyArn'],
      rule: 'goes with secretArn; for secrets of the stack there is secretsKmsKeyArn',
    });
  }
  if (secretArn !== undefined && replicas.length > 0) {
    problems.push({
      path: ['replicas'],
      rule: 'goes with secretName: replicas of a secret made elsewhere are not changed',
    });
  }
  if (key.strategy === 'alternating' && secretName !== undefined && secretName.length > MOST_NAME_WITH_STANDBY) {
    const rule = `must be ${MOST_NAME_WITH_STANDBY} characters at most: the secret beside it is called <name>/standby`;
    problems.push({ path: ['secretName'], rule });
  }
  return [
    ...problems,
    ...replicaProblems(stack, replicas).map(({ path, rule }) => ({ path: ['replicas', ...path], rule })),
  ];
}

function replicaProblems({ account, region: home }: StackConfiguration, replicas: ReplicaConfiguration[]): Problem[] {
  const regions = replicas.map(({ region }) => region);
  const inPlace = replicas.flatMap(({ region, kmsKeyArn }, index): Problem[] => {
    if (region === home) return [{ path: [index, 'region'], rule: "must be another Region than the secret's own" }];
    if (partitionOf(region) !== partitionOf(home)) {
      return [{ path: [index, 'region'], rule: "must be of the partition of the secret's own Region" }];
    }
    const [problem] = placeProblem({ account, region }, [], kmsKeyArn);
    const rule = problem?.rule.replace("the stack's Region", "the replica's Region");
    return rule === undefined ? [] : [{ path: [index, 'kmsKeyArn'], rule }];
  });
  return [...inPlace, ...repeated(regions, 'region')];
}

function secretNameProblems(name: string, prefix: string): string[] {
  if (!name.startsWith(prefix) || name === prefix) return ['must begin with secretNamePrefix, and go on'];
  if (/-[A-Za-z0-9]{6}$/.test(name))
    return ['must not end with a hyphen and six characters: AWS takes that for a part of the ARN'];
  if (name.endsWith('/standby')) return ['must not end with /standby: that is the name of a secret beside it'];
  return [];
}

function scheduleProblems({ cron, rate, windowHours }: ProjectKeyConfiguration['schedule']): Problem[] {
  if ((cron === undefined) === (rate === undefined))
    return [{ path: [], rule: 'must have cron or rate, and not both' }];
  const rule = cron === undefined ? rateProblem(rate ?? '', windowHours) : cronProblem(cron, windowHours);
  return rule === undefined ? [] : [{ path: [cron === undefined ? 'rate' : 'cron'], rule }];
}

function repeatedSecrets({ projectKeys }: StackConfiguration): Problem[] {
  const names = projectKeys.map(({ secretName, secretArn }) => secretName ?? nameInArn(secretArn));
  return repeated(names, '', 'must not have the secret of another project key');
}
