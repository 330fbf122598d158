import { type Clock, systemClock } from '../core/clock.ts';
import { hasKafka, kafkaConnection } from '../core/credential-file.ts';
import { InputError, ProvisioningError } from '../core/errors.ts';
import { tryNewPassword } from '../core/login-probe/new-password.ts';
import { type LoginRequest, type LoginResult, probeLogin } from '../core/login-probe/probe.ts';
import type { Job } from './job.ts';
import type { Delivery } from './outputs.ts';
import type { Runner } from './runner.ts';

/** Milliseconds for one login. */
const LOGIN_MS = 10_000;

/** What is known of the credential's Kafka login when it is handed out. A refused one is never handed out. */
export type LoginProof =
  | { readonly outcome: 'accepted'; readonly broker: string; readonly milliseconds: number }
  | { readonly outcome: 'unknown'; readonly code: string }
  | { readonly outcome: 'not tried' };

/** What a login takes. */
export interface LoginPorts {
  readonly clock: Clock;
  readonly probe: (request: LoginRequest) => Promise<LoginResult>;
}

const REAL: LoginPorts = { clock: systemClock, probe: probeLogin };

/**
 * Logs in to Kafka with the credential. A new password is given time to arrive; one that was found is tried once.
 * @throws ProvisioningError LOGIN_REJECTED, and LOGIN_UNKNOWN where `verify-login` is `always`
 */
export async function verifyLogin(
  { inputs, runner }: Pick<Job, 'inputs'> & { readonly runner: Pick<Runner, 'info' | 'warning'> },
  { file, result }: Delivery,
  { clock, probe }: LoginPorts = REAL,
): Promise<LoginProof> {
  if (!hasKafka(file)) {
    if (inputs.verifyLogin !== 'always') return { outcome: 'not tried' };
    throw new InputError(
      'verify-login',
      'is "always", but the credential has no Kafka access to try',
      'Use "auto" for API-only keys.',
    );
  }
  const request: LoginRequest = { ...kafkaConnection(file.kafka), timeoutMs: LOGIN_MS };
  const progress = (line: string) => runner.info(line);
  const login = result === 'found' ? await probe(request) : await tryNewPassword(request, { clock, probe, progress });
  if (login.outcome === 'accepted') {
    runner.info(`Kafka login of ${request.username} accepted by ${login.broker} in ${login.milliseconds} ms`);
    return { outcome: 'accepted', broker: login.broker, milliseconds: login.milliseconds };
  }
  const what = `The Kafka login of ${request.username} is ${login.outcome} (${login.code})`;
  if (login.outcome === 'unknown' && inputs.verifyLogin === 'auto') {
    runner.warning(`${what}; the credential is handed out untried. Can this runner reach ${request.bootstrapServers}?`);
    return { outcome: 'unknown', code: login.code };
  }
  throw new ProvisioningError({
    code: login.outcome === 'rejected' ? 'LOGIN_REJECTED' : 'LOGIN_UNKNOWN',
    message: what,
    changed: result === 'found' ? 'no' : 'yes',
    retryable: true,
    remedy:
      login.outcome === 'rejected'
        ? 'The password that is stored is not the one Streamkap accepts: was it changed elsewhere?'
        : 'Check that this runner can reach the brokers (safe list, firewall, NODE_EXTRA_CA_CERTS).',
  });
}
