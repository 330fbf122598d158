import { describe, expect, it } from 'vitest';
import { fingerprintOf, withRotationMarker } from '../../core/rotation/admin/marker.ts';
import type { StoredCredential } from '../sandbox/streamkap/state.ts';
import { FIRST, LambdaBench, SECRET, seedKafkaKey } from './lambda-bundle.ts';

interface Answer {
  readonly mode: string;
  readonly outcome: string;
  readonly wouldWrite: string[];
  readonly wouldChange: string[];
  readonly wouldDelete: string[];
  readonly problems: { readonly code: string }[];
}

const READS = [
  ...['DescribeSecret', 'GetSecretValue', 'ListSecretVersionIds'],
  ...['POST /auth/access-token', 'GET /auth/whoami', 'GET /auth/client-credentials', 'GET /project-keys/{id}', 'login'],
];

/** What the services hold, secrets and labels included; tokens are no change. */
function stateOf({ sandbox }: LambdaBench): string {
  const { exchanged: _, tokens: __, ...tenant } = JSON.parse(sandbox.streamkap.snapshot()) as Record<string, unknown>;
  return JSON.stringify([sandbox.secretsManager.snapshot({ dates: false }), tenant]);
}

/** Calls the shipped bundle, and finds that no call was seen but reads, that nothing is different, and no secret was let out. */
async function dryRun(bench: LambdaBench, secretId: string, environment: Record<string, string> = {}): Promise<Answer> {
  const { log, streamkap, kafkaUsers } = bench.sandbox;
  const before = stateOf(bench);
  log.calls.length = 0;
  const { value, output } = await bench.call({ action: 'dry-run', secretId }, environment);
  expect(log.calls.length).toBeGreaterThan(1);
  expect(log.calls.filter(({ operation, tookEffect }) => tookEffect || !READS.includes(operation))).toEqual([]);
  expect(stateOf(bench)).toBe(before);
  const lines = output.trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { mode?: string }).mode)).toEqual(lines.map(() => 'dry-run'));
  expect(value).toMatchObject({ mode: 'dry-run' });
  const secrets = [...streamkap.clientCredentials.map(({ secret }) => secret), FIRST, kafkaUsers.passwordOf('orders')];
  for (const secret of secrets.filter((secret) => secret !== undefined)) {
    expect(output + JSON.stringify(value)).not.toContain(secret);
    expect(output + JSON.stringify(value)).not.toContain(Buffer.from(secret).toString('base64'));
  }
  return value as Answer;
}

const codesOf = ({ problems }: Answer) => problems.map(({ code }) => code);

describe('the bundle of rotate-admin, asked for a dry run', () => {
  const bench = new LambdaBench('rotate-admin').use();
  const ADMIN = 'streamkap/admin';
  const POST = 'POST /auth/client-credentials';

  /** Somebody changes credentials in Streamkap's console. */
  function edit(change: (credentials: StoredCredential[]) => StoredCredential[]): void {
    const snapshot = JSON.parse(bench.sandbox.streamkap.snapshot()) as { credentials: StoredCredential[] };
    const credentials = change(snapshot.credentials);
    bench.sandbox.streamkap.restore(JSON.stringify({ ...snapshot, credentials }));
  }
  const edited = (facts: Partial<StoredCredential>) => () =>
    edit((credentials) => credentials.map((credential) => ({ ...credential, ...facts })));

  /** A rotation that goes no further than its createSecret, or not even there. */
  const stopAt = (operation: string) =>
    bench.sandbox.log.script({
      ...{ service: 'streamkap', operation, times: 99 },
      action: { kind: 'status', when: 'before', status: 503 },
    });
  async function begun(operation: string): Promise<void> {
    stopAt(operation);
    await bench.rotate({ secretId: ADMIN });
    bench.sandbox.log.clearFaults();
  }

  it('of a secret that nothing is under way for: one is made, stored and moved, the oldest deleted', async () => {
    await bench.rotate({ secretId: ADMIN });
    const { clientId } = bench.sandbox.admin;
    const answer = await dryRun(bench, ADMIN);
    expect(answer).toMatchObject({ outcome: 'would-rotate', problems: [] });
    expect(answer.wouldWrite.map((write) => write.split(' ')[0])).toEqual([
      ...['PutSecretValue', 'UpdateSecretVersionStage', 'UpdateSecretVersionStage'],
    ]);
    expect(answer.wouldChange).toEqual([expect.stringContaining(`${POST}: one with the roles `)]);
    expect(answer.wouldDelete).toEqual([`DELETE /auth/client-credentials/${clientId}: superseded`]);
  });

  it('of one whose pending version has no value: the same', async () => {
    await begun(POST);
    const answer = await dryRun(bench, ADMIN);
    expect(answer).toMatchObject({ outcome: 'would-rotate', problems: [], wouldDelete: [] });
    expect(answer.wouldChange).toEqual([expect.stringContaining(POST)]);
  });

  it('of one whose pending version has a value: none is made', async () => {
    bench.sandbox.log.script({
      ...{ service: 'secretsmanager', operation: 'UpdateSecretVersionStage', times: 99 },
      action: { kind: 'status', when: 'before', status: 400, code: 'AccessDeniedException' },
    });
    await bench.rotate({ secretId: ADMIN });
    bench.sandbox.log.clearFaults();
    const answer = await dryRun(bench, ADMIN);
    expect(answer).toMatchObject({
      ...{ outcome: 'would-rotate', problems: [], wouldChange: [] },
      logins: { current: { outcome: 'accepted' }, pending: { outcome: 'accepted' } },
    });
    expect(answer.wouldWrite.join()).not.toContain('PutSecretValue');
  });

  it('of one that has lost a credential: that one would be deleted', async () => {
    await bench.rotate({ secretId: ADMIN, immediately: false });
    const arn = String(bench.sandbox.secretsManager.call('DescribeSecret', { SecretId: ADMIN }).ARN);
    const marker = { token: 'a'.repeat(36), nonce: `${fingerprintOf(arn)}-1` };
    const lost = { clientId: 'lost', description: withRotationMarker('', marker), createdAt: '2020-01-01T00:00:00Z' };
    edit(([first, ...rest]) => (first ? [first, ...rest, { ...first, ...lost }] : []));
    expect((await dryRun(bench, ADMIN)).wouldDelete).toEqual(['DELETE /auth/client-credentials/lost: orphan']);
  });

  it.each<[string, string, () => void]>([
    ['belongs to a project key', 'ADMIN_CREDENTIAL_OWNED', edited({ projectKeyId: 'key-1' })],
    [
      'was made from permissions',
      'ADMIN_CREDENTIAL_WITHOUT_ROLES',
      () =>
        edited({ roleIds: [], permissionIds: [...(bench.sandbox.streamkap.settings.roles[0]?.permissions ?? [])] })(),
    ],
    ['is refused', 'ADMIN_CREDENTIAL_REFUSED', () => edit(() => [])],
  ])('of one whose current credential %s: %s', async (_state, code, bring) => {
    await bench.rotate({ secretId: ADMIN, immediately: false });
    bring();
    const answer = await dryRun(bench, ADMIN);
    expect(answer).toMatchObject({ outcome: 'would-fail', wouldChange: [] });
    expect(codesOf(answer)).toEqual([code]);
  });
});

describe('the bundle of rotate-password, asked for a dry run', () => {
  const bench = new LambdaBench('rotate-password').use();

  it.each(['single', 'alternating'] as const)('by %s reads and logs in, and changes nothing', async (strategy) => {
    seedKafkaKey(bench.sandbox, strategy);
    const environment = { ROTATION_STRATEGY: strategy };
    await bench.rotate({ secretId: SECRET, environment });
    const answer = await dryRun(bench, SECRET, environment);
    expect(answer).toMatchObject({ outcome: 'would-rotate', problems: [], wouldDelete: [] });
    expect(answer.wouldChange.at(-1)).toMatch(/^PATCH .project-keys.*kafka_password/);
  });
});
