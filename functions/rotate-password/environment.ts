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
};

/**
 * The function's settings, fixed when it is deployed.
 * @throws InputError naming the variable and its rule
 */
export function parseEnvironment(environment: NodeJS.ProcessEnv): Settings {
  const values = readEnvironment(environment, VARIABLES);
  return {
    ...streamkapSettings(values),
    strategy: values.ROTATION_STRATEGY,
    single: {
      onDrift: values.ON_DRIFT,
      loginCheck: values.LOGIN_CHECK,
      propagationMs: Number(values.PROPAGATION_TIMEOUT_SECONDS) * 1000,
    },
  };
}
