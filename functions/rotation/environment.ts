import * as z from 'zod/mini';
import { InputError } from '../../core/errors.ts';
import { parseStreamkapHost } from '../../core/streamkap-host.ts';

/** An environment variable: what it may hold, what an empty one stands for, and its rule in words. */
export interface Variable<T> {
  readonly schema: z.ZodMiniType<T>;
  readonly rule: string;
}

export type Variables = Readonly<Record<string, Variable<unknown>>>;

export type ValuesOf<V extends Variables> = {
  readonly [Name in keyof V]: V[Name] extends Variable<infer T> ? T : never;
};

/** @returns a variable that holds one of the words */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T, byDefault: T[number]) {
  return variable(z._default(z.enum(words), byDefault), `${words.join(' or ')}.`);
}

export function variable<T>(schema: z.ZodMiniType<T>, rule: string): Variable<T> {
  return { schema, rule };
}

/** What every function needs to reach Streamkap. */
export const STREAMKAP_VARIABLES = {
  STREAMKAP_HOST: variable(z._default(z.string(), ''), "The full URL of Streamkap's API."),
  STREAMKAP_ADMIN_SECRET_ID: variable(
    z.string().check(z.minLength(1)),
    'The name or ARN of the secret that holds the admin credential.',
  ),
};

/** Where Streamkap is, and where the credential for it is kept. Fixed when the function is deployed. */
export interface StreamkapSettings {
  readonly host: string;
  readonly adminSecretId: string;
}

/** @throws InputError when the host is no place to send a secret to */
export function streamkapSettings(values: ValuesOf<typeof STREAMKAP_VARIABLES>): StreamkapSettings {
  return {
    host: parseStreamkapHost(values.STREAMKAP_HOST, 'STREAMKAP_HOST'),
    adminSecretId: values.STREAMKAP_ADMIN_SECRET_ID,
  };
}

/**
 * Reads variables; an empty one counts as one that is not set.
 * @throws InputError naming the variable and its rule
 */
export function readEnvironment<V extends Variables>(environment: NodeJS.ProcessEnv, variables: V): ValuesOf<V> {
  const values = Object.entries(variables).map(([name, { schema, rule }]) => {
    const result = schema.safeParse(environment[name] || undefined);
    if (result.success) return [name, result.data] as const;
    throw new InputError(name, environment[name] ? 'has no value that is allowed' : 'is not set', rule);
  });
  return Object.fromEntries(values) as ValuesOf<V>;
}
