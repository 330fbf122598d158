import { describe, expect, test } from 'vitest';
import type { CredentialFile } from '../../../../core/credential-file.ts';
import { newSections, updatedFile, withSections } from '../../../../core/provisioning/update/updated-file.ts';
import type { ProjectKeyDetail } from '../../../../core/streamkap/schemas.ts';
import { READ } from './bench.ts';

const WRITE = { ...READ, operation: 'WRITE' };
const kafka = { username: 'orders', password: 'Password!0123456', bootstrap_servers: 'b:1' };
const api = { client_id: 'c', client_secret: 'secret', token_endpoint: 't', api_url: 'u', roles: ['role-a'] };
const FILE: CredentialFile = { project_key_id: 'k', project: {}, kafka, api, kafka_acls: [READ], note: 'a person’s' };
const KEY: ProjectKeyDetail = {
  ...{ id: 'k', name: 'orders', status: 'active', api_client_id: 'c', roles: [{ id: 'role-a' }] },
  ...{ kafka_username: 'orders', kafka_acls: [READ] },
};

describe('a stored file and what Streamkap says of the key', () => {
  test.each<[string, Partial<CredentialFile>, Partial<ProjectKeyDetail>]>([
    ['the same', {}, {}],
    ['ACLs in another order', { kafka_acls: [READ, WRITE] }, { kafka_acls: [WRITE, READ] }],
    ['no word of ACLs', {}, { kafka_acls: null }],
    ['ACLs of a file without Kafka', { kafka: null, kafka_acls: null }, { kafka_acls: [WRITE] }],
    ['roles of a file without API access', { api: null }, { roles: [{ id: 'role-b' }] }],
    ['roles of a key that has no API access any more', {}, { api_client_id: null, roles: [{ id: 'role-b' }] }],
    ['single permissions, which are not shown', {}, { roles: [] }],
    ['no word of tools', { tool_profile: 'full', allowed_tools: ['a'] }, {}],
    ['no tools, written as nothing or as an empty list', { allowed_tools: [] }, { allowed_tools: null }],
    ['no tools, not even named in the file', {}, { allowed_tools: [], blocked_tools: null, tool_profile: null }],
    ['tools in another order', { blocked_tools: ['a', 'b'] }, { blocked_tools: ['b', 'a'] }],
    ['the same profile', { tool_profile: 'full' }, { tool_profile: 'full' }],
  ])('%s: the file stays the very file that it was', (_what, file, key) => {
    const stored = { ...FILE, ...file };
    expect(updatedFile(stored, { ...KEY, ...key })).toBe(stored);
  });

  test.each<[string, Partial<ProjectKeyDetail>, Partial<CredentialFile>]>([
    ['ACLs', { kafka_acls: [WRITE] }, { kafka_acls: [WRITE] }],
    ['no ACLs any more', { kafka_acls: [] }, { kafka_acls: [] }],
    ['roles', { roles: [{ id: 'role-b' }, 'role-c'] }, { api: { ...api, roles: ['role-b', 'role-c'] } }],
    ['a tool profile', { tool_profile: 'read-only' }, { tool_profile: 'read-only' }],
    ['tools', { allowed_tools: ['b', 'a'] }, { allowed_tools: ['b', 'a'] }],
    ['blocked tools', { blocked_tools: ['a'] }, { blocked_tools: ['a'] }],
  ])('%s that differ are taken over, and all else stays, secrets and a person’s own fields too', (_what, key, changed) => {
    expect(updatedFile(FILE, { ...KEY, ...key })).toEqual({ ...FILE, ...changed });
    expect(FILE).toMatchObject({ kafka_acls: [READ], api: { roles: ['role-a'] } });
  });

  test('a list of tools that was lifted is lifted in the file', () => {
    const file = { ...FILE, allowed_tools: ['a'], tool_profile: 'full' };
    expect(updatedFile(file, { ...KEY, allowed_tools: [] })).toEqual({ ...file, allowed_tools: [] });
    expect(updatedFile(file, { ...KEY, tool_profile: null })).toEqual({ ...file, tool_profile: null });
  });

  test('a file that never said its roles gets them', () => {
    const { roles: _roles, ...silent } = api;
    expect(updatedFile({ ...FILE, api: silent }, KEY).api).toEqual(api);
  });
});

describe('what a stored file brings to the current one', () => {
  const API_ONLY = { ...FILE, kafka: null, kafka_acls: null };
  const KAFKA_ONLY = { ...FILE, api: null };

  test('is the access that the current one lacks, Kafka with its ACLs', () => {
    expect(newSections(FILE, API_ONLY)).toEqual({ kafka, kafka_acls: [READ] });
    expect(newSections(FILE, KAFKA_ONLY)).toEqual({ api });
    expect(newSections({ ...FILE, kafka_acls: null }, API_ONLY)).toEqual({ kafka, kafka_acls: [] });
  });

  test('is nothing where it lacks none, or has no more itself', () => {
    expect(newSections(FILE, FILE)).toEqual({});
    expect(newSections(API_ONLY, FILE)).toEqual({});
    expect(newSections(API_ONLY, API_ONLY)).toEqual({});
  });

  test('is put beside what the file has; nothing new leaves the very same file', () => {
    expect(withSections(KAFKA_ONLY, { api })).toEqual(FILE);
    expect(withSections(FILE, {})).toBe(FILE);
  });
});
