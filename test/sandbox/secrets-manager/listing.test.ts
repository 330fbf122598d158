import { expect, test } from 'vitest';
import { emptyAccount, type Fixture, id, NAME, oneVersion } from './fixture.ts';

function threeSecrets(): Fixture {
  const fixture = emptyAccount();
  const create = (Name: string, tags: Record<string, string>, Description: string): void => {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    fixture.state.call('CreateSecret', { Name, Tags, Description, SecretString: Name });
  };
  create('kafka/orders', { 'managed-by': 'streamkap-keyring' }, 'Orders of the Shop');
  create('kafka/orders/standby', { 'managed-by': 'streamkap-keyring', 'streamkap:role': 'standby' }, 'standby');
  create('database', { team: 'orders' }, 'not ours');
  return fixture;
}

const names = (reply: Readonly<Record<string, unknown>>): unknown[] =>
  (reply.SecretList as { Name: string }[]).map((entry) => entry.Name);

test.each([
  [[{ Key: 'tag-key', Values: ['managed-by'] }], ['kafka/orders/standby', 'kafka/orders']],
  [[{ Key: 'tag-value', Values: ['streamkap-'] }], ['kafka/orders/standby', 'kafka/orders']],
  [[{ Key: 'tag-key', Values: ['Managed-by'] }], []],
  [[{ Key: 'name', Values: ['kafka/orders/'] }], ['kafka/orders/standby']],
  [[{ Key: 'name', Values: ['kafka', 'data'] }], ['database', 'kafka/orders/standby', 'kafka/orders']],
  [
    [
      { Key: 'name', Values: ['kafka'] },
      { Key: 'tag-value', Values: ['standby'] },
    ],
    ['kafka/orders/standby'],
  ],
  [[{ Key: 'tag-key', Values: ['!managed-by'] }], ['database']],
  [[{ Key: 'description', Values: ['shop'] }], ['kafka/orders']],
  [[{ Key: 'all', Values: ['ORDERS'] }], ['database', 'kafka/orders/standby', 'kafka/orders']],
])('secrets are listed newest first by filter %j', (Filters, expected) => {
  expect(names(threeSecrets().state.call('ListSecrets', { Filters }))).toEqual(expected);
});

test('a long list comes in pages whose tokens lead on, and a made-up token is refused', () => {
  const { state } = threeSecrets();
  const seen: unknown[] = [];
  let token: unknown;
  do {
    const reply = state.call('ListSecrets', {
      MaxResults: 2,
      SortOrder: 'asc',
      ...(token ? { NextToken: token } : {}),
    });
    seen.push(...names(reply));
    token = reply.NextToken;
  } while (token !== undefined);
  expect(seen).toEqual(['kafka/orders', 'kafka/orders/standby', 'database']);
  expect(() => state.call('ListSecrets', { NextToken: 'made-up' })).toThrow(
    expect.objectContaining({ code: 'InvalidNextTokenException' }),
  );
  expect(() => state.call('ListSecrets', { MaxResults: 101 })).toThrow('MaxResults must be between');
  expect(() => state.call('ListSecrets', { Filters: [{ Key: 'colour', Values: ['red'] }] })).toThrow(
    'Unknown filter key',
  );
});

test('a secret that waits for its deletion is listed only when asked for', () => {
  const { on, state } = oneVersion();
  on('DeleteSecret');
  expect(names(state.call('ListSecrets', {}))).toEqual([]);
  expect(names(state.call('ListSecrets', { IncludePlannedDeletion: true }))).toEqual([NAME]);
});

test('an entry shows tags and labels but no value', () => {
  const { state, on } = oneVersion();
  on('TagResource', {
    Tags: [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ],
  });
  on('UntagResource', { TagKeys: ['a', 'unknown'] });
  const reply = state.call('ListSecrets', {});
  expect(reply.SecretList).toMatchObject([
    { Name: NAME, Tags: [{ Key: 'b', Value: '2' }], SecretVersionsToStages: { [id('v0')]: ['AWSCURRENT'] } },
  ]);
  expect(JSON.stringify(reply)).not.toContain('zero');
});

test('the versions of a secret come in pages too', () => {
  const { on } = oneVersion();
  for (const version of ['v1', 'v2']) on('PutSecretValue', { ClientRequestToken: id(version), SecretString: version });
  const first = on('ListSecretVersionIds', { IncludeDeprecated: true, MaxResults: 2 });
  const second = on('ListSecretVersionIds', { IncludeDeprecated: true, MaxResults: 2, NextToken: first.NextToken });
  expect(first.Versions).toMatchObject([{ VersionId: id('v2') }, { VersionId: id('v1') }]);
  expect(second.Versions).toMatchObject([{ VersionId: id('v0') }]);
  expect(second).not.toHaveProperty('NextToken');
});
