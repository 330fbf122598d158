import { listOf, type Resource, type Statement } from '../fixture.ts';

export type Resources = Readonly<Record<string, Resource>>;

/** What a resource of one type must be like: each rule by name, true where it is kept. */
type Rules = Readonly<Record<string, (resource: Resource, all: Resources) => boolean>>;

/** @returns the rules that a template breaks, as `<logical id>: <rule>` */
export function brokenRules(all: Resources): string[] {
  return Object.entries(all).flatMap(([id, resource]) =>
    Object.entries({ ...FOR_ALL, ...RULES[resource.Type] })
      .filter(([, isKept]) => !isKept(resource, all))
      .map(([rule]) => `${id}: ${rule}`),
  );
}

type Json = Readonly<Record<string, unknown>>;

/** @returns the value at a path such as `A.B.0.C`; undefined where there is none */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => (part as Json | null | undefined)?.[name], value);
}

const is =
  (path: string, expected: unknown) =>
  ({ Properties }: Resource): boolean =>
    JSON.stringify(at(Properties, path)) === JSON.stringify(expected);

const isKept = ({ DeletionPolicy, UpdateReplacePolicy }: Resource): boolean =>
  DeletionPolicy === 'Retain' && UpdateReplacePolicy === 'Retain';

const mentions = (value: unknown, text: string): boolean => JSON.stringify(value ?? '').includes(text);
const refersTo = (value: unknown, type: string, all: Resources): boolean =>
  Object.keys(all).some((id) => all[id]?.Type === type && mentions(value, `"${id}"`));

/** No policy of IAM or of a resource gives more than its text says. */
const FOR_ALL: Rules = {
  'names what it allows': (resource) => policiesIn(resource).every(namesEverything),
  'allows named principals only': (resource) =>
    policiesIn(resource).every(({ Effect, Principal }) => Effect === 'Deny' || !mentions(Principal, '*')),
  'has every condition that narrows it': (resource) =>
    resource.Type === 'AWS::KMS::Key' || policiesIn(resource).every(hasItsConditions),
};

const RULES: Readonly<Record<string, Rules>> = {
  'AWS::Lambda::Permission': {
    'is to call one function': (resource, all) =>
      is('Action', 'lambda:InvokeFunction')(resource) &&
      refersTo(resource.Properties.FunctionName, 'AWS::Lambda::Function', all),
    'is for Secrets Manager or EventBridge': ({ Properties }) =>
      ['secretsmanager.amazonaws.com', 'events.amazonaws.com'].includes(String(Properties.Principal)),
    'is for this account': is('SourceAccount', '123456789012'),
    'is for some secrets or one rule': ({ Properties }, all) =>
      Properties.Principal === 'events.amazonaws.com'
        ? refersTo(Properties.SourceArn, 'AWS::Events::Rule', all)
        : /:secret:team\/(?:keys\/\*|admin-\?{6})$/.test(String(Properties.SourceArn)),
  },
  'AWS::SecretsManager::RotationSchedule': {
    'rotates nothing because of a deployment': is('RotateImmediatelyOnUpdate', false),
    'has a window in hours': ({ Properties }) => /^\d+h$/.test(String(at(Properties, 'RotationRules.Duration'))),
    'begins on the hour': ({ Properties }) =>
      /^(?:cron\(0 |rate\()/.test(String(at(Properties, 'RotationRules.ScheduleExpression'))),
    'waits for the permission to call the function': ({ DependsOn }, all) =>
      refersTo(listOf(DependsOn), 'AWS::Lambda::Permission', all),
    "waits for the function's policy": ({ DependsOn }, all) => refersTo(listOf(DependsOn), 'AWS::IAM::Policy', all),
  },
  'AWS::SecretsManager::Secret': {
    'stays when the stack goes': isKept,
    'has a KMS key': ({ Properties }) => Properties.KmsKeyId !== undefined,
    'has no value': ({ Properties }) => !('SecretString' in Properties || 'GenerateSecretString' in Properties),
    'says who looks after it': ({ Properties }) => mentions(Properties.Tags, 'streamkap-keyring'),
  },
  'AWS::KMS::Key': {
    'stays when the stack goes': isKept,
    'is rotated': is('EnableKeyRotation', true),
    'can be looked after': ({ Properties }) => mentions(Properties.KeyPolicy, 'kms:PutKeyPolicy'),
    'is used through one service, or by services': ({ Properties }) =>
      (at(Properties, 'KeyPolicy.Statement') as Statement[])
        .filter(({ Action }) => mentions(Action, 'kms:Decrypt'))
        .every(({ Condition, Principal }) =>
          mentions(Principal, '"Service"') ? true : mentions(Condition, 'kms:ViaService'),
        ),
  },
  'AWS::S3::Bucket': {
    'stays when the stack goes': isKept,
    'is locked': is('ObjectLockEnabled', true),
    'is locked by default, in a mode': ({ Properties }) =>
      ['GOVERNANCE', 'COMPLIANCE'].includes(
        String(at(Properties, 'ObjectLockConfiguration.Rule.DefaultRetention.Mode')),
      ),
    'is locked by default, for days': ({ Properties }) =>
      Number(at(Properties, 'ObjectLockConfiguration.Rule.DefaultRetention.Days')) > 0,
    'has a lock that is on': is('ObjectLockConfiguration.ObjectLockEnabled', 'Enabled'),
    'is versioned': is('VersioningConfiguration.Status', 'Enabled'),
    'is encrypted with a KMS key': ({ Properties }, all) =>
      mentions(Properties.BucketEncryption, 'aws:kms') && refersTo(Properties.BucketEncryption, 'AWS::KMS::Key', all),
    'asks KMS once for many objects': ({ Properties }) =>
      mentions(Properties.BucketEncryption, '"BucketKeyEnabled":true'),
    'is not public': is('PublicAccessBlockConfiguration', {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    }),
    'knows no ACLs': is('OwnershipControls', { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] }),
    'lets objects go some day': ({ Properties }) => mentions(Properties.LifecycleConfiguration, 'ExpirationInDays'),
    'is reached by TLS only, of 1.2 or newer': (_, all) =>
      Object.values(all).some(
        ({ Type, Properties }) =>
          Type === 'AWS::S3::BucketPolicy' &&
          mentions(Properties, '"aws:SecureTransport":"false"') &&
          mentions(Properties, '"s3:TlsVersion":'),
      ),
  },
  'AWS::IAM::Role': {
    'has no policy of AWS': ({ Properties }) => !('ManagedPolicyArns' in Properties),
    'is trusted to a service, or to one claim of GitHub for AWS': ({ Properties }) => {
      const trusts = at(Properties, 'AssumeRolePolicyDocument.Statement') as Statement[];
      return trusts.length === 1 && trusts.every(isNarrowTrust);
    },
  },
  'AWS::IAM::OIDCProvider': {
    "is GitHub's": is('Url', 'https://token.actions.githubusercontent.com'),
    "is for AWS's audience": ({ Properties }) =>
      listOf(Properties.ClientIdList as unknown[]).length === 1 && mentions(Properties.ClientIdList, 'sts.'),
  },
  'AWS::Lambda::Function': {
    'runs on Node 24 and arm64': ({ Properties }) =>
      Properties.Runtime === 'nodejs24.x' && mentions(Properties.Architectures, 'arm64'),
    'is traced': is('TracingConfig.Mode', 'Active'),
    'has a log group of its own, in JSON': ({ Properties }, all) =>
      at(Properties, 'LoggingConfig.LogFormat') === 'JSON' &&
      refersTo(Properties.LoggingConfig, 'AWS::Logs::LogGroup', all),
    'has a time limit': ({ Properties }) => Number(Properties.Timeout) > 0 && Number(Properties.Timeout) <= 900,
    'is told names, no secrets': ({ Properties }) =>
      Object.keys((at(Properties, 'Environment.Variables') as Json) ?? {}).every((name) => KNOWN_VARIABLES.has(name)) &&
      !mentions(Properties.Environment, 'resolve:'),
  },
  'AWS::Logs::LogGroup': {
    'stays when the stack goes': isKept,
    'is kept for some days': ({ Properties }) => Number(Properties.RetentionInDays) > 0,
  },
  'AWS::SNS::Topic': {
    'is encrypted with a key of the stack': ({ Properties }, all) =>
      refersTo(Properties.KmsMasterKeyId, 'AWS::KMS::Key', all),
  },
  'AWS::SNS::TopicPolicy': {
    'refuses what comes without TLS': ({ Properties }) => mentions(Properties, '"aws:SecureTransport":"false"'),
  },
  'AWS::CloudWatch::Alarm': {
    'tells the topic': ({ Properties }, all) => refersTo(Properties.AlarmActions, 'AWS::SNS::Topic', all),
  },
  'AWS::Events::Rule': {
    'is switched on': is('State', 'ENABLED'),
    'has a target': ({ Properties }, all) =>
      refersTo(Properties.Targets, 'AWS::SNS::Topic', all) ||
      refersTo(Properties.Targets, 'AWS::Lambda::Function', all),
  },
};

const KNOWN_VARIABLES = new Set([
  ...['STREAMKAP_HOST', 'STREAMKAP_ADMIN_SECRET_ID', 'ROTATION_STRATEGY', 'ON_DRIFT', 'LOGIN_CHECK'],
  ...['PROPAGATION_TIMEOUT_SECONDS', 'RETIRE_PREVIOUS_AFTER_HOURS', 'EVENT_BUS_NAME', 'EVIDENCE_BUCKET'],
]);

const GITHUB = 'token.actions.githubusercontent.com';

function isNarrowTrust({ Action, Principal, Condition }: Statement): boolean {
  if (mentions(Principal, 'lambda.amazonaws.com')) return Action === 'sts:AssumeRole';
  if (mentions(Principal, 'vpc-flow-logs.amazonaws.com'))
    return Action === 'sts:AssumeRole' && mentions(Condition, '"aws:SourceAccount"');
  const { [`${GITHUB}:aud`]: audience, [`${GITHUB}:sub`]: subject } = Condition?.StringEquals ?? {};
  return (
    Action === 'sts:AssumeRoleWithWebIdentity' &&
    mentions(Principal, '"Federated"') &&
    mentions(audience, 'sts.') &&
    typeof subject === 'string' &&
    /^repo:[^*?:]+\/[^*?:]+:[^*?]+$/.test(subject)
  );
}

/** @returns every statement of every policy in a resource */
function policiesIn({ Type, Properties }: Resource): Statement[] {
  const found: Statement[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('Statement' in value && Array.isArray(value.Statement)) found.push(...(value.Statement as Statement[]));
    else for (const part of Object.values(value)) visit(part);
  };
  visit(Properties);
  // In a key's own policy the resource is always that key.
  return Type === 'AWS::KMS::Key' ? found.map((statement) => ({ ...statement, Resource: 'the key' })) : found;
}

/** AWS knows no resources for these (Service authorization reference); what calls ec2 is Lambda, and the code is denied it. */
const WITHOUT_RESOURCE = /^(?:xray:Put(?:TraceSegments|TelemetryRecords)|secretsmanager:ListSecrets|ec2:\w+)$/;

function namesEverything(statement: Statement): boolean {
  if ('NotAction' in statement || 'NotResource' in statement || 'NotPrincipal' in statement) return false;
  if (statement.Effect === 'Deny') return true;
  const actions = listOf(statement.Action);
  if (actions.length === 0 || actions.some((action) => action.includes('*'))) return false;
  return !listOf(statement.Resource).includes('*') || actions.every((action) => WITHOUT_RESOURCE.test(action));
}

/** Conditions that statements about these actions have to have, beside their resources. */
function hasItsConditions(statement: Statement): boolean {
  const { Effect, Condition } = statement;
  const actions = listOf(statement.Action);
  const does = (action: RegExp) => actions.some((each) => action.test(each));
  const on = (text: string) => mentions(statement.Resource, text);
  const needs = (...texts: string[]) => texts.every((text) => mentions(Condition, `"${text}"`));
  if (Effect === 'Deny') return Condition !== undefined;
  if (does(/^kms:/)) {
    return needs('kms:EncryptionContext:aws:s3:arn') || needs('kms:ViaService', 'kms:EncryptionContext:SecretARN');
  }
  if (does(/^secretsmanager:RotateSecret$/)) {
    return needs(
      ...['secretsmanager:resource/AllowRotationLambdaArn', 'secretsmanager:RotationLambdaARN'],
      'secretsmanager:ModifyRotationRules',
    );
  }
  if (does(/^secretsmanager:CreateSecret$/)) return needs('aws:RequestTag/managed-by', 'aws:TagKeys');
  if (does(/^secretsmanager:TagResource$/) && !needs('aws:TagKeys')) return false;
  if (does(/^secretsmanager:(?!GetSecretValue)/) && on(':secret:ci/*')) return needs('aws:ResourceTag/managed-by');
  if (does(/^secretsmanager:/) && (on(':secret:team/keys/*"') || (on('team/admin') && does(/Put/)))) {
    return needs('secretsmanager:resource/AllowRotationLambdaArn');
  }
  if (does(/^events:PutEvents$/)) return needs('events:source');
  // EventBridge sends no account and no ARN to SNS.
  if (mentions(statement.Principal, 'cloudwatch.amazonaws.com')) return needs('aws:SourceAccount', 'aws:SourceArn');
  return true;
}
