import { StreamkapCalls, type StreamkapClientOptions, shaped } from './calls.ts';
import * as schemas from './schemas.ts';

/** What every caller of Streamkap may ask, whatever else it does. */
export abstract class AuthorisedClient {
  /** To be shared with another client for the same caller. */
  readonly calls: StreamkapCalls;

  /** @param options or the calls of another client, which share its token */
  constructor(options: StreamkapClientOptions | StreamkapCalls) {
    this.calls = options instanceof StreamkapCalls ? options : new StreamkapCalls(options);
  }

  /** Whose credential is used: the tenant, the service and, when it belongs to one, the project key. Changes nothing. */
  whoami(): Promise<schemas.Whoami> {
    const path = '/auth/whoami';
    return this.calls.make({ method: 'GET', path, route: path, read: shaped(schemas.whoami) });
  }

  /** The roles that exist, with the ids that Streamkap wants in place of names. */
  roles(): Promise<schemas.Role[]> {
    const path = '/auth/roles';
    return this.calls.make({ method: 'GET', path, route: path, read: shaped(schemas.roles) });
  }
}
