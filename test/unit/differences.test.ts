import { describe, expect, test } from 'vitest';
import { differencesOf } from '../../action/differences.ts';
import type { KeyInputs } from '../../action/key-inputs.ts';
import type { CredentialFile } from '../../core/credential-file.ts';

const ACL = { topic_name: 'orders', operation: 'READ', resource_pattern_type: 'LITERAL', resource: 'TOPIC' };
const kafka = { username: 'orders-ci', password: 'Password!0123456', bootstrap_servers: 'b:1' };
const FILE: CredentialFile = { project_key_id: 'k', project: {}, kafka, kafka_acls: [ACL] };

const asked = (more: Partial<NonNullable<KeyInputs['kafka']>> = {}): KeyInputs => ({
  name: 'Orders CI',
  description: '',
  roles: [],
  permissions: [],
  kafka: { username: 'orders-ci', acls: [ACL], whitelistIps: '', schemaRegistry: false, ...more },
  toolProfile: '',
  allowedTools: [],
  blockedTools: [],
});

describe('a credential that was found is compared with what was asked for', () => {
  test.each<[string, CredentialFile, KeyInputs]>([
    ['the same', FILE, asked()],
    ['the second of two keys that take turns', { ...FILE, kafka: { ...kafka, username: 'orders-ci-b' } }, asked()],
    [
      'the topic under its other name',
      { ...FILE, kafka_acls: [{ ...ACL, topic_name: undefined, name: 'orders' }] },
      asked(),
    ],
    ['a file that lists no ACLs', { ...FILE, kafka_acls: null }, asked()],
    ['no Kafka asked for', FILE, { ...asked(), kafka: null }],
  ])('%s: nothing to say', (_what, file, key) => {
    expect(differencesOf(file, key)).toEqual([]);
  });

  test('another user and other ACLs are named, without a secret', () => {
    const key = asked({ username: 'others', acls: [{ ...ACL, operation: 'WRITE' }] });
    expect(differencesOf(FILE, key)).toEqual([
      'its Kafka username is orders-ci, not others',
      'its Kafka ACLs are not those of kafka-acls',
    ]);
  });
});
