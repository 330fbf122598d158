import { ACCOUNT, configuration, GITHUB, kmsKeyArn, secretArn, VPC } from './fixture.ts';

type Json = Record<string, unknown>;

/** Stands where a secret does not belong. No error may show it. */
export const SECRET = 'sk-live-9f8e7d6c5b4a';

export const stack = (changes: Json) => configuration(changes);
const rotationOf = (rotation: Json) => stack({ rotation });
const keyOf = (changes: Json) =>
  stack({
    projectKeys: [{ name: 'orders', secretName: 'team/keys/orders', schedule: { rate: '30 days' }, ...changes }],
  });
const adopted = (changes: Json) =>
  keyOf({ secretName: undefined, secretArn: secretArn('team/keys/x-a1B2c3'), ...changes });
const roleOf = (changes: Json) =>
  stack({
    githubAccess: {
      roles: [{ name: 'ci', repository: 'acme/app', environment: 'prod', read: ['live'], ...changes }],
    },
  });
const creating = (changes: Json) => roleOf({ create: { secrets: ['ci/'], ...changes } });
const names = (from: number, to: number) =>
  manyKeys(to)
    .slice(from)
    .map(({ name }) => name);
const twoStacks = (first: Json, second: Json) => ({
  stacks: [...stack(first).stacks, ...stack({ name: 'second', secretNamePrefix: 'team/keys/', ...second }).stacks],
});

const AT_KEY = 'stacks[0].projectKeys[0]';
const AT_ROLE = 'stacks[0].githubAccess.roles[0]';

/** What the configuration does, the configuration, and what its one error begins with. */
export const WRONG: readonly (readonly [does: string, input: unknown, error: string])[] = [
  ['is not JSON', '{ "stacks": [', 'is not JSON'],
  ['is a list', [], 'the file is a list: must be an object'],
  ['has no stacks', {}, 'stacks is missing: must be a list of stacks'],
  ['has an empty list of stacks', { stacks: [] }, 'stacks is a list: must have one stack or more'],
  ['has text for a stack', { stacks: [SECRET] }, 'stacks[0] is text: must be an object'],
  ['has a setting nobody knows', stack({ colour: 1 }), 'stacks[0].colour is no setting'],
  ['has a bad stack name', stack({ name: '1 stack' }), 'stacks[0].name is text: must be the name of a stack'],
  [
    'has a number for an account',
    stack({ account: 123456789012 }),
    'stacks[0].account is a number: must be the 12 digits',
  ],
  ['has a short account', stack({ account: '1234' }), 'stacks[0].account is text: must be the 12 digits'],
  ['has no Region', stack({ region: undefined }), 'stacks[0].region is missing: must be an AWS Region'],
  [
    'has an availability zone for a Region',
    stack({ region: 'eu-central-1a' }),
    'stacks[0].region is text: must be an AWS Region',
  ],
  [
    'has a host without TLS',
    stack({ streamkapHost: 'http://api.streamkap.com' }),
    'stacks[0].streamkapHost is text: must be https://',
  ],
  [
    'has a password in the host',
    stack({ streamkapHost: `https://u:${SECRET}@h` }),
    'stacks[0].streamkapHost is text: must be https://',
  ],
  [
    'has a wildcard prefix',
    stack({ secretNamePrefix: 'team/*' }),
    'stacks[0].secretNamePrefix is text: must be 3 to 200',
  ],
  ['has an empty prefix', stack({ secretNamePrefix: '' }), 'stacks[0].secretNamePrefix is text: must be 3 to 200'],
  ['has no admin secret', stack({ adminSecret: undefined }), 'stacks[0].adminSecret is missing: must be an object'],
  ['has text for the admin secret', stack({ adminSecret: SECRET }), 'stacks[0].adminSecret is text: must be an object'],
  [
    'has the admin credential itself',
    stack({ adminSecret: { client_secret: SECRET } }),
    'stacks[0].adminSecret.client_secret is no setting',
  ],
  ['names no admin secret', stack({ adminSecret: {} }), 'stacks[0].adminSecret is an object: must have name or arn'],
  [
    'names the admin secret twice',
    stack({ adminSecret: { name: 'a', arn: secretArn('a-a1B2c3') } }),
    'stacks[0].adminSecret is an object: must have name or arn',
  ],
  [
    'has the admin secret among the keys',
    stack({ adminSecret: { name: 'team/keys/admin' } }),
    'stacks[0].adminSecret.name is text: must not begin with secretNamePrefix',
  ],
  [
    'has a KMS alias',
    stack({ secretsKmsKeyArn: 'alias/mine' }),
    'stacks[0].secretsKmsKeyArn is text: must be the full ARN of a KMS key',
  ],
  [
    'has a KMS key in another Region',
    stack({ secretsKmsKeyArn: kmsKeyArn('k').replace('central', 'west') }),
    "stacks[0].secretsKmsKeyArn is text: must be in the stack's Region",
  ],
  [
    'has no list of keys',
    stack({ projectKeys: {} }),
    'stacks[0].projectKeys is an object: must be a list of project keys',
  ],
  [
    'has more keys than a stack holds',
    stack({ projectKeys: manyKeys(201) }),
    'stacks[0].keyStacks is missing: must be 4 or greater: one stack would hold 402 resources of project keys, and 400 fit',
  ],
  [
    'spreads its keys over too few stacks',
    stack({ projectKeys: manyKeys(1000), keyStacks: 4 }),
    'stacks[0].keyStacks is a number: must be 8 or greater: one stack would hold ',
  ],
  [
    'spreads its keys over some number of stacks',
    stack({ keyStacks: 3 }),
    'stacks[0].keyStacks is a number: must be 0, 4, 8, 16 or 32',
  ],
  [
    'has a key without a secret',
    keyOf({ secretName: undefined }),
    `${AT_KEY} is an object: must have secretName or secretArn`,
  ],
  [
    'has a key with two secrets',
    keyOf({ secretArn: secretArn('team/keys/x-a1B2c3') }),
    `${AT_KEY} is an object: must have secretName or secretArn`,
  ],
  [
    'has a secret outside the prefix',
    keyOf({ secretName: 'other/orders' }),
    `${AT_KEY}.secretName is text: must begin with secretNamePrefix`,
  ],
  [
    'has a secret that is the prefix',
    keyOf({ secretName: 'team/keys/' }),
    `${AT_KEY}.secretName is text: must begin with secretNamePrefix`,
  ],
  [
    'has a name that looks like an ARN',
    keyOf({ secretName: 'team/keys/my-orders' }),
    `${AT_KEY}.secretName is text: must not end with a hyphen`,
  ],
  [
    'has the name of a standby',
    keyOf({ secretName: 'team/keys/orders/standby' }),
    `${AT_KEY}.secretName is text: must not end with /standby`,
  ],
  [
    'has a partial ARN',
    adopted({ secretArn: secretArn('team/keys/x') }),
    `${AT_KEY}.secretArn is text: must be the full ARN of a secret`,
  ],
  [
    'has a secret of another account',
    adopted({ secretArn: secretArn('team/keys/x-a1B2c3').replace(ACCOUNT, '999999999999') }),
    `${AT_KEY}.secretArn is text: must be in the stack's account: Secrets Manager cannot rotate across accounts`,
  ],
  [
    'has a secret of another partition',
    adopted({ secretArn: secretArn('team/keys/x-a1B2c3').replace('arn:aws:', 'arn:aws-cn:') }),
    `${AT_KEY}.secretArn is text: must have the partition`,
  ],
  [
    'has replicas of an adopted secret',
    adopted({ replicas: [{ region: 'eu-west-1' }] }),
    `${AT_KEY}.replicas is a list: goes with secretName`,
  ],
  [
    'has a KMS key for one new secret',
    keyOf({ kmsKeyArn: kmsKeyArn('k') }),
    `${AT_KEY}.kmsKeyArn is text: goes with secretArn`,
  ],
  [
    'has a replica at home',
    keyOf({ replicas: [{ region: 'eu-central-1' }] }),
    `${AT_KEY}.replicas[0].region is text: must be another Region`,
  ],
  [
    'has a replica twice',
    keyOf({ replicas: [{ region: 'eu-west-1' }, { region: 'eu-west-1' }] }),
    `${AT_KEY}.replicas[1].region is text: must differ`,
  ],
  [
    'asks for an unknown strategy',
    keyOf({ strategy: SECRET }),
    `${AT_KEY}.strategy is text: must be one of: single, alternating`,
  ],
  ['has text for provisioned', keyOf({ provisioned: 'yes' }), `${AT_KEY}.provisioned is text: must be true or false`],
  ['has no schedule', keyOf({ schedule: undefined }), `${AT_KEY}.schedule is missing: must be an object`],
  ['has an empty schedule', keyOf({ schedule: {} }), `${AT_KEY}.schedule is an object: must have cron or rate`],
  [
    'has two schedules',
    keyOf({ schedule: { cron: '0 2 1 * ? *', rate: '1 day' } }),
    `${AT_KEY}.schedule is an object: must have cron or rate`,
  ],
  [
    'rotates at half past',
    keyOf({ schedule: { cron: '30 2 1 * ? *' } }),
    `${AT_KEY}.schedule.cron is text: minutes must be 0`,
  ],
  [
    'rotates too often',
    keyOf({ schedule: { rate: '2 hours' } }),
    `${AT_KEY}.schedule.rate is text: must be 4 hours or more`,
  ],
  [
    'has a window beyond midnight',
    keyOf({ schedule: { cron: '0 22 * * ? *' } }),
    `${AT_KEY}.schedule.cron is text: its last hour plus windowHours`,
  ],
  [
    'has half an hour of window',
    keyOf({ schedule: { rate: '1 day', windowHours: 0.5 } }),
    `${AT_KEY}.schedule.windowHours is a number: must be a whole number of hours`,
  ],
  [
    'has the same key twice',
    stack({ projectKeys: [...manyKeys(1), { ...manyKeys(1)[0], secretName: 'team/keys/other' }] }),
    'stacks[0].projectKeys[1].name is text: must differ',
  ],
  [
    'has the same secret twice',
    stack({ projectKeys: [...manyKeys(1), { ...manyKeys(1)[0], name: 'other' }] }),
    'stacks[0].projectKeys[1] is an object: must not have the secret of another',
  ],
  [
    'has a KMS key for logs in another Region',
    rotationOf({ logsKmsKeyArn: kmsKeyArn('k').replace('central', 'west') }),
    "stacks[0].rotation.logsKmsKeyArn is text: must be in the stack's Region",
  ],
  [
    'keeps logs for 100 days',
    rotationOf({ logRetentionDays: 100 }),
    'stacks[0].rotation.logRetentionDays is a number: must be a number of days that CloudWatch Logs knows',
  ],
  [
    'waits an hour for a password',
    rotationOf({ propagationTimeoutSeconds: 3600 }),
    'stacks[0].rotation.propagationTimeoutSeconds is a number: must be a whole number of seconds',
  ],
  [
    'has an unknown answer to drift',
    rotationOf({ onDrift: 'panic' }),
    'stacks[0].rotation.onDrift is text: must be one of: abandon, heal',
  ],
  [
    'has a VPC without subnets',
    rotationOf({ vpc: { ...VPC, subnetIds: [] } }),
    'stacks[0].rotation.vpc.subnetIds is a list: must have one subnet or more',
  ],
  [
    'has a name for a security group',
    rotationOf({ vpc: { ...VPC, securityGroupIds: ['default'] } }),
    'stacks[0].rotation.vpc.securityGroupIds[0] is text: must be the id of a security group',
  ],
  [
    'retires old passwords',
    rotationOf({ retirePreviousAfterHours: 1 }),
    'stacks[0].rotation.retirePreviousAfterHours is a number: goes with the strategy "alternating", which no project key has',
  ],
  [
    'asks for the audit',
    stack({ audit: {} }),
    'stacks[0].audit asks for the audit function, which this version does not have',
  ],
  [
    'keeps evidence for less time than it is locked',
    stack({ evidence: { retentionDays: 400, expirationDays: 399 } }),
    'stacks[0].evidence.expirationDays is a number: must not be less than retentionDays',
  ],
  [
    'locks evidence in a way that S3 does not know',
    stack({ evidence: { lock: 'legal' } }),
    'stacks[0].evidence.lock is text: must be one of: governance, compliance',
  ],
  ['wants a dashboard in words', stack({ dashboard: 'yes' }), 'stacks[0].dashboard is text: must be true or false'],
  [
    'names an event bus of another account',
    stack({ eventBusArn: 'arn:aws:events:eu-central-1:999999999999:event-bus/keys' }),
    "stacks[0].eventBusArn is text: must be in the stack's account",
  ],
  [
    'names an event bus by its name',
    stack({ eventBusArn: 'default' }),
    'stacks[0].eventBusArn is text: must be the full ARN of an event bus',
  ],
  [
    'rotates the admin credential at no time',
    stack({ adminRotation: {} }),
    'stacks[0].adminRotation.schedule is missing: must be an object',
  ],
  [
    'rotates the admin credential every five minutes',
    stack({ adminRotation: { schedule: { cron: '0/5 * * * ? *' } } }),
    'stacks[0].adminRotation.schedule.cron is text: ',
  ],
  [
    'tells nobody by mail',
    stack({ alarms: { emails: ['platform'] } }),
    'stacks[0].alarms.emails[0] is text: must be an email address',
  ],
  [
    'trusts every repository',
    roleOf({ repository: 'acme/*' }),
    `${AT_ROLE}.repository is text: must be owner/repository, without wildcards`,
  ],
  [
    'trusts every environment',
    roleOf({ environment: '*' }),
    `${AT_ROLE}.environment is text: must be the name of an environment`,
  ],
  [
    'trusts every branch',
    roleOf({ environment: undefined, ref: 'refs/heads/*' }),
    `${AT_ROLE}.ref is text: must be one full ref`,
  ],
  [
    'trusts a whole repository',
    roleOf({ environment: undefined }),
    `${AT_ROLE} is an object: must have repository with environment or ref`,
  ],
  [
    'trusts an environment and a ref',
    roleOf({ ref: 'refs/heads/main' }),
    `${AT_ROLE} is an object: must have repository with environment or ref`,
  ],
  [
    'trusts a wildcard subject',
    roleOf({ repository: undefined, environment: undefined, subject: 'repo:acme/app:*' }),
    `${AT_ROLE}.subject is text: must be the whole sub claim`,
  ],
  [
    'trusts pull requests',
    roleOf({ repository: undefined, environment: undefined, subject: 'repo:acme/app:pull_request' }),
    `${AT_ROLE}.subject is text: must not be pull_request`,
  ],
  ['has a role for nothing', roleOf({ read: [] }), `${AT_ROLE} is an object: must name a project key`],
  ['has a role that rotates nobody', roleOf({ rotate: ['nobody'] }), `${AT_ROLE}.rotate[0] is text: must be the name`],
  ['has a role that makes nothing', creating({ secrets: [] }), `${AT_ROLE}.create.secrets is a list: must have one`],
  [
    'has a role that makes secrets of any name',
    creating({ secrets: ['ci*'] }),
    `${AT_ROLE}.create.secrets[0] is text: must be the name of a secret`,
  ],
  [
    'has a role that makes secrets under the prefix',
    creating({ secrets: ['team/keys/other'] }),
    `${AT_ROLE}.create.secrets[0] is text: must not reach secrets under secretNamePrefix`,
  ],
  [
    'has a role that makes secrets above the prefix',
    creating({ secrets: ['ci/', 'team/'] }),
    `${AT_ROLE}.create.secrets[1] is text: must not reach secrets under secretNamePrefix`,
  ],
  [
    'has a role that makes the admin secret',
    creating({ secrets: ['team/admin'] }),
    `${AT_ROLE}.create.secrets[0] is text: must not reach the admin secret`,
  ],
  [
    'has a role that makes secrets under a key of elsewhere',
    creating({ kmsKeyArn: kmsKeyArn('k').replace('central', 'west') }),
    `${AT_ROLE}.create.kmsKeyArn is text: must be in the stack's Region`,
  ],
  [
    'has a role that sets our own tags',
    creating({ tagKeys: ['streamkap:strategy'] }),
    `${AT_ROLE}.create.tagKeys[0] is text: must be the key of a tag that is not reserved`,
  ],
  [
    'has a role whose policies are longer than IAM takes',
    stack({
      projectKeys: manyKeys(20).map((key) => ({ ...key, secretName: `${key.secretName}${'x'.repeat(150)}` })),
      githubAccess: { roles: [{ ...GITHUB.roles[0], readWrite: names(0, 10), read: names(10, 20) }] },
    }),
    `${AT_ROLE} is an object: must have fewer project keys: its policies would exceed 10240 characters`,
  ],
  [
    'has a role for an unknown key',
    roleOf({ read: ['nobody'] }),
    `${AT_ROLE}.read[0] is text: must be the name of a project key`,
  ],
  [
    'has a key in both lists',
    roleOf({ readWrite: ['live'] }),
    `${AT_ROLE}.readWrite[0] is text: must not be in read as well`,
  ],
  [
    'has a role for somebody twice',
    stack({ githubAccess: { roles: [GITHUB.roles[0], { ...GITHUB.roles[0], name: 'other' }] } }),
    'stacks[0].githubAccess.roles[1] is an object: must differ from the other roles',
  ],
  [
    'has a provider of another account',
    stack({
      githubAccess: {
        ...GITHUB,
        oidcProviderArn: 'arn:aws:iam::999999999999:oidc-provider/token.actions.githubusercontent.com',
      },
    }),
    "stacks[0].githubAccess.oidcProviderArn is text: must be of the stack's account",
  ],
  [
    'has another provider than GitHub',
    stack({ githubAccess: { ...GITHUB, oidcProviderArn: `arn:aws:iam::${ACCOUNT}:oidc-provider/gitlab.com` } }),
    'stacks[0].githubAccess.oidcProviderArn is text: must be the ARN',
  ],
  [
    'has one stack twice',
    twoStacks({}, { name: 'keyring', region: 'eu-west-1', projectKeys: [] }),
    'stacks[1].name is text: must differ',
  ],
  ['has one prefix twice', twoStacks({}, {}), 'stacks[1].secretNamePrefix is text: must differ between stacks'],
  [
    'makes a provider twice',
    twoStacks(
      { githubAccess: GITHUB },
      {
        region: 'eu-west-1',
        adminSecret: { name: 'a' },
        projectKeys: manyKeys(1),
        githubAccess: { roles: [{ ...GITHUB.roles[0], readWrite: ['key-0'] }] },
      },
    ),
    'stacks[1].githubAccess is an object: needs oidcProviderArn',
  ],
  [
    'names a day that never comes',
    keyOf({ schedule: { cron: '0 2 31 2 ? *' } }),
    `${AT_KEY}.schedule.cron is text: must name a date that comes`,
  ],
  [
    'rotates on both a date and a weekday',
    keyOf({ schedule: { cron: '0 2 1 * MON *' } }),
    `${AT_KEY}.schedule.cron is text: exactly one of day of month and day of week must be ?`,
  ],
  [
    'has the five fields of other crons',
    keyOf({ schedule: { cron: '0 2 1 * *' } }),
    `${AT_KEY}.schedule.cron is text: must have 6 fields`,
  ],
  [
    'rotates in a certain year',
    keyOf({ schedule: { cron: '0 2 1 * ? 2027' } }),
    `${AT_KEY}.schedule.cron is text: year must be *`,
  ],
  [
    'rotates at hours that are too near',
    keyOf({ schedule: { cron: '0 1,4 * * ? *', windowHours: 1 } }),
    `${AT_KEY}.schedule.cron is text: must leave 4 hours or more between two rotations`,
  ],
  [
    'rotates every five hours',
    keyOf({ schedule: { rate: '5 hours' } }),
    `${AT_KEY}.schedule.rate is text: in hours must divide the day`,
  ],
  [
    'rotates every now and then',
    keyOf({ schedule: { rate: 'sometimes' } }),
    `${AT_KEY}.schedule.rate is text: must be a number and hours or days`,
  ],
  [
    'has a window that reaches into the next',
    keyOf({ schedule: { rate: '4 hours', windowHours: 5 } }),
    `${AT_KEY}.schedule.rate is text: windowHours must not reach into the next window`,
  ],
  [
    'has a name that leaves no room for the standby',
    keyOf({ secretName: `team/keys/${'x'.repeat(496)}`, strategy: 'alternating' }),
    `${AT_KEY}.secretName is text: must be 504 characters at most`,
  ],
  [
    'has a replica in another partition',
    keyOf({ replicas: [{ region: 'cn-north-1' }] }),
    `${AT_KEY}.replicas[0].region is text: must be of the partition of the secret's own Region`,
  ],
  [
    'has a replica under a KMS key from elsewhere',
    keyOf({ replicas: [{ region: 'eu-west-1', kmsKeyArn: kmsKeyArn('k') }] }),
    `${AT_KEY}.replicas[0].kmsKeyArn is text: must be in the replica's Region`,
  ],
  [
    'has an admin secret of another account',
    stack({ adminSecret: { arn: secretArn('admin-a1B2c3').replace(ACCOUNT, '999999999999') } }),
    "stacks[0].adminSecret.arn is text: must be in the stack's account: Secrets Manager cannot rotate across accounts",
  ],
  [
    'has a KMS key of another account',
    stack({ secretsKmsKeyArn: kmsKeyArn('k').replace(ACCOUNT, '999999999999') }),
    "stacks[0].secretsKmsKeyArn is text: must be in the stack's account: the policies here reach no other",
  ],
  [
    'puts functions into two networks',
    rotationOf({ vpc: VPC, staticEgress: {} }),
    'stacks[0].rotation.staticEgress is an object: goes without vpc',
  ],
  [
    'wants a network of public addresses',
    rotationOf({ staticEgress: { cidr: '8.8.8.0/24' } }),
    'stacks[0].rotation.staticEgress.cidr is text: must be a private network of 256 addresses',
  ],
  [
    'wants a network whose subnets do not fit',
    rotationOf({ staticEgress: { cidr: '10.0.0.0/28' } }),
    'stacks[0].rotation.staticEgress.cidr is text: must be a private network of 256 addresses',
  ],
  [
    'wants more NAT gateways than zones',
    rotationOf({ staticEgress: { zones: 3 } }),
    'stacks[0].rotation.staticEgress.zones is a number: must be 1 or 2',
  ],
  [
    'has a stack where the keys of another one go',
    twoStacks({ keyStacks: 4 }, { name: 'keyring-keys-03', secretNamePrefix: 'other/', projectKeys: [] }),
    'stacks[1].name is text: must not be the name of a stack that keyStacks makes',
  ],
];

/** @returns keys that fit into one stack up to 200 */
export function manyKeys(count: number): Json[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `key-${index}`,
    secretName: `team/keys/key_${index}`,
    schedule: { rate: '30 days' },
  }));
}
