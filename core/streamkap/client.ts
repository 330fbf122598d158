import { type CredentialFile, checkCredentialFile, isCredentialFile } from '../credential-file.ts';
import { AuthorisedClient } from './authorised-client.ts';
import { anything, pathOf, shaped } from './calls.ts';
import * as schemas from './schemas.ts';

export type { StreamkapClientOptions } from './calls.ts';

/** Streamkap's API as far as project keys need it. What every call does about failures: `StreamkapCalls`. */
export class StreamkapClient extends AuthorisedClient {
  /** @returns the same client for work that may only take until `deadline`, milliseconds since the epoch */
  until(deadline: number): StreamkapClient {
    return new StreamkapClient(this.calls.until(deadline));
  }

  /** All keys the caller sees; which projects that covers is not documented. */
  listProjectKeys(): Promise<schemas.ProjectKeySummary[]> {
    return this.calls.make({
      method: 'GET',
      path: '/project-keys',
      route: '/project-keys',
      read: shaped(schemas.summaries),
    });
  }

  /** @returns the key, or undefined when there is none with this id */
  async getProjectKey(id: string): Promise<schemas.ProjectKeyDetail | undefined> {
    return this.calls.makeUnlessGone({ method: 'GET', ...keyPath(id), read: shaped(schemas.detail) });
  }

  /** Sent once. A StreamkapError with `changed: 'unknown'` means that the key may exist. */
  createProjectKey(body: schemas.CreateProjectKey): Promise<CredentialFile> {
    return this.calls.make({
      method: 'POST',
      path: '/project-keys',
      route: '/project-keys',
      body,
      read: credentialFileOf,
    });
  }

  /** Sent once, with this field alone. Success is no proof that the password works: only a login is. */
  async setKafkaPassword(id: string, password: string): Promise<void> {
    const body = { kafka_password: password };
    await this.calls.make({ method: 'PATCH', ...keyPath(id), body, read: anything });
  }

  /** Sent once. Unknown fields are ignored by Streamkap without a word: whether it took effect, only {@link getProjectKey} tells. */
  async changeProjectKey(id: string, change: schemas.KeyChange): Promise<void> {
    await this.calls.make({ method: 'PATCH', ...keyPath(id), body: change, read: anything });
  }

  /**
   * Sent once, with this capability alone. A StreamkapError with `changed: 'unknown'` may have cost a new API secret, which only this
   * answer holds.
   * @returns empty where the key had the capability before
   */
  addCapability(id: string, capability: schemas.Capability): Promise<schemas.AddedCredentials> {
    return this.calls.make({
      method: 'PATCH',
      ...keyPath(id),
      body: capability,
      read: shaped(schemas.addedCredentials),
    });
  }

  /** @returns once Streamkap took the order; the key may still be going. Gone already is success. */
  async deleteProjectKey(id: string): Promise<void> {
    await this.calls.makeUnlessGone({ method: 'DELETE', ...keyPath(id), read: anything });
  }
}

function keyPath(id: string): { path: string; route: string } {
  return pathOf('/project-keys', id, 'project-key-id');
}

function credentialFileOf(value: unknown): { value: CredentialFile } | { problem: string } {
  const file = checkCredentialFile(value);
  return isCredentialFile(file) ? { value: file } : file;
}
