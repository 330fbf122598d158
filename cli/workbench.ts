import { quoted } from '../core/audit/remedies.ts';
import { secretStoreOver, secretsManagerClient } from '../core/aws-secret-store.ts';
import { systemClock } from '../core/clock.ts';
import { diagnose } from '../core/doctor/diagnose.ts';
import { nextFor } from '../core/doctor/next.ts';
import type { Look } from '../core/doctor/picture.ts';
import type { Diagnosis } from '../core/doctor/report.ts';
import { type PicturePorts, takePicture } from '../core/doctor/take-picture.ts';
import { InputError } from '../core/errors.ts';
import { probeLogin } from '../core/login-probe/probe.ts';
import type { SecretStore } from '../core/secret-store.ts';
import type { StreamkapClient } from '../core/streamkap/client.ts';
import { awsEnvironment, type CommandContext } from './command.ts';
import { streamkapFrom } from './streamkap.ts';

/** Options of every command that works on one secret. */
export interface SecretOptions {
  readonly region?: string | undefined;
  readonly adminSecretId?: string | undefined;
  readonly json?: boolean | undefined;
}

/** What the commands for one secret work with. */
export interface Workbench {
  readonly ports: PicturePorts & { readonly store: SecretStore; readonly streamkap: StreamkapClient };
  /** Looks at the secret anew. @throws KeyringError */
  look(): Promise<Look & Diagnosis>;
}

/** @throws InputError for options that are wrong, or missing */
export function workbenchFor(secretId: string, options: SecretOptions, context: CommandContext): Workbench {
  const { redactor, terminal } = context;
  const environment = awsEnvironment(options, context);
  const store = secretStoreOver(secretsManagerClient({ environment }));
  const { adminSecretId } = options;
  const { client: streamkap } = streamkapFrom({ environment, store, adminSecretId, redactor });
  const secretSeen = (secret: string) => redactor.add(secret);
  const ports = { store, streamkap, login: probeLogin, clock: systemClock, secretSeen };
  return {
    ports,
    look: async () => {
      terminal.progress(`looking at ${secretId}`);
      const look = await takePicture(ports, secretId);
      requireProjectKey(secretId, look.picture);
      const state = diagnose(look.picture);
      const next = nextFor(state, { secretId, picture: look.picture, ...again(options) });
      terminal.endProgress();
      return { ...look, secretId, state, next };
    },
  };
}

/** What was given and is needed again in a command that is to be run next. */
function again({ region, adminSecretId }: SecretOptions): { readonly ourOptions: string; readonly awsOptions: string } {
  const awsOptions = region ? ` --region ${quoted(region)}` : '';
  return {
    awsOptions,
    ourOptions: `${awsOptions}${adminSecretId ? ` --admin-secret-id ${quoted(adminSecretId)}` : ''}`,
  };
}

/** @throws InputError for a secret that by its tags holds something else than a project key that is in use */
function requireProjectKey(secretId: string, picture: Look['picture']): void {
  if (typeof picture === 'string') return;
  const { name, tags } = picture.secret;
  const role = tags['streamkap:role'];
  if (role === 'standby') {
    const owner = name.replace(/\/standby$/, '');
    throw new InputError('secret', `${secretId} is the standby of ${owner}`, `Name ${owner}.`);
  }
  if (role === 'admin' || tags['streamkap:kind'] === 'client-credential') {
    throw new InputError('secret', `${secretId} holds a client credential`, 'Name the secret of a project key.');
  }
}
