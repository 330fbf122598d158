import { StreamkapError } from '../../errors.ts';
import type { SecretDescription, SecretReader, VersionLister, VersionSelector } from '../../secret-store.ts';
import type { ClientCredentials } from '../../streamkap/client-credentials.ts';
import type { AdminCredentialSource } from '../../streamkap/token.ts';
import { type DryRun, Problems, requireOwnPending, tokenUnderWay, writesOf } from '../dry-run-findings.ts';
import {
  asRotationError,
  mismatch,
  notProvisioned,
  pendingUnusable,
  type RotationTarget,
  rotationDisabled,
  secretGone,
} from '../errors.ts';
import { CURRENT, holderOf, MADE, PENDING, PREVIOUS, UNSENT } from '../situation.ts';
import type { CredentialOrigin } from '../strategy.ts';
import type { TimeBudget } from '../time-budget.ts';
import { requireTaggedStrategy } from '../token-guard.ts';
import { type AdminSecretValue, parseAdminSecret, requireSamePlace } from './admin-secret.ts';
import * as errors from './errors.ts';
import { differenceOf, type Identity, identify, proofOf } from './identity.ts';
import { modelOf } from './make-credential.ts';
import { fingerprintOf } from './marker.ts';
import { readStoredCredentials } from './stored-credentials.ts';
import { unneeded } from './sweep.ts';

/** Streamkap, as far as client credentials can be looked at. */
export type CredentialReader = Pick<ClientCredentials, 'whoami' | 'list'>;

/** None of these can change anything. */
export interface AdminDryRunPorts {
  readonly store: SecretReader & VersionLister;
  readonly streamkap: (credentials: AdminCredentialSource) => CredentialReader;
  /** Where credentials are sent; a credential file that names another host is refused. */
  readonly host: string;
  /** True for the one secret that the function rotates. */
  readonly isAdminSecret: (arn: string) => boolean;
  /** Called before a secret is used for anything. */
  readonly secretSeen: (secret: string) => void;
}

/** The current credential, as Streamkap sees it. */
interface Own {
  readonly value: AdminSecretValue;
  readonly api: CredentialReader;
  readonly identity: Identity;
}

/**
 * Makes the reads and proofs of a rotation of the admin credential, and says what would follow. What would be written, made and
 * deleted is told also where problems would keep the rotation from getting there.
 */
export class AdminDryRun {
  readonly #ports: AdminDryRunPorts;
  readonly #budget: TimeBudget;
  readonly #problems = new Problems((error) =>
    error instanceof StreamkapError ? errors.refusalOfAdmin(error) : asRotationError(error),
  );
  readonly #logins: { -readonly [which in keyof DryRun['logins']]: DryRun['logins'][which] } = {};

  constructor(ports: AdminDryRunPorts, budget: TimeBudget) {
    this.#ports = ports;
    this.#budget = budget;
  }

  /** @throws RotationError SECRET_NOT_FOUND, WRONG_SECRET; everything else that is wrong is among the problems */
  async run(secretId: string): Promise<DryRun> {
    const secret = await this.#ports.store.describe(secretId);
    if (secret === 'no-secret') throw secretGone(secretId);
    if (!this.#ports.isAdminSecret(secret.arn)) throw errors.wrongSecret(secret.arn);
    await this.#problems.noting(() => requireTaggedStrategy(secret, 'admin'));
    if (!secret.rotationEnabled) this.#problems.add(rotationDisabled(secret.arn));
    const plan = await this.#problems.noting(() => this.#plan(secret));
    return {
      ...{ secretArn: secret.arn, labels: secret.versions, logins: this.#logins },
      ...(plan ?? { wouldWrite: [], wouldChange: [], wouldDelete: [] }),
      problems: this.#problems.list,
    };
  }

  async #plan(secret: SecretDescription): Promise<Pick<DryRun, 'wouldWrite' | 'wouldChange' | 'wouldDelete'>> {
    const value = await this.#value(secret.arn, 'current');
    if (!value) throw notProvisioned(secret.arn, 'no value');
    const own = await this.#own(secret.arn, value);
    const token = tokenUnderWay(secret);
    const pending = token && (await this.#value(secret.arn, 'pending', { versionId: token }));
    const made = pending
      ? await this.#problems.noting(() => this.#tryPending({ secret, token, pending }, own))
      : await this.#problems.noting(() => this.#creation(own));
    const doomed = await this.#deletions(secret, { own, token: pending ? token : undefined });
    return { wouldWrite: writesOf(secret, Boolean(pending)), wouldChange: made ? [made] : [], wouldDelete: doomed };
  }

  async #own(secretId: string, value: AdminSecretValue): Promise<Own> {
    const get = async (fresh: boolean) =>
      ((fresh ? await this.#value(secretId, 'current') : undefined) ?? value).credential;
    const api = askedOnce(this.#ports.streamkap({ get }));
    const identity = await identify(api, this.#budget);
    this.#logins.current = proofOf(identity);
    return { value, api, identity };
  }

  /** @throws RotationError, as createSecret would */
  async #creation({ api, value }: Own): Promise<string> {
    const { clientId } = value.credential;
    const { roles, serviceId } = await modelOf(api, clientId);
    const where = serviceId ? ` in the project ${serviceId}` : '';
    return `POST /auth/client-credentials: one with the roles ${roles.join(', ')} of ${clientId}${where}`;
  }

  /**
   * Nothing is made any more: the pending credential works, or setSecret would say what follows here.
   * @throws RotationError, as setSecret would
   */
  async #tryPending(
    { secret, token, pending }: { secret: SecretDescription; token: string; pending: AdminSecretValue },
    own: Own,
  ): Promise<undefined> {
    requireSamePlace(own.value, pending);
    requireOwnPending(secret, token);
    const { clientId, clientSecret } = pending.credential;
    if (clientId === own.value.credential.clientId && clientSecret === own.value.credential.clientSecret)
      throw errors.pendingIsCurrent();
    const credentials = { get: () => Promise.resolve(pending.credential) };
    const identity = await identify(this.#ports.streamkap(credentials), this.#budget);
    this.#logins.pending = proofOf(identity);
    if (own.identity.outcome === 'rejected') throw errors.currentRejected();
    if (own.identity.outcome === 'unknown') throw errors.unknown(own.identity);
    if (identity.outcome === 'unknown') throw errors.unknown(identity);
    if (identity.outcome === 'rejected')
      throw await this.#refusedPending({ secretId: secret.arn, token }, clientId, own);
    const field = own.identity.whoami && identity.whoami && differenceOf(own.identity.whoami, identity.whoami);
    if (field) throw mismatch(field);
  }

  async #refusedPending(target: RotationTarget, clientId: string, { api }: Own): Promise<Error> {
    const listed = await api.list();
    if (listed.some((credential) => credential.client_id === clientId)) return errors.pendingRejected();
    return pendingUnusable(target, `it does not list the client credential ${clientId} any more`);
  }

  /** What finishSecret would find that nobody needs. Not asked for as a credential that is refused: that is a problem already. */
  async #deletions(
    secret: SecretDescription,
    { own, token }: { readonly own: Own; readonly token: string | undefined },
  ): Promise<string[]> {
    if (own.identity.outcome !== 'accepted') return [];
    const { store } = this.#ports;
    const versions = labelsAfter(secret, token);
    const reader = {
      read: store.read,
      versions: store.versions,
      describe: () => Promise.resolve({ ...secret, versions }),
    };
    const stored = () => readStoredCredentials({ store: reader, secretId: secret.arn });
    const fingerprint = fingerprintOf(secret.arn);
    const doomed = await this.#problems.noting(() =>
      unneeded({ api: own.api, stored, fingerprint, budget: this.#budget }),
    );
    return (doomed ?? []).map(({ clientId, reason }) => `DELETE /auth/client-credentials/${clientId}: ${reason}`);
  }

  /** @returns undefined when the version has no value */
  async #value(
    secretId: string,
    role: CredentialOrigin['role'],
    at?: VersionSelector,
  ): Promise<AdminSecretValue | undefined> {
    const version = await this.#ports.store.read(secretId, at);
    if (typeof version === 'string') return undefined;
    const value = parseAdminSecret(version.value, { role, secretId, host: this.#ports.host });
    this.#ports.secretSeen(value.credential.clientSecret);
    return value;
  }
}

/** Each question is asked once, whoever wants the answer. */
function askedOnce(api: CredentialReader): CredentialReader {
  let whoami: ReturnType<CredentialReader['whoami']> | undefined;
  let list: ReturnType<CredentialReader['list']> | undefined;
  return {
    whoami() {
      whoami ??= api.whoami();
      return whoami;
    },
    list() {
      list ??= api.list();
      return list;
    },
  };
}

/** @returns the labels that today's versions will have when AWSCURRENT has moved to the token's version, or to one that is to be made */
function labelsAfter({ versions }: SecretDescription, token: string | undefined): SecretDescription['versions'] {
  const moving = new Set([CURRENT, PREVIOUS, PENDING, MADE, UNSENT]);
  const current = holderOf(versions, CURRENT);
  const after = Object.entries(versions).map(([versionId, stages]) => {
    const stay = stages.filter((stage) => !moving.has(stage));
    const gained = versionId === token ? [CURRENT] : versionId === current ? [PREVIOUS] : [];
    return [versionId, [...stay, ...gained]] as const;
  });
  return Object.fromEntries(after.filter(([, stages]) => stages.length > 0));
}
