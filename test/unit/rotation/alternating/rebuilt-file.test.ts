import { describe, expect, it } from 'vitest';
import type { KafkaCredentialFile } from '../../../../core/credential-file.ts';
import { differenceOf, fieldsOf } from '../../../../core/rotation/alternating/grants.ts';
import { rebuiltFile } from '../../../../core/rotation/alternating/rebuilt-file.ts';
import type { ProjectKeyDetail } from '../../../../core/streamkap/schemas.ts';
import { ACL } from './pair-world.ts';

const KEY: ProjectKeyDetail = {
  ...{ id: 'idle', name: 'orders', status: 'active', service_id: 's', created_at: '2026-01-01T00:00:00Z' },
  ...{ kafka_username: 'orders', kafka_proxy_endpoint: 'broker:9092', schema_proxy_endpoint: 'https://schemas' },
  kafka_acls: [{ name: 'orders', operation: 'READ' }],
};
const CURRENT: KafkaCredentialFile = {
  ...{ project_key_id: 'active', project: { service_id: 's', name: 'p' } },
  kafka: {
    ...{ username: 'orders-b', password: 'Current!Password01', bootstrap_servers: 'elsewhere:9092' },
    ...{ security_protocol: 'SASL_PLAINTEXT', sasl_mechanism: 'SCRAM-SHA-512' },
  },
};
const IDLE = { id: 'idle', username: 'orders-of-the-tag' };

describe('the idle key’s file, when it is stored nowhere any more,', () => {
  it('is put together from the pair’s tag, the key, and what both keys share; its password nobody can read', () => {
    expect(rebuiltFile(KEY, IDLE, CURRENT)).toEqual({
      ...{ type: 'streamkap_project_key', project_key_id: 'idle', project: { service_id: 's', name: 'p' }, api: null },
      kafka: {
        ...{ username: 'orders-of-the-tag', password: '', bootstrap_servers: 'broker:9092' },
        ...{ security_protocol: 'SASL_PLAINTEXT', sasl_mechanism: 'SCRAM-SHA-512' },
        schema_registry_url: 'https://schemas',
      },
      kafka_acls: [ACL],
      created_at: '2026-01-01T00:00:00Z',
    });
  });

  it('has the username that Streamkap names where the tag names none', () => {
    expect(rebuiltFile(KEY, { id: 'idle', username: undefined }, CURRENT).kafka.username).toBe('orders');
  });

  it('has Streamkap’s own defaults, and no field that nobody knows', () => {
    const { created_at: _, schema_proxy_endpoint: __, ...key } = KEY;
    const { security_protocol: ___, sasl_mechanism: ____, ...kafka } = CURRENT.kafka;
    const file = rebuiltFile(key, IDLE, { ...CURRENT, kafka });
    expect(file.kafka).toMatchObject({
      ...{ security_protocol: 'SASL_SSL', sasl_mechanism: 'PLAIN', schema_registry_url: null },
    });
    expect(file).not.toHaveProperty('created_at');
  });

  it.each([
    ['no endpoint', { ...KEY, kafka_proxy_endpoint: null }, IDLE, 'IDLE_FILE_NOT_REBUILDABLE'],
    ['no user', { ...KEY, kafka_username: null }, { id: 'idle', username: undefined }, 'IDLE_FILE_NOT_REBUILDABLE'],
    ['API access, whose secret is lost', { ...KEY, api_client_id: 'c' }, IDLE, 'API_SECRET_LOST'],
  ])('is not made up where Streamkap names %s', (_, key, idle, code) => {
    const problem = { code, changed: 'no', retryable: false, message: expect.stringContaining('idle') };
    expect(() => rebuiltFile(key, idle, CURRENT)).toThrow(expect.objectContaining(problem));
  });
});

describe('what makes the idle key unlike the current one', () => {
  it('is copied by field; a safe list can be given, never taken away', () => {
    const listed = { ...KEY, whitelist_ips: '10.0.0.2, 10.0.0.1' };
    expect(differenceOf(listed, KEY)).toEqual({ copy: { whitelist_ips: '10.0.0.1,10.0.0.2' }, stuck: [] });
    expect(differenceOf(KEY, listed)).toEqual({ copy: {}, stuck: ['whitelist_ips'] });
    expect(differenceOf(listed, { ...listed, whitelist_ips: '10.0.0.1,10.0.0.2' })).toBeUndefined();
    expect(differenceOf(KEY, { ...KEY, kafka_acls: [] })).toEqual({ copy: { kafka_acls: [ACL] }, stuck: [] });
  });

  it('is told by its fields, each once', () => {
    const difference = { copy: { kafka_acls: [], whitelist_ips: '' }, stuck: ['whitelist_ips'] } as const;
    expect(fieldsOf(difference)).toEqual(['kafka_acls', 'whitelist_ips']);
  });
});
