import { describe, expect, test } from 'vitest';
import { createBodyOf, hasApi, type Intent, intentOf } from '../../../core/provisioning/intent.ts';

const KAFKA = { kafka_acls: [], is_create_schema_registry: false };
const INTENT: Intent = {
  type: 'streamkap_keyring_intent',
  intentId: '3f0b8a9e-1c2d-4e5f-8a7b-9c0d1e2f3a4b',
  attempt: 1,
  since: 1,
  formerUsernames: [],
  failures: 0,
  name: 'orders',
  username: 'orders',
  password: 'Kafka!Password0123456789abcdefgh',
  requested: { description: 'For orders', kafka: KAFKA },
  run: 'org/repo run 1.1',
};

describe('what is asked of Streamkap', () => {
  test('has the marker in its description and the username and password that were stored first', () => {
    expect(createBodyOf(INTENT)).toEqual({
      name: 'orders',
      description: `For orders [keyring:${INTENT.intentId}.1]`,
      kafka_config: { username: 'orders', password: INTENT.password, ...KAFKA },
    });
  });

  test('is all that was requested, and for an API key nothing of Kafka', () => {
    const requested = { role_ids: ['r'], tool_profile: 'full', allowed_tools: ['a'], blocked_tools: ['b'] };
    const api = { ...INTENT, username: null, password: null, requested: { description: '', ...requested } };
    expect(createBodyOf(api)).toEqual({ name: 'orders', description: `[keyring:${INTENT.intentId}.1]`, ...requested });
    const both = {
      ...INTENT,
      requested: { description: '', permission_ids: ['p'], kafka: { ...KAFKA, whitelist_ips: '10.0.0.1' } },
    };
    expect(createBodyOf(both)).toMatchObject({ permission_ids: ['p'], kafka_config: { whitelist_ips: '10.0.0.1' } });
  });

  test('is Kafka access as it was requested even where the intent lost its user: Streamkap refuses that, and makes no lesser key', () => {
    const lost = { ...INTENT, username: null, password: null };
    expect(createBodyOf(lost).kafka_config).toEqual({ username: '', password: '', ...KAFKA });
  });

  test('tells apart keys whose secret is lost with the answer', () => {
    expect(hasApi(INTENT)).toBe(false);
    expect(hasApi({ ...INTENT, requested: { description: '', role_ids: ['r'] } })).toBe(true);
    expect(hasApi({ ...INTENT, requested: { description: '', permission_ids: ['p'] } })).toBe(true);
  });
});

describe('a stored value', () => {
  test('is an intent when it is written as one, however it came there', () => {
    expect(intentOf(JSON.parse(JSON.stringify(INTENT)))).toEqual(INTENT);
    expect(intentOf({ ...INTENT, withdrawn: true, password: null })).toMatchObject({ withdrawn: true });
  });

  test.each<[string, unknown]>([
    ['a credential file', { type: 'streamkap_project_key', project_key_id: 'k', project: {} }],
    ['half an intent', { type: INTENT.type, intentId: INTENT.intentId }],
    ['an intent of another kind', { ...INTENT, type: 'streamkap_keyring_other' }],
    ['a text', JSON.stringify(INTENT)],
    ['nothing', undefined],
    ['null', null],
  ])('is none when it is %s', (_what, value) => {
    expect(intentOf(value)).toBeUndefined();
  });
});
