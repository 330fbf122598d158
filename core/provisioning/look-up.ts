import { backoffMs, type Clock } from '../clock.ts';
import type { CredentialFile } from '../credential-file.ts';
import { ProvisioningError } from '../errors.ts';
import type { SecretReader } from '../secret-store.ts';
import { type Credential, type CredentialFormat, PROJECT_KEY_FORMAT } from './kind.ts';
import { LIMITS, type ProvisioningReport, type ProvisioningResult } from './ports.ts';
import { readSituation, type Situation } from './situation.ts';

interface LookUpPorts<C extends Credential = CredentialFile> {
  readonly store: SecretReader;
  readonly clock: Clock;
  readonly report: ProvisioningReport<C>;
}

/**
 * Reads the credential file of a secret: one call where it is there. Where another run is still making it, waits; never makes or
 * finishes anything itself.
 * @param waitMs milliseconds
 * @throws ProvisioningError SECRET_NOT_FOUND, SECRET_EMPTY, CREATION_NOT_FINISHED, SECRET_HAS_FOREIGN_VALUE; nothing was changed
 */
export function lookUp(ports: LookUpPorts, request: { secretId: string; waitMs: number }): Promise<ProvisioningResult> {
  return lookUpAs(PROJECT_KEY_FORMAT, ports, request);
}

/** The same for any kind of credential. */
export async function lookUpAs<C extends Credential>(
  format: CredentialFormat<C>,
  { store, clock, report }: LookUpPorts<C>,
  { secretId, waitMs }: { secretId: string; waitMs: number },
): Promise<ProvisioningResult<C>> {
  const end = clock.now() + waitMs;
  for (let looks = 0; ; looks++) {
    const situation = await readSituation(store, secretId, format);
    if (situation.state === 'file') {
      const { version, file } = situation;
      report.secretSeen(file);
      return { outcome: 'found', file, secretArn: version.arn, versionId: version.versionId };
    }
    const pauseMs = backoffMs(looks, LIMITS.poll);
    const nobodyIsMakingIt =
      situation.state === 'absent' || (situation.state === 'intent' && situation.intent.withdrawn);
    if (nobodyIsMakingIt || clock.now() + pauseMs > end) throw notThere(situation, secretId);
    report.progress(`waiting for the credential in ${secretId} (another run is making it, or it is still empty)`);
    await clock.sleep(pauseMs);
  }
}

function notThere(situation: Situation<Credential>, secretId: string): ProvisioningError {
  const facts = { changed: 'no', retryable: situation.state !== 'absent' } as const;
  switch (situation.state) {
    case 'absent':
      return new ProvisioningError({
        ...facts,
        code: 'SECRET_NOT_FOUND',
        message: `There is no secret ${secretId}`,
        remedy: 'Check the name, the account and AWS_REGION; mode "ensure" makes the key and the secret.',
      });
    case 'intent':
      if (situation.intent.withdrawn) {
        return new ProvisioningError({
          ...facts,
          code: 'CREATION_REFUSED',
          message: `Streamkap refused to make the key of ${secretId} as it was last asked for`,
          remedy: 'Look at the run that failed; mode "ensure" with corrected inputs makes the key.',
        });
      }
      return new ProvisioningError({
        ...facts,
        code: 'CREATION_NOT_FINISHED',
        message: `The key of ${secretId} is not finished: another run is making it, or died on the way`,
        remedy: 'Run mode "ensure": it finishes what was begun.',
      });
    default:
      return new ProvisioningError({
        ...facts,
        code: 'SECRET_EMPTY',
        message: `The secret ${secretId} has no value yet`,
        remedy: 'Run mode "ensure" once to have the key made.',
      });
  }
}
