import * as z from 'zod/mini';
import type { SingleSettings } from '../../core/rotation/single.ts';
import {
  oneOf,
  readEnvironment,
  STREAMKAP_VARIABLES,
  type StreamkapSettings,
  streamkapSettings,
  variable,
} from '../rotation/environment.ts';

export interface Settings extends StreamkapSettings {
  readonly strategy: 'single' | 'alternating';
  readonly single: SingleSettings;
  /** Milliseconds after which a password that was current before is put to an end; undefined: never by itself. */
  readonly retireAfterMs: number | undefined;
}

const VARIABLES = {
  ...STREAMKAP_VARIABLES,
  ROTATION_STRATEGY: oneOf(['single', 'alternating'], 'single'),
  ON_DRIFT: oneOf(['abandon', 'heal'], 'abandon'),
  LOGIN_CHECK: oneOf(['required', 'best-effort'], 'required'),
  PROPAGATION_TIMEOUT_SECONDS: variable(
    z._default(z.string().check(z.regex(/^[1-9]\d{0,3}$/)), '120'),
    'A whole number of seconds from 1 to 9999.',
  ),
  RETIRE_PREVIOUS_AFTER_HOURS: variable(
    z.optional(z.string().check(z.regex(/^[1-9]\d{0,3}$/))),
    'A whole number of hours from 1 to 9999, or nothing: never.',
  ),
};

/**
 * The function's settings, fixed when it is deployed.
 * @throws InputError naming the variable and its rule
 */
export function parseEnvironment(environment: NodeJS.ProcessEnv): Settings {
  const values = readEnvironment(environment, VARIABLES);
  const { RETIRE_PREVIOUS_AFTER_HOURS: hours } = values;
  return {
    ...streamkapSettings(values),
    strategy: values.ROTATION_STRATEGY,
    single: {
      onDrift: values.ON_DRIFT,
      loginCheck: values.LOGIN_CHECK,
      propagationMs: Number(values.PROPAGATION_TIMEOUT_SECONDS) * 1000,
    },
    retireAfterMs: hours === undefined ? undefined : Number(hours) * 3_600_000,
  };
}
