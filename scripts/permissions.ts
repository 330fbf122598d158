/** A template's resources, by logical id. */
export type Resources = Readonly<Record<string, TemplateResource>>;

interface TemplateResource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Principal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** How a condition key reads. A key that is not here has to be added before it can be shown. */
const CONDITIONS: Readonly<Record<string, (values: string) => string>> = {
  'secretsmanager:resource/AllowRotationLambdaArn': (values) => `where ${values} rotates it`,
  'secretsmanager:RotationLambdaARN': () => 'by this function',
  'secretsmanager:ModifyRotationRules': () => 'as the schedule is',
  'kms:ViaService': (values) => `through ${values}`,
  'kms:EncryptionContext:SecretARN': (values) => `for ${values}`,
  'kms:EncryptionContext:aws:s3:arn': (values) => `for ${values}`,
  'aws:TagKeys': (values) => `these tags: ${values}`,
  'aws:RequestTag/managed-by': (values) => `with the tag managed-by ${values}`,
  'aws:ResourceTag/managed-by': (values) => `where the tag managed-by is ${values}`,
  'events:source': (values) => `events of ${values}`,
  'lambda:SourceFunctionArn': (values) => `for the code of ${values}`,
  'aws:SourceAccount': () => 'for this account',
  'token.actions.githubusercontent.com:sub': (values) => values,
  'token.actions.githubusercontent.com:aud': (values) => `for ${values}`,
};

const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** @returns a row for each statement of each role: role, actions, resources, conditions */
export function grantRows(resources: Resources): string[][] {
  return idsOf(resources, 'AWS::IAM::Role').flatMap((id) =>
    statementsOf(resources, id).map((statement) => [
      nameOf(resources, id),
      (statement.Effect === 'Deny' ? '**never** ' : '') + code(listOf(statement.Action)),
      code(listOf(statement.Resource).map((resource) => textOf(resources, resource))),
      conditionsOf(resources, statement),
    ]),
  );
}

/** @returns a row for each role: role, who takes it on, conditions */
export function trustRows(resources: Resources): string[][] {
  return idsOf(resources, 'AWS::IAM::Role').flatMap((id) => {
    const { Statement } = resources[id]?.Properties.AssumeRolePolicyDocument as { Statement: readonly Statement[] };
    return Statement.map((statement) => [
      nameOf(resources, id),
      code(Object.values(statement.Principal as object).map((principal) => textOf(resources, principal))),
      conditionsOf(resources, statement),
    ]);
  });
}

/** @returns a row for each permission to call a function: function, caller, for what */
export function invokeRows(resources: Resources): string[][] {
  return idsOf(resources, 'AWS::Lambda::Permission').map((id) => {
    const { FunctionName, Principal, SourceArn } = resources[id]?.Properties ?? {};
    return [FunctionName, Principal, SourceArn].map((value) => code([textOf(resources, value)]));
  });
}

const idsOf = (resources: Resources, type: string) =>
  Object.keys(resources).filter((id) => resources[id]?.Type === type);

/** Identifiers as code; what is said in words stays so. */
const code = (texts: readonly string[]) =>
  texts.map((text) => (/^(?:its|the) /.test(text) ? text : `\`${text}\``)).join(' ');

function statementsOf(resources: Resources, roleId: string): Statement[] {
  type Document = { PolicyDocument: { Statement: readonly Statement[] } };
  const inline = (resources[roleId]?.Properties.Policies ?? []) as readonly Document[];
  const attached = idsOf(resources, 'AWS::IAM::Policy')
    .map((id) => resources[id]?.Properties as unknown as Document & { Roles: readonly { Ref: string }[] })
    .filter(({ Roles }) => Roles.some(({ Ref }) => Ref === roleId));
  return [...inline, ...attached].flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

function conditionsOf(resources: Resources, { Condition = {} }: Statement): string {
  const keys = Object.values(Condition).flatMap((each) => Object.entries(each));
  return keys
    .map(([key, values]) => {
      const read = CONDITIONS[key];
      if (!read) throw new Error(`${key} has no words in scripts/permissions.ts`);
      return read(code(listOf(values).map((value) => textOf(resources, value))));
    })
    .join('; ');
}

/** A role by what it is for: the construct, or the name that the configuration gives. */
function nameOf(resources: Resources, id: string): string {
  const [, given] = /^GitHub Actions, ([\w-]+):/.exec(String(resources[id]?.Properties.Description)) ?? [];
  return given ?? id.replace(/(?:Role|Function)?[0-9A-F]{8}$/, '');
}

/** An ARN without what is the same in all of them; a reference by what it refers to. */
function textOf(resources: Resources, value: unknown): string {
  if (typeof value === 'string')
    return value
      .replace(/^arn:[^:]*:([a-z0-9-]+):[^:]*:\d*:(?:\1:)?/, '$1:')
      .replace('secretsmanager:secret:', 'secret:');
  if (typeof value !== 'object' || value === null) return String(value);
  if ('Fn::Join' in value) {
    const [separator, parts] = value['Fn::Join'] as [string, readonly unknown[]];
    return parts.map((part) => textOf(resources, part)).join(separator);
  }
  const [id = ''] = 'Ref' in value ? [value.Ref] : ((value as { 'Fn::GetAtt'?: string[] })['Fn::GetAtt'] ?? []);
  return referredTo(resources, String(id));
}

function referredTo(resources: Resources, id: string): string {
  const { Type = '', Properties = {} } = resources[id] ?? {};
  switch (Type) {
    case 'AWS::SecretsManager::Secret':
      return `secret:${String(Properties.Name)}-??????`;
    case 'AWS::Lambda::Function':
      return `function:${nameOf(resources, id)}`;
    case 'AWS::Logs::LogGroup':
      return 'its log group';
    case 'AWS::S3::Bucket':
      return 's3:::evidence';
    case 'AWS::KMS::Key':
      return `the key "${String(Properties.Description)}"`;
    case 'AWS::Events::Rule':
      return 'the hourly rule';
    case 'AWS::IAM::OIDCProvider':
      return 'the provider for GitHub';
    default:
      if (id === 'AWS::URLSuffix') return 'amazonaws.com';
      throw new Error(`${id} has no words in scripts/permissions.ts`);
  }
}
