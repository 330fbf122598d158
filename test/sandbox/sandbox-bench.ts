import { afterEach, beforeEach } from 'vitest';
import { type Sandbox, startSandbox } from './sandbox.ts';
import { field } from './streamkap/fixture.ts';

/** A sandbox for each test of a file, and clients without any cleverness for its three HTTP servers. */
export class SandboxBench {
  #sandbox: Sandbox | undefined;

  constructor() {
    beforeEach(async () => {
      this.#sandbox = await startSandbox();
    });
    afterEach(async () => {
      await this.#sandbox?.close();
    });
  }

  get sandbox(): Sandbox {
    if (this.#sandbox === undefined) throw new Error('only inside a test');
    return this.#sandbox;
  }

  /** A request to the control server; a text is sent as it is. */
  control(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(this.sandbox.controlUrl + path, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }

  streamkap(method: string, path: string, body?: unknown, token = ''): Promise<Response> {
    return fetch(this.sandbox.streamkapHost + path, {
      method,
      headers: { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** A token for the credential that the admin secret holds. */
  async adminToken(): Promise<string> {
    const { secretsManager, adminSecretId } = this.sandbox;
    const admin: unknown = JSON.parse(secretsManager.valueOf(adminSecretId) ?? '');
    const body = { client_id: field(admin, 'client_id'), secret: field(admin, 'client_secret') };
    return field(await (await this.streamkap('POST', '/auth/access-token', body)).json(), 'accessToken');
  }
}
