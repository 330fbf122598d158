import { StreamkapError } from '../../errors.ts';
import { ownTextOf } from '../../provisioning/description.ts';
import {
  type ClientCredentials,
  differenceOf,
  type ListedCredential,
  type MadeCredential,
  roleIdsOf,
} from '../../streamkap/client-credentials.ts';
import type { TimeBudget } from '../time-budget.ts';
import * as errors from './errors.ts';
import { type RotationMarker, withRotationMarker } from './marker.ts';

/** Time that must be there before a credential is made, in milliseconds: for the call, and for storing what it gave. */
export const MAKING_NEEDS_MS = { call: 2_000, store: 3_000 } as const;
/** How often the creation is sent when Streamkap asks to come back later. */
const MAX_SENDS = 3;

/** The current credential, as far as the next one has to be like it. */
interface Model {
  readonly current: ListedCredential;
  /** Their ids. */
  readonly roles: readonly string[];
  readonly serviceId: string | null | undefined;
}

interface Making {
  /** Calls as the current credential. */
  readonly api: Pick<ClientCredentials, 'whoami' | 'list' | 'create'>;
  /** The current credential's id. */
  readonly clientId: string;
  readonly marker: RotationMarker;
  readonly budget: TimeBudget;
}

/**
 * Makes a credential with the roles and the service of the current one. It works from its birth on.
 * @returns it with its secret, which nobody else is ever told
 * @throws RotationError: `changed` says whether one may have been made; if so, its marker finds it
 */
export async function makeCredential({ api, clientId, marker, budget }: Making): Promise<MadeCredential> {
  const { current, serviceId, roles } = await modelOf(api, clientId);
  const body = {
    description: withRotationMarker(ownTextOf(current.description ?? ''), marker),
    ...(serviceId ? { service_id: serviceId } : {}),
    role_ids: roles,
  };
  const made = await create({ api, clientId, budget }, body);
  const field = differenceOf(made, body);
  if (field) throw errors.notEqual(made.client_id, field);
  return made;
}

/**
 * @returns what is to be copied
 * @throws RotationError when it cannot be
 */
export async function modelOf(api: Pick<ClientCredentials, 'whoami' | 'list'>, clientId: string): Promise<Model> {
  const [whoami, listed] = await both(api);
  if (whoami.project_key_id) throw errors.ownedByKey(clientId);
  const current = listed.find((credential) => credential.client_id === clientId);
  if (!current) throw errors.notListed(clientId);
  const roles = roleIdsOf(current);
  if (roles.length === 0) throw errors.fromPermissions(clientId);
  return { current, roles, serviceId: current.service_id ?? whoami.service_id };
}

async function both(api: Pick<ClientCredentials, 'whoami' | 'list'>) {
  try {
    const whoami = await api.whoami();
    return [whoami, await api.list()] as const;
  } catch (error) {
    throw error instanceof StreamkapError ? errors.refusalOfAdmin(error) : error;
  }
}

/** Sent again only after a refusal that asks for it: a lost answer may have made one. */
async function create(
  { api, clientId, budget }: Omit<Making, 'marker'>,
  body: Parameters<Making['api']['create']>[0],
): Promise<MadeCredential> {
  const needs = MAKING_NEEDS_MS.call + MAKING_NEEDS_MS.store;
  for (let sends = 1; ; sends++) {
    if (budget.left() < needs) throw errors.outOfTime();
    try {
      return await api.create(body);
    } catch (error) {
      if (!(error instanceof StreamkapError)) throw error;
      if (error.changed !== 'no') throw error.retryable ? errors.createLost(error) : errors.refusalOfAdmin(error);
      if (error.status === 409) throw errors.ownedByKey(clientId, error.requestId);
      const waitMs = error.status === 429 ? (error.retryAfterSeconds ?? Number.NaN) * 1000 : Number.NaN;
      if (sends === MAX_SENDS || !(budget.left() > waitMs + needs)) throw errors.refusalOfAdmin(error);
      await budget.clock.sleep(waitMs);
    }
  }
}
