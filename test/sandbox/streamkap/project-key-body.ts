import { grantsProblem } from './client-credentials.ts';
import type { Acl, Settings } from './tenant.ts';
import { addressListProblem, type Check, flag, list, model, nullable, oneOf, text } from './validation.ts';

export interface KafkaConfig {
  readonly username: string;
  readonly password: string;
  readonly whitelist_ips?: string | null;
  readonly kafka_acls?: Acl[];
  readonly is_create_schema_registry?: boolean;
}

export interface CreateBody {
  readonly name: string;
  readonly description?: string | null;
  readonly role_ids?: string[] | null;
  readonly permission_ids?: string[] | null;
  readonly kafka_config?: KafkaConfig | null;
  readonly tool_profile?: string | null;
  readonly allowed_tools?: string[] | null;
  readonly blocked_tools?: string[] | null;
}

export interface PatchBody extends Omit<Partial<CreateBody>, 'name'> {
  readonly name?: string | null;
  readonly kafka_password?: string | null;
  readonly kafka_acls?: Acl[] | null;
  readonly whitelist_ips?: string | null;
}

const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  TOPIC: ['ALL', 'ALTER', 'ALTER_CONFIGS', 'CREATE', 'DELETE', 'DESCRIBE', 'DESCRIBE_CONFIGS', 'READ', 'WRITE'],
  GROUP: ['DELETE', 'DESCRIBE', 'READ'],
};

const ACL = model({
  required: {
    topic_name: text({ min: 1 }),
    operation: text(),
    resource_pattern_type: oneOf(['LITERAL', 'PREFIXED']),
  },
  optional: { resource: oneOf(['TOPIC', 'GROUP']) },
  rule: ({ operation, resource = 'TOPIC' }) => {
    const allowed = OPERATIONS[String(resource)] ?? [];
    return allowed.includes(String(operation))
      ? undefined
      : `operation '${operation}' is not one of ${allowed.join(', ')} for ${resource}`;
  },
});

/** The guide's rules for the wizard; the OpenAPI page knows only length and alphabet. */
function usernameProblem(username: string): string | undefined {
  if (/[A-Z]/.test(username)) return 'username must be lowercase';
  return /^-|-$/.test(username) ? 'username cannot start or end with a hyphen' : undefined;
}

function passwordProblem(password: string): string | undefined {
  const classes = [/[A-Z]/, /[a-z]/, /[0-9]/, /[^A-Za-z0-9]/];
  return classes.every((one) => one.test(password))
    ? undefined
    : 'password must have an uppercase letter, a lowercase letter, a digit and a special character';
}

export interface ProjectKeyChecks {
  readonly create: Check;
  readonly patch: Check;
}

/** @param kafkaRules `guide` adds the wizard's rules for username and password to the OpenAPI page's */
export function projectKeyChecks(kafkaRules: Settings['kafkaRules']): ProjectKeyChecks {
  const guide = kafkaRules === 'guide';
  const password = text({ min: 12, max: 128, ...(guide ? { rule: passwordProblem } : {}) });
  const whitelist = nullable(text({ max: 1000, rule: addressListProblem }));
  const kafkaConfig = model({
    required: {
      username: text({ min: 3, max: 24, pattern: /^[a-zA-Z0-9-]+$/, ...(guide ? { rule: usernameProblem } : {}) }),
      password,
    },
    optional: { whitelist_ips: whitelist, kafka_acls: list(ACL), is_create_schema_registry: flag },
  });
  const common = {
    description: nullable(text()),
    role_ids: nullable(list(text(), 1)),
    permission_ids: nullable(list(text(), 1)),
    kafka_config: nullable(kafkaConfig),
    tool_profile: nullable(oneOf(['full', 'read-only', 'agent-operator', 'infra-admin'])),
    allowed_tools: nullable(list(text())),
    blocked_tools: nullable(list(text())),
  };
  const name = text({ min: 1, max: 100 });
  return {
    create: model({ required: { name }, optional: common, rule: grantsProblem }),
    patch: model({
      optional: {
        ...common,
        name: nullable(name),
        kafka_password: nullable(password),
        kafka_acls: nullable(list(ACL)),
        whitelist_ips: whitelist,
      },
      rule: grantsProblem,
    }),
  };
}
