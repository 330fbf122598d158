import { expect, test } from 'vitest';
import type { CredentialFile } from '../../../../core/credential-file.ts';
import { isUnfinished, labelledBy, type UpdateIntent } from '../../../../core/provisioning/update/update-intent.ts';

const kafka = { username: 'orders', password: 'Password!0123456', bootstrap_servers: 'b:1' };
const api = { client_id: 'c', client_secret: 'secret', token_endpoint: 't', api_url: 'u' };
const BOTH: CredentialFile = { project_key_id: 'k', project: {}, kafka, api };
const KAFKA_ONLY: CredentialFile = { ...BOTH, api: null };
const API_ONLY: CredentialFile = { ...BOTH, kafka: null };
const INTENT: UpdateIntent = {
  ...{ type: 'streamkap_keyring_update', keyId: 'k', adds: 'api', username: null, password: null },
  ...{ requested: { description: '', role_ids: ['r'] }, run: 'org/repo run 1.1' },
};

const labelled = (value: object | string) => ({ value: typeof value === 'string' ? value : JSON.stringify(value) });

test.each<[string, object, CredentialFile, 'begun' | 'stored' | 'over', boolean]>([
  ['an intent for access that the file lacks', INTENT, KAFKA_ONLY, 'begun', true],
  ['an intent for Kafka access that it lacks', { ...INTENT, adds: 'kafka' }, API_ONLY, 'begun', true],
  ['an intent for settings alone, which anybody can do again', { ...INTENT, adds: null }, KAFKA_ONLY, 'begun', false],
  ['an intent for settings alone of a key that has all access', { ...INTENT, adds: null }, BOTH, 'begun', false],
  ['an intent for access that it has by now', INTENT, BOTH, 'over', false],
  ['an intent for Kafka access that it has by now', { ...INTENT, adds: 'kafka' }, KAFKA_ONLY, 'over', false],
  ['an intent of another key', { ...INTENT, keyId: 'other' }, KAFKA_ONLY, 'over', false],
  ['an intent for settings of another key', { ...INTENT, keyId: 'other', adds: null }, KAFKA_ONLY, 'over', false],
  ['a file with access that the current one lacks', BOTH, KAFKA_ONLY, 'stored', true],
  ['a file with Kafka access that it lacks', BOTH, API_ONLY, 'stored', true],
  ['a file that has no more than the current one', KAFKA_ONLY, KAFKA_ONLY, 'over', false],
  ['a file that has less', API_ONLY, BOTH, 'over', false],
  ['a file of another key', { ...BOTH, project_key_id: 'other' }, KAFKA_ONLY, 'over', false],
  ['an intent to make a key', { ...INTENT, type: 'streamkap_keyring_intent' }, KAFKA_ONLY, 'over', false],
])('a label on %s', (_what, value, current, state, keepsRotationsWaiting) => {
  expect(labelledBy(labelled(value), current).state).toBe(state);
  expect(isUnfinished(labelled(value), current)).toBe(keepsRotationsWaiting);
});

test('a label on something that is not JSON is over', () => {
  expect(labelledBy(labelled('hunter2-hunter2'), KAFKA_ONLY)).toEqual({ state: 'over' });
  expect(isUnfinished(labelled('hunter2-hunter2'), KAFKA_ONLY)).toBe(false);
});

test('what was stored is handed on as it was stored', () => {
  expect(labelledBy(labelled(BOTH), KAFKA_ONLY)).toEqual({ state: 'stored', file: BOTH });
  expect(labelledBy(labelled(INTENT), KAFKA_ONLY)).toEqual({ state: 'begun', intent: INTENT });
});
