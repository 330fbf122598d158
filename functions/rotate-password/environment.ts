import * as z from 'zod/mini';
import { InputError } from '../../core/errors.ts';
import type { SingleSettings } from '../../core/rotation/single.ts';
import { parseStreamkapHost } from '../../core/streamkap-host.ts';

export interface Settings {
  readonly host: string;
  readonly adminSecretId: string;
  readonly strategy: 'single' | 'alternating';
  readonly single: SingleSettings;
}

const oneOf = <const T extends readonly [string, ...string[]]>(words: T, byDefault: T[number]) =>
  z._default(z.enum(words), byDefault);

const schemas = {
  STREAMKAP_HOST: z._default(z.string(), ''),
  STREAMKAP_ADMIN_SECRET_ID: z.string().check(z.minLength(1)),
  ROTATION_STRATEGY: oneOf(['single', 'alternating'], 'single'),
  ON_DRIFT: oneOf(['abandon', 'heal'], 'abandon'),
  LOGIN_CHECK: oneOf(['required', 'best-effort'], 'required'),
  PROPAGATION_TIMEOUT_SECONDS: z._default(z.string().check(z.regex(/^[1-9]\d{0,3}$/)), '120'),
};

const RULES: Readonly<Record<keyof typeof schemas, string>> = {
  STREAMKAP_HOST: "The full URL of Streamkap's API.",
  STREAMKAP_ADMIN_SECRET_ID: 'The name or ARN of the secret that holds the admin credential.',
  ROTATION_STRATEGY: 'single or alternating.',
  ON_DRIFT: 'abandon or heal.',
  LOGIN_CHECK: 'required or best-effort.',
  PROPAGATION_TIMEOUT_SECONDS: 'A whole number of seconds from 1 to 9999.',
};

/**
 * The function's settings, fixed when it is deployed. An empty variable counts as one that is not set.
 * @throws InputError naming the variable and its rule
 */
export function parseEnvironment(environment: NodeJS.ProcessEnv): Settings {
  const read = <Name extends keyof typeof schemas>(name: Name): z.infer<(typeof schemas)[Name]> => {
    const result = schemas[name].safeParse(environment[name] || undefined);
    if (result.success) return result.data as z.infer<(typeof schemas)[Name]>;
    throw new InputError(name, environment[name] ? 'has no value that is allowed' : 'is not set', RULES[name]);
  };
  return {
    host: parseStreamkapHost(read('STREAMKAP_HOST'), 'STREAMKAP_HOST'),
    adminSecretId: read('STREAMKAP_ADMIN_SECRET_ID'),
    strategy: read('ROTATION_STRATEGY'),
    single: {
      onDrift: read('ON_DRIFT'),
      loginCheck: read('LOGIN_CHECK'),
      propagationMs: Number(read('PROPAGATION_TIMEOUT_SECONDS')) * 1000,
    },
  };
}
