import { describe, expect, test } from 'vitest';
import type { FINDING_KINDS } from '../../../core/audit/finding.ts';
import { DAY_MS, DEFAULT_POLICY, MINUTE_MS } from '../../../core/audit/policy.ts';
import { sealOf } from '../../../core/provisioning/marker.ts';
import { type Account, daysAgo, findingsOf, healthyFacts, healthyKey, healthySecret, NOW } from './world.ts';

const expiredMarker = (at: string, name: string): string =>
  `a job's [keyring:0123456789abcdef.1 until ${at} for ${sealOf('0123456789abcdef', { username: 'orders-ci', name })}]`;

const ephemeral = healthyKey({ description: expiredMarker('2026-11-21T11:00:00Z', 'Orders CI') });
const pendingApart = { 'token-3': ['AWSPENDING'], 'token-2': ['AWSCURRENT'] };
const history = (changes: object) => ({ history: { ...healthyFacts().history, stored: {}, ...changes } });

/** Each kind of finding, by one account in which it is the only one. */
const ACCOUNTS: Readonly<Record<keyof typeof FINDING_KINDS, Account & { since?: number; evidence: string }>> = {
  overdue: {
    secrets: [healthySecret({ lastRotatedAt: daysAgo(91) })],
    facts: { login: { outcome: 'accepted', at: NOW } },
    since: daysAgo(1),
    evidence: 'last rotated 2026-08-22T12:00:00Z; the policy asks for 90 days',
  },
  'same-password-age': {
    facts: history({ completed: { token: 'token-2', movedAt: daysAgo(100), provenAt: daysAgo(1) } }),
    since: daysAgo(10),
    evidence: 'AWS says 2026-11-11T12:00:00Z, the newest evidence of a changed password is of 2026-08-13T12:00:00Z',
  },
  'rotation-off': {
    secrets: [healthySecret({ rotationEnabled: false, lastRotatedAt: undefined, nextRotationAt: undefined })],
    evidence: 'ListSecrets shows no rotation',
  },
  'stuck-pending': {
    secrets: [healthySecret({ versions: pendingApart })],
    facts: history({ stored: { 'token-3': NOW - 61 * MINUTE_MS } }),
    since: NOW - 61 * MINUTE_MS,
    evidence: 'AWSPENDING is on token-3 alone; stored 2026-11-21T10:59:00Z',
  },
  'failed-last': {
    facts: history({ failed: { token: 'token-3', step: 'setSecret', code: 'LOGIN_UNKNOWN', at: daysAgo(2) } }),
    since: daysAgo(2),
    evidence: 'setSecret ended in LOGIN_UNKNOWN (version token-3)',
  },
  drift: {
    facts: healthyFacts({ login: { outcome: 'rejected', code: 'SASL_AUTHENTICATION_FAILED', at: NOW } }),
    since: NOW,
    evidence: 'the login with AWSCURRENT was refused (SASL_AUTHENTICATION_FAILED)',
  },
  unproven: {
    facts: history({ completed: { token: 'token-2', movedAt: daysAgo(36), provenAt: daysAgo(36) } }),
    since: daysAgo(1),
    evidence: 'last proven 2026-10-16T12:00:00Z',
  },
  'orphan-key': {
    keys: [healthyKey(), healthyKey({ id: 'pk-9' })],
    since: daysAgo(400),
    evidence: 'made 2025-10-17T12:00:00Z for a secret, and in none',
  },
  'unmanaged-key': {
    keys: [healthyKey(), healthyKey({ id: 'pk-9', description: 'made in the console' })],
    since: daysAgo(400),
    evidence: 'no marker of this product, in no secret; made 2025-10-17T12:00:00Z',
  },
  'missing-key': { keys: [], evidence: 'pk-1: not there' },
  'expired-ephemeral': {
    secrets: [],
    keys: [ephemeral],
    since: NOW - 60 * MINUTE_MS,
    evidence: 'expired 2026-11-21T11:00:00Z',
  },
  'admin-credential-old': {
    secrets: [healthySecret({ name: 'streamkap/admin', tags: {}, lastRotatedAt: daysAgo(91) })],
    keys: [],
    adminSecretId: 'streamkap/admin',
    since: daysAgo(1),
    evidence: 'of 2026-08-22T12:00:00Z; the policy asks for 90 days',
  },
  'evidence-missing': {
    facts: { history: { stored: {} }, login: { outcome: 'accepted', at: NOW } },
    since: daysAgo(10),
    evidence: 'AWSCURRENT is on token-2, of which no finishSecret is on record',
  },
  'replica-behind': {
    facts: healthyFacts({ behind: [{ region: 'eu-west-1', status: 'InProgress' }] }),
    evidence: 'eu-west-1: InProgress',
  },
  'api-secret-age': {
    keys: [healthyKey({ api: true })],
    since: daysAgo(35),
    evidence: 'key pk-1 was made 2025-10-17T12:00:00Z',
  },
  'tag-missing': {
    secrets: [healthySecret({ tags: { 'streamkap:project-key-id': 'pk-1', 'streamkap:service-id': 's' } })],
    evidence: 'missing: managed-by',
  },
  'acl-difference': {
    facts: healthyFacts({ pairDifferences: ['kafka_acls'] }),
    evidence: 'they differ in kafka_acls',
  },
};

test('nothing is found where everything is as it should be', async () => {
  expect(await findingsOf({})).toEqual([]);
});

test.each(Object.entries(ACCOUNTS))('%s is found, and nothing else', async (kind, { since, evidence, ...account }) => {
  const findings = await findingsOf(account);
  expect(findings).toMatchObject([{ kind, evidence }]);
  expect(findings[0]?.since).toBe(since);
  expect(findings[0]?.controls.length).toBeGreaterThan(0);
  expect(findings[0]?.remedy).toSatisfy((remedy: object) => 'command' in remedy || 'text' in remedy);
});

describe('what is not found', () => {
  const quiet: Readonly<Record<string, Account>> = {
    'a secret that a stack made and nobody has filled': {
      secrets: [
        healthySecret({
          versions: {},
          rotationEnabled: false,
          lastRotatedAt: undefined,
          tags: { 'managed-by': 'streamkap-keyring' },
        }),
      ],
      keys: [],
    },
    'a secret of somebody else': {
      secrets: [healthySecret({ tags: { team: 'payments' }, rotationEnabled: false })],
      keys: [],
    },
    'a standby secret, which rotation fills': {
      secrets: [
        healthySecret(),
        healthySecret({
          arn: 'arn:standby',
          name: 'ci/orders/standby',
          rotationEnabled: false,
          lastRotatedAt: undefined,
          tags: { ...healthySecret().tags, 'streamkap:role': 'standby' },
        }),
      ],
    },
    'a rotation that is under way for less than the policy allows': {
      secrets: [healthySecret({ versions: pendingApart })],
      facts: history({ stored: { 'token-3': NOW - 60 * MINUTE_MS } }),
    },
    'AWSPENDING on the current version, which a finished rotation may leave': {
      secrets: [healthySecret({ versions: { 'token-2': ['AWSCURRENT', 'AWSPENDING'] } })],
    },
    'a failure that a later attempt with the same token mended': {
      facts: history({ failed: { token: 'token-2', step: 'testSecret', code: 'LOGIN_UNKNOWN', at: daysAgo(11) } }),
    },
    'a key that is being made': { keys: [healthyKey(), healthyKey({ id: 'pk-9', createdAt: NOW - 59 * MINUTE_MS })] },
    'a key that is being deleted': { keys: [healthyKey(), healthyKey({ id: 'pk-9', status: 'deleting' })] },
    'an ephemeral key before its expiry': {
      secrets: [],
      keys: [healthyKey({ description: expiredMarker('2026-11-21T12:00:01Z', 'Orders CI') })],
    },
    'a copy of the description of an ephemeral key on a key of somebody else': {
      secrets: [],
      keys: [{ ...ephemeral, kafkaUsername: 'another' }],
    },
    'a login that could not be made, of a password proven within the time': {
      facts: healthyFacts({ login: { outcome: 'unknown', code: 'ECONNREFUSED', at: NOW } }),
    },
    'evidence that has not arrived yet': {
      secrets: [healthySecret({ lastRotatedAt: NOW - 9 * MINUTE_MS })],
      facts: { history: { stored: {} }, login: { outcome: 'accepted', at: NOW } },
    },
    'a secret whose own interval is longer': {
      secrets: [healthySecret({ lastRotatedAt: daysAgo(120) })],
      facts: { login: { outcome: 'accepted', at: NOW } },
      policy: { ...DEFAULT_POLICY, rotateWithin: { 'ci/orders': 180 } },
    },
  };

  test.each(Object.entries(quiet))('%s', async (_, account) => {
    expect(await findingsOf(account)).toEqual([]);
  });
});

test('a finding has the same id in every run, and another one for another secret', async () => {
  const of = async (name: string) =>
    (await findingsOf({ secrets: [healthySecret({ name, arn: `arn:${name}`, lastRotatedAt: daysAgo(200) })] })).map(
      ({ id }) => id,
    );
  expect(await of('a')).toEqual(await of('a'));
  expect(await of('a')).not.toEqual(await of('b'));
});

test('an exception is shown with its finding until it expires', async () => {
  const account: Account = { secrets: [healthySecret({ lastRotatedAt: daysAgo(91) })] };
  const [finding] = await findingsOf(account);
  const findingId = finding?.id ?? '';
  const entry = { findingId, reason: 'moved in December', owner: 'data platform', expiresAt: NOW + DAY_MS };
  const excepted = async (expiresAt: number) =>
    (await findingsOf({ ...account, exceptions: new Map([[findingId, { ...entry, expiresAt }]]) }))[0]?.exception;
  expect(await excepted(NOW + 1)).toMatchObject({ owner: 'data platform' });
  expect(await excepted(NOW)).toBeUndefined();
});
