import { CallLog } from '../../sandbox/call-log.ts';
import type { MemoryKafkaUsers } from '../../sandbox/kafka-users.ts';
import { AwsError } from '../../sandbox/secrets-manager/aws-error.ts';
import type { SecretsManagerState } from '../../sandbox/secrets-manager/state.ts';
import { inProcessStreamkap } from '../../sandbox/streamkap/in-process.ts';
import type { StreamkapState } from '../../sandbox/streamkap/state.ts';
import type { Call, Result } from './call.ts';
import { HOST } from './outside.ts';

/** What an exploration moves about in: it can be left and come back to. */
export interface Model {
  /** Carries out one call. @param now milliseconds since the epoch */
  apply(call: Call, now: number): Promise<Result>;
  /** Equal worlds give equal texts. */
  snapshot(): string;
  restore(snapshot: string): void;
}

export interface Parts {
  readonly secrets: SecretsManagerState;
  readonly streamkap: StreamkapState;
  readonly users: MemoryKafkaUsers;
  /** What the two services go by. */
  readonly clock: { now: number };
  /** Whether it matters when something was stored. */
  readonly dates: boolean;
}

const JSON_BODY = { 'content-type': 'application/json' };

/** The strict models of Secrets Manager, Streamkap and Kafka, one snapshot for all. */
export class Services implements Model {
  readonly parts: Parts;
  readonly #transport: ReturnType<typeof inProcessStreamkap>;
  #accessToken = '';

  constructor(parts: Parts) {
    this.parts = parts;
    this.#transport = inProcessStreamkap({ state: parts.streamkap, log: new CallLog() });
  }

  /** Gets an access token, so that every later snapshot has it. */
  async open(): Promise<void> {
    const [admin] = this.parts.streamkap.clientCredentials;
    const body = JSON.stringify({ client_id: admin?.clientId, secret: admin?.secret });
    const url = `${HOST}/auth/access-token`;
    const answer = await this.#transport({ method: 'POST', url, headers: JSON_BODY, body, timeoutMs: 1 });
    this.#accessToken = (JSON.parse(answer.body) as { accessToken: string }).accessToken;
  }

  async apply(call: Call, now: number): Promise<Result> {
    const { clock, users } = this.parts;
    clock.now = now;
    switch (call.to) {
      case 'aws':
        return this.aws(call);
      case 'streamkap': {
        const { method, path, body } = call;
        const headers = { ...JSON_BODY, authorization: `Bearer ${this.#accessToken}` };
        const answer = await this.#transport({ method, url: `${HOST}${path}`, headers, body, timeoutMs: 1 });
        return { kind: 'http', status: answer.status, body: answer.body };
      }
      case 'kafka': {
        const accepted = users.passwordOf(call.username) === call.password;
        return { kind: 'login', outcome: accepted ? 'accepted' : 'rejected' };
      }
      case 'clock':
        return { kind: 'woken' };
    }
  }

  aws({ operation, input }: Omit<Extract<Call, { to: 'aws' }>, 'to'>): Result {
    try {
      return this.dated(this.parts.secrets.call(operation, input));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { kind: 'aws-error', name: error.code, message: error.message };
    }
  }

  /** @returns the answer, with what AWS's clock says */
  protected dated(response: Record<string, unknown>): Extract<Result, { kind: 'aws' }> {
    return { kind: 'aws', response, date: this.parts.clock.now };
  }

  snapshot(): string {
    const { secrets, streamkap, dates } = this.parts;
    return JSON.stringify([secrets.snapshot({ dates }), streamkap.snapshot()]);
  }

  restore(snapshot: string): void {
    const [secrets, streamkap] = JSON.parse(snapshot) as [string, string];
    this.parts.secrets.restore(secrets);
    this.parts.streamkap.restore(streamkap);
  }
}
