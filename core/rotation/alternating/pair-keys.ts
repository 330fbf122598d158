import type { StreamkapClient } from '../../streamkap/client.ts';
import { type KeyGrants, type ProjectKeyDetail, statusOf } from '../../streamkap/schemas.ts';
import { keyGone, keyNotActive } from '../refusals.ts';
import * as errors from './errors.ts';
import type { Pair } from './pair.ts';

/** Streamkap as far as two keys that take turns need it. */
export type PairApi = Pick<StreamkapClient, 'getProjectKey' | 'setKafkaPassword' | 'changeProjectKey'>;

/**
 * The idle key of a pair, and the only thing in this strategy that changes a key. It is made from a pair and knows no other id than
 * the idle one's, so nothing that is done with it can reach the current key.
 */
export class IdleKey {
  readonly id: string;
  readonly #api: PairApi;

  private constructor(id: string, api: PairApi) {
    this.id = id;
    this.#api = api;
  }

  static of({ activeId, idle }: Pair, api: PairApi): IdleKey {
    if (idle.id === activeId) throw errors.pairInvalid('the secret', 'names the current key twice');
    return new IdleKey(idle.id, api);
  }

  /** @throws RotationError IDLE_KEY_NOT_FOUND, PROJECT_KEY_NOT_ACTIVE: it was deleted, or cannot be changed as it is */
  async detail(): Promise<ProjectKeyDetail> {
    return await idleKey(this.#api, this.id);
  }

  async setPassword(password: string): Promise<void> {
    await this.#api.setKafkaPassword(this.id, password);
  }

  async setGrants(grants: KeyGrants): Promise<void> {
    await this.#api.changeProjectKey(this.id, grants);
  }
}

/** Looks at the idle key. @throws RotationError IDLE_KEY_NOT_FOUND, PROJECT_KEY_NOT_ACTIVE */
export async function idleKey(api: Pick<PairApi, 'getProjectKey'>, id: string): Promise<ProjectKeyDetail> {
  const key = await api.getProjectKey(id);
  if (!key) throw errors.idleKeyGone(id);
  if (statusOf(key) !== 'active') throw keyNotActive(id, key.status);
  return key;
}

/** Looks at the current key; there is nothing here that could change it. @throws RotationError when it is gone or not active */
export async function activeKey(api: Pick<PairApi, 'getProjectKey'>, id: string): Promise<ProjectKeyDetail> {
  const key = await api.getProjectKey(id);
  if (!key) throw keyGone(id);
  if (statusOf(key) !== 'active') throw keyNotActive(id, key.status);
  return key;
}
