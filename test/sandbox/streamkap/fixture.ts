import { expect } from 'vitest';
import { MemoryKafkaUsers } from '../kafka-users.ts';
import { violations } from './contract.ts';
import { type StreamkapOptions, StreamkapState } from './state.ts';

export const ADMIN = { clientId: 'admin-client', clientSecret: 'admin-secret-0000' };
export const PASSWORD = 'Correct!Horse9battery';
export const OTHER_PASSWORD = 'Other!Horse9battery77';

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
  readonly json: unknown;
  readonly tookEffect: boolean;
}

/** A tenant with a clock that only tests move and ids that count; every answer is held against the published shapes. */
export class Bench {
  readonly kafkaUsers = new MemoryKafkaUsers();
  readonly cut: string[] = [];
  readonly state: StreamkapState;
  now = Date.parse('2026-03-26T15:00:00Z');
  token = '';
  #ids = 0;

  constructor(options: Partial<StreamkapOptions> = {}) {
    this.state = new StreamkapState({
      now: () => this.now,
      randomId: () => `id-${String(++this.#ids).padStart(8, '0')}`,
      kafkaUsers: this.kafkaUsers,
      bootstrapServers: (username) => `${username}.streamkap.invalid:32400`,
      apiBaseUrl: 'https://api.streamkap.invalid',
      admin: ADMIN,
      onPasswordChanged: (username) => this.cut.push(username),
      ...options,
    });
    if (options.accessTokenField !== 'access_token') this.token = this.tokenFor(ADMIN.clientId, ADMIN.clientSecret);
  }

  tokenFor(clientId: string, secret: string): string {
    const { json } = this.post('/auth/access-token', { client_id: clientId, secret });
    return field(json, 'accessToken');
  }

  call(method: string, path: string, body?: unknown): Reply {
    const raw = body === undefined ? undefined : JSON.stringify(body);
    return this.send({ method, path, ...(raw === undefined ? {} : { body: raw }) });
  }

  /** As {@link call}, with the body as given and headers that may replace the usual ones. */
  send(request: { method: string; path: string; headers?: Record<string, string>; body?: string }): Reply {
    const usual = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const answer = this.state.handle({ ...request, headers: { ...usual, ...request.headers } });
    expect(violations(request, answer)).toEqual([]);
    return { ...answer, text: answer.body, json: answer.body === '' ? undefined : JSON.parse(answer.body) };
  }

  get(path: string): Reply {
    return this.call('GET', path);
  }
  post(path: string, body: unknown): Reply {
    return this.call('POST', path, body);
  }
  patch(path: string, body: unknown): Reply {
    return this.call('PATCH', path, body);
  }
  delete(path: string): Reply {
    return this.call('DELETE', path);
  }

  /** A Kafka-only key, made by a call. */
  kafkaKey(username = 'orders', more: Record<string, unknown> = {}): string {
    const reply = this.post('/project-keys', {
      name: username,
      kafka_config: { username, password: PASSWORD },
      ...more,
    });
    expect(reply.status).toBe(201);
    return field(reply.json, 'project_key_id');
  }

  /** An API-only key with one role, made by a call. */
  apiKey(roleName = 'Read Only'): { id: string; file: unknown } {
    const reply = this.post('/project-keys', { name: 'api key', role_ids: [this.roleId(roleName)] });
    expect(reply.status).toBe(201);
    return { id: field(reply.json, 'project_key_id'), file: reply.json };
  }

  roleId(name: string): string {
    const role = this.state.settings.roles.find((entry) => entry.name === name);
    if (role === undefined) throw new Error(`no role ${name}`);
    return role.id;
  }

  status(id: string): string {
    return field(this.get(`/project-keys/${id}`).json, 'status');
  }
}

/** @returns the text at a path of names and indexes */
export function field(json: unknown, ...path: (string | number)[]): string {
  const value = path.reduce<unknown>((inner, name) => (inner as Record<string | number, unknown>)?.[name], json);
  if (typeof value !== 'string') throw new Error(`no text at ${path.join('.')}`);
  return value;
}
