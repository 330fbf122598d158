import * as z from 'zod';
import {
  ACCOUNT,
  flag,
  integer,
  KEY_NAME,
  KMS_KEY_ARN,
  list,
  object,
  oneOf,
  PRIVATE_NETWORK,
  REGION,
  SECRET_ARN,
  SECRET_NAME,
  text,
} from './configuration-fields.ts';
import { KEY_STACKS } from './key-stacks.ts';

/**
 * What `keyring.config.json` may hold. Every rule is a sentence that an error can show as it stands; none of them quotes a value,
 * since people paste secrets into the wrong field. Rules between fields are in configuration-rules.ts. `keyring.config.schema.json` is made from this for editors.
 */

const SCHEDULE = object({
  cron: z
    .string({ error: 'must be a cron expression of 6 fields, such as "0 2 1 * ? *"' })
    .optional()
    .describe(
      'Six fields in UTC: minutes (0), hours, day of month, month, day of week, year (*); 4 hours apart or more. Or `rate`.',
    ),
  rate: z
    .string({ error: 'must be a number and hours or days, such as "30 days"' })
    .optional()
    .describe('Such as "30 days" or "8 hours"; the first window opens at midnight UTC. Or `cron`.'),
  windowHours: integer(1, 24, 'hours')
    .default(3)
    .describe('How long after the named hour a rotation may begin and be tried again; inside the UTC day. Default: 3.'),
}).describe('When the password is rotated, in UTC.');

const REPLICA = object({
  region: REGION.describe('The Region of the replica.'),
  kmsKeyArn: KMS_KEY_ARN.optional().describe("The KMS key there. Default: that Region's aws/secretsmanager."),
});

const PROJECT_KEY = object({
  name: KEY_NAME.describe('What the key is called in this file and in the stack. Changing it makes a new resource.'),
  secretName: SECRET_NAME.optional().describe(
    'The secret that the stack makes, without a value, for `ensure` to fill.',
  ),
  secretArn: SECRET_ARN.optional().describe(
    'Instead of secretName: a secret that exists, which the stack only rotates.',
  ),
  kmsKeyArn: KMS_KEY_ARN.optional().describe(
    'With secretArn: the customer managed key of that secret. Default: aws/secretsmanager.',
  ),
  strategy: oneOf(['single', 'alternating'])
    .default('single')
    .describe(
      'How the password changes: "single" in place, with a short gap; "alternating" by swapping two keys, without one. Default: single.',
    ),
  schedule: SCHEDULE,
  provisioned: flag()
    .default(false)
    .describe(
      'Set it to true once the secret holds a credential file; until then no rotation is scheduled. Default: false.',
    ),
  replicas: list(REPLICA, 10, 'replicas')
    .default([])
    .describe('Copies in other Regions, made once `provisioned` is true. Default: none.'),
});

const VPC = object({
  subnetIds: list(text(/^subnet-[0-9a-f]{8,17}$/, 'must be the id of a subnet'), 16, 'subnets')
    .min(1, {
      error: 'must have one subnet or more',
    })
    .describe('Ids of the subnets.'),
  securityGroupIds: list(text(/^sg-[0-9a-f]{8,17}$/, 'must be the id of a security group'), 5, 'security groups')
    .min(1, { error: 'must have one security group or more' })
    .describe('Ids of the security groups; they need no way in.'),
}).describe(
  'Private subnets with a way out (NAT) to Streamkap, Kafka and Secrets Manager, for keys with a safe list. Default: none.',
);

const STATIC_EGRESS = object({
  cidr: PRIVATE_NETWORK.default('10.244.0.0/24').describe(
    'Its addresses; they matter only where the network is joined to others. Default: 10.244.0.0/24.',
  ),
  zones: z
    .literal([1, 2], { error: 'must be 1 or 2' })
    .default(1)
    .describe('Availability zones, each with a NAT gateway and a fixed address of its own. Default: 1.'),
}).describe(
  'Instead of vpc: a network that the stack makes, whose way out has fixed addresses (the output EgressAddresses), for keys with a safe list. Default: none.',
);

// CloudWatch Logs takes no other numbers.
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const ROTATION = object({
  onDrift: oneOf(['abandon', 'heal'])
    .default('abandon')
    .describe('What to do when Streamkap accepts no password we know: stop, or set the new one. Default: abandon.'),
  loginCheck: oneOf(['required', 'best-effort'])
    .default('required')
    .describe('Whether a rotation may end when Kafka could not be asked. Default: required.'),
  propagationTimeoutSeconds: integer(1, 420, 'seconds')
    .default(120)
    .describe('How long a new password may take to be accepted. Default: 120.'),
  logLevel: oneOf(['DEBUG', 'INFO', 'WARN', 'ERROR'])
    .default('INFO')
    .describe('The least that is logged. Default: INFO.'),
  retirePreviousAfterHours: integer(1, 8760, 'hours')
    .optional()
    .describe(
      'With "alternating": when the outgoing password is put to an end, looked at every hour. Default: at the next rotation.',
    ),
  logRetentionDays: z
    .literal(RETENTION_DAYS, {
      error: `must be a number of days that CloudWatch Logs knows: ${RETENTION_DAYS.join(', ')}`,
    })
    .default(365)
    .describe('How many days log lines are kept. Default: 365.'),
  logsKmsKeyArn: KMS_KEY_ARN.optional().describe(
    "A KMS key for the log groups, whose policy lets CloudWatch Logs use it. Default: CloudWatch's own key.",
  ),
  vpc: VPC.optional(),
  staticEgress: STATIC_EGRESS.optional(),
}).describe('The function that rotates. Default: what its fields say.');

const ADMIN_ROTATION = object({
  schedule: SCHEDULE,
}).describe("Rotation of Streamkap's admin credential itself; adminSecret must hold one. Default: none.");

const EVIDENCE = object({
  lock: oneOf(['governance', 'compliance'])
    .default('governance')
    .describe(
      'Who may shorten the retention: people with a special permission, or nobody, the account included. Default: governance.',
    ),
  retentionDays: integer(1, 3650, 'days')
    .default(400)
    .describe('How many days no evidence can be changed or deleted. Default: 400.'),
  expirationDays: integer(1, 3650, 'days')
    .default(2555)
    .describe('When evidence is deleted after all; not before retentionDays. Default: 2555, seven years.'),
  athena: flag().default(false).describe('Whether to make a table that Athena can query. Default: false.'),
}).describe('A locked bucket with a record of every step of every rotation. Default: none; the log has the steps.');

const MADE_BY_THE_ACTION = object({
  secrets: list(
    text(
      /^[A-Za-z0-9/_+=.@-]{3,200}$/,
      'must be the name of a secret, or what names begin with, ending in /, in 3 to 200 characters without wildcards',
    ),
    3,
    'names of secrets',
  )
    .min(1, { error: 'must have one name or more' })
    .describe('Their names, or what their names begin with, ending in / (such as ci/); outside secretNamePrefix.'),
  kmsKeyArn: KMS_KEY_ARN.optional().describe(
    "The KMS key that the Action's input `kms-key-id` names. Default: aws/secretsmanager.",
  ),
  tagKeys: list(
    text(/^(?!aws:|streamkap:|managed-by$)[\w\s.:/=+@-]{1,128}$/i, 'must be the key of a tag that is not reserved'),
    20,
    'keys of tags',
  )
    .default([])
    .describe("Keys of the tags that the Action's input `tags` sets. Default: none."),
}).describe(
  'Secrets that the Action makes itself, by `ensure` or `create`, outside of this stack. It may make, fill and read these. Default: none.',
);

const GITHUB_ROLE = object({
  name: KEY_NAME.describe('What the role is called in the stack.'),
  repository: text(/^[\w.-]+\/[\w.-]+$/, 'must be owner/repository, without wildcards')
    .optional()
    .describe('owner/repository, spelt as on GitHub; with environment or ref.'),
  environment: text(/^[^*?:\s][^*?:]{0,254}$/, 'must be the name of an environment, without wildcards or colons')
    .optional()
    .describe('The one environment whose jobs get the role. Or `ref`.'),
  ref: text(/^refs\/(?:heads|tags)\/[^*?:\s]+$/, 'must be one full ref such as refs/heads/main, without wildcards')
    .optional()
    .describe('The one branch or tag whose jobs get the role. Or `environment`.'),
  subject: text(
    /^repo:[^*?:\s/]+\/[^*?:\s/]+:[^*?]+$/,
    'must be the whole sub claim, repo:owner/repository:..., without wildcards',
  )
    .refine((subject) => !subject.endsWith(':pull_request'), {
      error: 'must not be pull_request: everybody who may open a pull request would have the role',
    })
    .optional()
    .describe(
      'Instead of repository with environment or ref: the sub claim itself, for a claim with ids or of your own form.',
    ),
  read: list(KEY_NAME, 20, 'project keys')
    .default([])
    .describe('Project keys whose secret it may read. Default: none.'),
  readWrite: list(KEY_NAME, 10, 'project keys')
    .default([])
    .describe('Project keys whose secret it may read and fill: what `ensure` needs. Default: none.'),
  rotate: list(KEY_NAME, 5, 'project keys')
    .default([])
    .describe('Project keys that it may have rotated, by mode `rotate`; it may read their secrets. Default: none.'),
  create: MADE_BY_THE_ACTION.optional(),
  adminSecret: flag().default(false).describe("Whether it may read Streamkap's admin credential. Default: false."),
});

const GITHUB_ACCESS = object({
  oidcProviderArn: text(
    /^arn:aws(?:-[a-z]+)*:iam::\d{12}:oidc-provider\/token\.actions\.githubusercontent\.com$/,
    "must be the ARN of the account's provider for token.actions.githubusercontent.com",
  )
    .optional()
    .describe('The provider, where the account has one (there can be only one). Default: the stack makes it.'),
  roles: list(GITHUB_ROLE, 40, 'roles')
    .min(1, { error: 'must have one role or more' })
    .describe('One for each environment or ref.'),
}).describe('Roles for GitHub Actions, each for one environment or ref of one repository. Default: none.');

const STACK = object({
  name: text(
    /^[A-Za-z][A-Za-z0-9-]{0,99}$/,
    'must be the name of a stack: a letter, then letters, digits and hyphens',
  ).describe('The name of the CloudFormation stack.'),
  account: ACCOUNT.describe('The AWS account it is deployed to.'),
  region: REGION.describe('The Region it is deployed to.'),
  streamkapHost: text(
    /^https:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?\/?$/,
    'must be https:// and a host name, without credentials, path or query',
  )
    .default('https://api.streamkap.com')
    .describe("Streamkap's API. Default: https://api.streamkap.com."),
  secretNamePrefix: text(
    /^[A-Za-z0-9/_+=.@-]{3,200}$/,
    'must be 3 to 200 characters of a secret name, without wildcards',
  )
    .default('streamkap/keys/')
    .describe(
      'What the names of all project key secrets begin with; permissions reach no further. Default: streamkap/keys/.',
    ),
  adminSecret: object({
    name: SECRET_NAME.optional().describe('Its name, outside secretNamePrefix. Or `arn`.'),
    arn: SECRET_ARN.optional().describe('Its full ARN. Or `name`.'),
    kmsKeyArn: KMS_KEY_ARN.optional().describe('Its customer managed key. Default: aws/secretsmanager.'),
  }).describe(
    "The secret with Streamkap's admin credential, by name or ARN. It must exist; the stack does not make it.",
  ),
  secretsKmsKeyArn: KMS_KEY_ARN.optional().describe(
    'The KMS key for the secrets of the stack. Default: the stack makes one.',
  ),
  projectKeys: list(PROJECT_KEY, 4000, 'project keys (further ones go into another stack)').describe(
    'The keys whose passwords rotate.',
  ),
  rotation: ROTATION.prefault({}),
  alarms: object({
    emails: list(text(/^[^@\s,]+@[^@\s,]+\.[^@\s,]+$/, 'must be an email address'), 10, 'addresses')
      .default([])
      .describe('Email addresses; each gets a mail to confirm. Default: none.'),
  })
    .prefault({})
    .describe('Who is told of failed rotations, besides what you subscribe to the topic yourself. Default: nobody.'),
  githubAccess: GITHUB_ACCESS.optional(),
  adminRotation: ADMIN_ROTATION.optional(),
  evidence: EVIDENCE.optional(),
  eventBusArn: text(
    /^arn:aws(?:-[a-z]+)*:events:[a-z0-9-]+:\d{12}:event-bus\/[\w./-]{1,256}$/,
    'must be the full ARN of an event bus',
  )
    .optional()
    .describe('The event bus that is told of each rotated credential, for consumers to refresh. Default: none.'),
  dashboard: flag().default(false).describe('Whether to make a CloudWatch dashboard. Default: false.'),
  keyStacks: z
    .literal([0, ...KEY_STACKS], { error: 'must be 0, 4, 8, 16 or 32' })
    .default(0)
    .describe(
      'Over how many further stacks the project keys are spread, by their names; changing it moves keys between stacks, so choose it for the number of keys to come, about 100 a stack. Default: 0, all in this one.',
    ),
});

export const CONFIGURATION = object({
  $schema: z
    .string({ error: 'must be text' })
    .optional()
    .describe('For editors: the path of keyring.config.schema.json.'),
  stacks: list(STACK, 100, 'stacks')
    .min(1, { error: 'must have one stack or more' })
    .describe('One for each account and Region.'),
});

export type Configuration = z.infer<typeof CONFIGURATION>;
export type StackConfiguration = z.infer<typeof STACK>;
