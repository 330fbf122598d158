import { expect, test } from 'vitest';
import { fingerprintOf } from '../../../core/rotation/admin/marker.ts';
import { findingsOf, healthyKey, healthySecret, rowsOf } from './world.ts';

test('the population is every secret of ours and every key, each exactly once', async () => {
  const standby = { ...healthySecret().tags, 'streamkap:role': 'standby' };
  const rows = await rowsOf({
    secrets: [
      healthySecret({ tags: { ...healthySecret().tags, 'streamkap:project-key-id': 'pk-1,pk-2' } }),
      healthySecret({ arn: 'arn:standby', name: 'ci/orders/standby', tags: standby }),
      healthySecret({ arn: 'arn:foreign', name: 'somebody/else', tags: {} }),
    ],
    keys: [healthyKey(), healthyKey({ id: 'pk-2' }), healthyKey({ id: 'pk-3', description: '' })],
  });
  expect(rows.map(({ subject, id }) => `${subject} ${id}`)).toEqual([
    `secret ${healthySecret().arn}`,
    'secret arn:standby',
    'project-key pk-1',
    'project-key pk-2',
    'project-key pk-3',
  ]);
  expect(rows.map((row) => (row.subject === 'secret' ? row.role : row.heldBy))).toEqual([
    'credential',
    'standby',
    'ci/orders',
    'ci/orders',
    undefined,
  ]);
});

test('what a rotation of the admin credential made is an orphan only where its secret is not there', async () => {
  const made = (arn: string) =>
    healthyKey({
      kind: 'client-credential',
      id: 'client-1',
      description: `[keyring:${'a'.repeat(32)}:${fingerprintOf(arn)}-1]`,
    });
  expect(await findingsOf({ keys: [healthyKey(), made(healthySecret().arn)] })).toEqual([]);
  expect(await findingsOf({ keys: [healthyKey(), made('arn:gone')] })).toMatchObject([
    { kind: 'orphan-key', remedy: { command: 'keyring decommission --client-id client-1' } },
  ]);
});

test('a name that a shell would read otherwise is quoted in a command', async () => {
  const secrets = [healthySecret({ name: "it's; rm -rf /", lastRotatedAt: 0 })];
  const commands = (await findingsOf({ secrets })).map(({ remedy }) => 'command' in remedy && remedy.command);
  expect(commands).toContain("keyring rotate 'it'\\''s; rm -rf /' --wait");
});
